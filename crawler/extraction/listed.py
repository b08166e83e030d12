"""What a feed or sitemap said about a page, put where the page itself says nothing. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from crawler.article import DateSource
from crawler.extraction.dates import Instant, plausible

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.extraction.metadata import Metadata
    from crawler.listed import Listed

_GUESSES = (DateSource.URL, DateSource.HTMLDATE)
"""Evidence for a date that is weaker than a publisher's own list: the address, and what looks like a date."""


def completed(found: Metadata, listed: Listed | None, *, now: datetime) -> Metadata:
    """Return what is known of an article, gaps filled from what a list says of it; `now` (UTC) tells the future."""
    if listed is None:
        return found
    instant = _instant(listed)
    dated = found.published is not None and found.published.source not in _GUESSES
    return dataclasses.replace(
        found,
        title=found.title or listed.title,
        authors=found.authors or listed.authors,
        language=found.language or listed.language,
        published=instant if not dated and instant and plausible(instant, now) else found.published,
    )


def _instant(listed: Listed) -> Instant | None:
    if listed.published_at is None or listed.published_precision is None:
        return None
    return Instant(
        at=listed.published_at,
        offset=listed.published_offset,
        precision=listed.published_precision,
        source=listed.source,
    )
