"""A page somebody kept: what a backfill reads without a download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """A page somebody kept, ready to be read without a download."""

    url: str
    """The URL it was fetched from."""
    body: bytes
    """The page."""
    headers: Mapping[str, str]
    """HTTP headers kept with it."""
    status: int
    """HTTP status kept with it; 200 where none was."""
    at: datetime | None
    """When it was fetched, UTC."""
    found_on: str
    """The file it stands in."""
    offset: int | None = None
    """Where in that file, in bytes, where a later run may go on from there."""
