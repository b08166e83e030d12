"""A resolver by which every name is this machine's, as a hostile name server would have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet import defer

from crawler.politeness.perimeter import CheckedResolver


class AllHere(CheckedResolver):
    """The crawl's own resolver, but for the answers."""

    def look_up(self, name: str, timeout: Sequence[int] = ()) -> Any:
        """Return the address of the first paper."""
        return defer.succeed("127.0.0.2")
