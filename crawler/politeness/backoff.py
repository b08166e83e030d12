"""How long a host is left alone that fails or refuses. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 1.0
"""Seconds after a first failure; doubled with every further one in a row."""
FIRST_REFUSAL = 5.0
"""Seconds after a 429 or 503 that names no time; doubled as well."""
FIRST_LEAVE, LONGEST_LEAVE = 600.0, 86_400.0
"""Seconds for which a host that keeps failing is left, at first and at most."""

REFUSALS = frozenset({429, 503})
"""Statuses by which a host asks to be left alone for a while."""
FAULTS = frozenset({500, 502, 504, 520, 521, 522, 523, 524, 525, 526, 530})
"""Statuses that say that the host, or what stands before it, is not well."""


def retry_after_seconds(value: str | None, *, now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks to wait, given as seconds or as an HTTP date; None if neither.

    RFC 9110, 10.2.3. now: UTC.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), 1e9)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def pause_after(failures: int, *, refused: bool, limit: int) -> float:
    """Return the seconds to leave a host alone that failed or refused `failures` times in a row.

    Up to `limit` failures the pause doubles from a second (five where it refused); from then on the host is left for
    good, for ten minutes and twice as long each time, a day at most. limit 0: failures are not waited out.
    """
    doubled = max(min(failures, 30) - 1, 0)
    if refused:
        return min(FIRST_REFUSAL * 2.0**doubled, LONGEST_LEAVE)
    if not limit:
        return 0.0
    if failures < limit:
        return min(FIRST_PAUSE * 2.0**doubled, FIRST_LEAVE)
    return min(FIRST_LEAVE * 2.0 ** min(failures - limit, 30), LONGEST_LEAVE)
