"""What tests ask of settlements."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.frontier.ledger import Settlement


def states(settlements: Iterable[Settlement]) -> list[str]:
    """Return each as `state`, or `state/reason` where there is one."""
    return [f"{s.state}/{s.reason}" if s.reason else str(s.state) for s in settlements]
