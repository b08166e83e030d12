"""What the type of a field does not say: the form of its value, for validation and MongoDB's schema alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_KEY = "^[0-9a-f]{24}$"
_WEB = "^https?://[^/?#\\s]+"
_VISIBLE = "\\S"
_CODE = "^[a-z]{2,3}$"
_SIGNATURE = "^[A-Za-z0-9+/]{683}=$"
_BAND = "^(?:[0-9a-f]{10}|[0-9a-f]{24})$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The form of one value, in the words of JSON Schema; null is always allowed where the field's type allows it."""

    pattern: str | None = None
    """Regular expression that must be found in a string, in the words that Python and MongoDB (PCRE) share."""
    minimum: float | None = None
    """Smallest number."""
    maximum: float | None = None
    """Largest number."""

    def as_schema(self) -> dict[str, Any]:
        """Return the rule as keywords of `$jsonSchema`."""
        words = {"pattern": self.pattern, "minimum": self.minimum, "maximum": self.maximum}
        return {word: value for word, value in words.items() if value is not None}


RULES: dict[str, Rule] = {
    "id": Rule(pattern=_KEY),
    "url": Rule(pattern=_WEB),
    "fetched_url": Rule(pattern=_WEB),
    "aliases[]": Rule(pattern=_WEB),
    "site": Rule(pattern=_VISIBLE),
    "date": Rule(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$"),
    "published_offset": Rule(minimum=-18 * 60, maximum=18 * 60),
    "title": Rule(pattern=_VISIBLE),
    "image.url": Rule(pattern=_WEB),
    "language": Rule(pattern=_CODE),
    "language_confidence": Rule(minimum=0, maximum=1),
    "body[].text": Rule(pattern=_VISIBLE),
    "body[].level": Rule(minimum=2, maximum=6),
    "text": Rule(pattern=_VISIBLE),
    "related[].title": Rule(pattern=_VISIBLE),
    "related[].url": Rule(pattern=_WEB),
    "related[].article_id": Rule(pattern=_KEY),
    "word_count": Rule(minimum=0),
    "content_hash": Rule(pattern=_KEY),
    "signature": Rule(pattern=_SIGNATURE),
    "bands[]": Rule(pattern=_BAND),
    "duplicate_of": Rule(pattern=_KEY),
    "similarity": Rule(minimum=0, maximum=1),
    "revision": Rule(minimum=1),
    "fetch.requested_url": Rule(pattern=_WEB),
    "fetch.status": Rule(minimum=100, maximum=599),
    "fetch.bytes": Rule(minimum=0),
}
"""Rule of each field that has one, by its path in the Article; `[]` stands for each element of a list."""
