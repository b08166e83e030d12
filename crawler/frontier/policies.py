"""The collection `policies`: the files by which hosts say what a crawler may do, kept between runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crawler.frontier.runs import CLOCKS_APART

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

POLICIES = "policies"


class PolicyState(StrEnum):
    """What came of asking for a policy file."""

    FOUND = "found"
    """There is one."""
    ABSENT = "absent"
    """There is none (4xx)."""
    UNREACHABLE = "unreachable"
    """Whether there is one cannot be told: a server error, no answer, an endless one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy file, as last asked for."""

    url: str
    """Its URL; `_id` of its row."""
    state: PolicyState
    """What came of it."""
    text: str = ""
    """The file, as far as it is read."""
    detail: str = ""
    """What was the matter, where it is unreachable."""
    etag: str | None = None
    """Validator for the next conditional request (RFC 9110)."""
    last_modified: str | None = None
    """The other validator."""
    failures: int = 0
    """How often in a row it was unreachable."""
    asked_at: datetime
    """When it was asked for, UTC."""
    expires_at: datetime
    """When it is asked for again, UTC."""

    def holds(self, now: datetime, *, longest: timedelta) -> bool:
        """Whether it need not be asked for again. now: UTC.

        longest: what lies further ahead was written before a clock was set back.
        """
        return now < self.expires_at <= now + longest + CLOCKS_APART


class Policies:
    """The rows of `policies`. Not journaled: what a crash forgets is asked for again."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]]) -> None:
        self._rows = database[POLICIES]

    async def get(self, url: str) -> Policy | None:
        """Return what is known of a policy file."""
        row = await self._rows.find_one({"_id": url})
        if row is None:
            return None
        fields = {name: value for name, value in row.items() if name in Policy.__dataclass_fields__}
        return Policy(**{**fields, "url": url, "state": PolicyState(row["state"])})

    async def keep(self, policy: Policy) -> None:
        """Write down what is known now."""
        row = {name: getattr(policy, name) for name in Policy.__dataclass_fields__ if name != "url"}
        await self._rows.replace_one({"_id": policy.url}, row, upsert=True)
