"""Reading a page as work that is sent to a worker: who sends it loads no extraction, and the worker no Scrapy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawler.article import Outcome


def read_page(html: bytes, url: str, **known: Any) -> Outcome:
    """Return what extraction makes of a page. known: what `extract` takes beside these."""
    from crawler.extraction import extract

    return extract(html, url, **known)
