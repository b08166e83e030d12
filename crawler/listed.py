"""What a list says about a page: carried by the request, kept in the ledger, used when the page is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawler.article import DatePrecision, DateSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a feed or a news sitemap says about one page. It fills what the page itself lacks, and nothing else."""

    source: DateSource
    """`feed` or `sitemap`."""
    title: str | None = None
    """Headline."""
    authors: tuple[str, ...] = ()
    """Names in order."""
    published_at: datetime | None = None
    """Instant of publication, UTC; never that of a later change."""
    published_offset: int | None = None
    """The publisher's offset from UTC in minutes; None where none is named."""
    published_precision: DatePrecision | None = None
    """How exact it is; None only where there is no instant."""
    language: str | None = None
    """A bare lower-case code."""


def to_row(listed: Listed) -> dict[str, Any]:
    """Return it as the ledger keeps it: only what is known."""
    fields = {
        "source": str(listed.source),
        "title": listed.title,
        "authors": list(listed.authors),
        "published_at": listed.published_at,
        "published_offset": listed.published_offset,
        "published_precision": str(listed.published_precision) if listed.published_precision else None,
        "language": listed.language,
    }
    return {name: value for name, value in fields.items() if value not in (None, [])}


def from_row(row: Mapping[str, Any] | None) -> Listed | None:
    """Return what a row of the ledger keeps; None where it keeps nothing."""
    if not row:
        return None
    precision = row.get("published_precision")
    return Listed(
        source=DateSource(row["source"]),
        title=row.get("title"),
        authors=tuple(row.get("authors", ())),
        published_at=row.get("published_at"),
        published_offset=row.get("published_offset"),
        published_precision=DatePrecision(precision) if precision else None,
        language=row.get("language"),
    )
