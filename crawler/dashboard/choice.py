"""What a reader of the article list asked for, from the query string and back. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from crawler.article import Kind

MAX_SEARCH = 200
"""Characters of a search; what is longer is cut."""

_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
_SITE = re.compile(r"[\w.:\[\]-]{1,255}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_KEY = re.compile(r"[0-9a-f]{24}")
_PAYWALLS, _REPEATS, _LINKS = ("free", "closed"), ("hide", "only"), ("yes", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An article's place in the list, which is by publication, the newest first: what comes next stands behind it."""

    published_at: datetime | None
    """When the article was published, UTC; the undated come last."""
    id: str
    """Its `_id`, which decides between two of one instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which articles are wanted. An empty field wants all."""

    q: str = ""
    """Words to be found in title, lead and text."""
    site: str = ""
    """Registrable domain."""
    language: str = ""
    """ISO 639 code."""
    since: str = ""
    """Published on this day or in this month (`2026-01-31`, `2026-01`), or later."""
    until: str = ""
    """Published on this day or in this month, or earlier."""
    kind: str = ""
    """As in crawler.article.Kind."""
    paywall: str = ""
    """`free`: neither declared nor cut off; `closed`: either."""
    repeats: str = ""
    """`hide`: only what repeats no earlier article; `only`: only what does."""
    links: str = ""
    """`yes`: with read-also links; `no`: without."""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for at all."""
        return any(getattr(self, field.name) for field in fields(self))

    def query(self, **changes: str) -> str:
        """Return the query string that asks for this, with some fields (or `after`, `before`) changed."""
        names = {field.name for field in fields(self)}
        changed = replace(self, **{name: value for name, value in changes.items() if name in names})
        pairs = [(field.name, getattr(changed, field.name)) for field in fields(self)]
        pairs += [(name, value) for name, value in changes.items() if name not in names]
        return urlencode([(name, value) for name, value in pairs if value])


def choice_of(parameters: Mapping[str, str]) -> tuple[Choice, tuple[str, ...]]:
    """Return what the parameters of a request ask for, and a sentence for each that is not understood and left out.

    Every value is taken for text: none becomes an operator or a pattern of MongoDB.
    """
    problems = []

    def one_of(name: str, allowed: tuple[str, ...]) -> str:
        value = parameters.get(name, "").strip()
        if value and value not in allowed:
            problems.append(f"“{value[:40]}” is no choice for {name}: {', '.join(allowed)}.")
            return ""
        return value

    def matching(name: str, pattern: re.Pattern[str], what: str) -> str:
        value = parameters.get(name, "").strip().lower()
        if value and not pattern.fullmatch(value):
            problems.append(f"“{value[:40]}” is not {what}.")
            return ""
        return value

    def date(name: str) -> str:
        value = parameters.get(name, "").strip()
        if value and span_of(value) is None:
            problems.append(f"“{value[:40]}” is not a date: write 2026-01-31, or 2026-01.")
            return ""
        return value

    words = " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", parameters.get("q", "")).split())
    chosen = Choice(
        q=words[:MAX_SEARCH],
        site=matching("site", _SITE, "a site"),
        language=matching("language", _LANGUAGE, "a language code"),
        since=date("since"),
        until=date("until"),
        kind=one_of("kind", tuple(str(kind) for kind in Kind)),
        paywall=one_of("paywall", _PAYWALLS),
        repeats=one_of("repeats", _REPEATS),
        links=one_of("links", _LINKS),
    )
    first, last = span_of(chosen.since), span_of(chosen.until)
    if first and last and first[0] >= last[1]:
        problems.append(f"{chosen.since} is later than {chosen.until}: nothing can lie between them.")
    return chosen, tuple(problems)


def span_of(text: str) -> tuple[datetime, datetime] | None:
    """Return the first instant of a day or a month and the first one after it, in UTC; None for anything else."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    try:
        start = datetime(int(found[1]), int(found[2]), int(found[3] or 1), tzinfo=UTC)
        if found[3]:
            return start, start + timedelta(days=1)
        return start, (start + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        return None


def encoded(place: Place) -> str:
    """Return a place as it stands in an address."""
    at = "" if place.published_at is None else str(round(place.published_at.timestamp() * 1000))
    return base64.urlsafe_b64encode(f"{at}.{place.id}".encode()).decode().rstrip("=")


def place_of(text: str) -> Place | None:
    """Return the place that `encoded` wrote; None for anything else."""
    try:
        at, _, key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(".")
        if not _KEY.fullmatch(key):
            return None
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(at)) if at else None
        return Place(published_at=instant, id=key)
    except (ValueError, OverflowError, binascii.Error):
        return None


def conditions(chosen: Choice) -> list[dict[str, Any]]:
    """Return the filters for `articles` that a choice means, apart from its words."""
    found: list[dict[str, Any]] = []
    if chosen.site:
        found.append({"site": chosen.site})
    if chosen.language:
        found.append({"language": chosen.language})
    if first := span_of(chosen.since):
        found.append({"published_at": {"$gte": first[0]}})
    if last := span_of(chosen.until):
        found.append({"published_at": {"$lt": last[1]}})
    if chosen.kind:
        found.append({"kind": chosen.kind})
    if chosen.paywall == "free":
        found.append({"paywall.declared": False, "paywall.truncated": False})
    elif chosen.paywall == "closed":
        found.append({"$or": [{"paywall.declared": True}, {"paywall.truncated": True}]})
    if chosen.repeats:
        found.append({"duplicate_of": None if chosen.repeats == "hide" else {"$type": "string"}})
    if chosen.links:
        found.append({"related.0": {"$exists": chosen.links == "yes"}})
    return found
