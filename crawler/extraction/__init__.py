"""One page in, one Article or one Rejection out: pure, no I/O, run in worker processes."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

from crawler.article import Extractor
from crawler.extraction.page import MAX_BYTES

if TYPE_CHECKING:
    from crawler.extraction.reading import extract

__all__ = ["EXTRACTOR", "MAX_BYTES", "extract"]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # a source tree that nobody installed
        return "unknown"


EXTRACTOR = Extractor(version=_version("leesook"), trafilatura=_version("trafilatura"))
"""Which code reads pages here."""


def __getattr__(name: str) -> Any:
    """Load `extract` when somebody wants it: most processes only send it to others, and it takes half a second."""
    if name != "extract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from crawler.extraction.reading import extract

    return extract
