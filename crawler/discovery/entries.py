"""What a feed, a sitemap or a section page says about one page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.listed import Listed

MOST_ENTRIES = 50_000
"""Pages that one list is read to: the limit of the sitemaps protocol. What names more is a trap, or broken."""

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_REGION = re.compile(r"[a-zA-Z]{2,3}[-_](?:[a-zA-Z]{4}[-_])?([a-zA-Z]{2})(?:[-_].*)?")
_LANGUAGE = re.compile(r"([a-zA-Z]{2,3})(?:[-_].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One listed page, or one listed sitemap."""

    url: str
    """Absolute URL, as listed."""
    changed_at: datetime | None = None
    """When it last changed, as the list says; UTC."""
    listed: Listed | None = None
    """What the list says about the article itself."""

    @property
    def dated_at(self) -> datetime | None:
        """The latest instant the list names for it; None where it names none."""
        published = self.listed.published_at if self.listed else None
        return max((instant for instant in (published, self.changed_at) if instant), default=None)

    @property
    def published_at(self) -> datetime | None:
        """When the list says it was published; None where it does not."""
        return self.listed.published_at if self.listed else None


class UnreadableListing(ValueError):
    """The answer is not a feed or sitemap; the message says what it is instead."""


def headline(text: str | None) -> str | None:
    """Return a title as one line without mark-up, which feeds carry in theirs; None where nothing is left."""
    return " ".join(_TAG.sub(" ", text or "").split()) or None


def bare_language(text: str | None) -> str | None:
    """Return the bare code of a language tag, `nl` of `nl-BE`; None where it is none (RFC 5646)."""
    match = _LANGUAGE.fullmatch((text or "").strip())
    return match[1].lower() if match else None


def region_of(text: str | None) -> str | None:
    """Return the region of a language tag in lower case, `be` of `nl-BE`; None where it names none (RFC 5646)."""
    match = _REGION.fullmatch((text or "").strip())
    return match[1].lower() if match else None


def opening(body: bytes) -> str:
    """Return how an answer begins, for a person who wonders why it is no list."""
    return repr(body[:60].decode("utf-8", "replace").strip()) if body.strip() else "an empty answer"
