"""The balance sheet of a run: what it took up, and where each of those pages ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.article import RejectionReason
from crawler.frontier.ledger import PAGES, PageState
from crawler.frontier.runs import CRAWLS, DURABLE

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.database import Database

Counts = Mapping[tuple[str, str | None], int]
"""Pages by state and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The pages of one run."""

    discovered: int
    """Pages the run took up: new ones, left over ones, and those due for another visit."""
    states: dict[str, int]
    """How many of them are in each state; every state is named."""
    reasons: dict[str, dict[str, int]]
    """The same by reason, for the states that give one."""

    @property
    def balances(self) -> bool:
        """Whether every page taken up is in exactly one state."""
        return self.discovered == sum(self.states.values())


def balance_of(claimed: int, counts: Counts) -> Balance:
    """Return the balance of a run that took up `claimed` pages, of which the ledger knows `counts`."""
    states = {str(state): 0 for state in (*list(PageState)[1:], PageState.PENDING)}
    reasons: dict[str, dict[str, int]] = {}
    for (state, reason), pages in sorted(counts.items(), key=lambda item: -item[1]):
        states[state] += pages
        if reason is not None:
            reasons.setdefault(state, {})[reason] = pages
    return Balance(discovered=claimed, states=states, reasons=reasons)


def agree(in_memory: Balance, in_mongodb: Balance) -> bool:
    """Whether a run knows of its pages what MongoDB does, but for those that `scrapy forget` took meanwhile.

    in_memory: as the run settled them. Who forgets a page makes it rejected as forgotten, whatever it was.
    """
    forgotten = _forgotten(in_mongodb) - _forgotten(in_memory)
    left = {state: in_memory.states[state] - pages for state, pages in in_mongodb.states.items()}
    left[PageState.REJECTED] += forgotten
    return min(left.values()) >= 0 and sum(left.values()) == forgotten


def _forgotten(balance: Balance) -> int:
    return balance.reasons.get(PageState.REJECTED, {}).get(RejectionReason.FORGOTTEN, 0)


def run_counts(database: Database[dict[str, Any]], run_id: ObjectId) -> dict[tuple[str, str | None], int]:
    """Return how many pages of a run are in each state and reason, as MongoDB has them. Raises PyMongoError."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"run": run_id}},
        {"$group": {"_id": {"state": "$state", "reason": "$reason"}, "pages": {"$sum": 1}}},
    ]
    rows = database[PAGES].aggregate(pipeline)
    return {(row["_id"]["state"], row["_id"].get("reason")): row["pages"] for row in rows}


def close_run(
    database: Database[dict[str, Any]],
    run_id: ObjectId,
    balance: Balance,
    *,
    reason: str,
    exit_code: int,
    now: datetime,
) -> datetime | None:
    """Complete the run's row in `crawls`. Returns when the run started (UTC), None if it has no row.

    now: UTC, by the clock of the run. Raises PyMongoError.
    """
    crawls = database.get_collection(CRAWLS, write_concern=DURABLE)
    row = crawls.find_one_and_update(
        {"_id": run_id},
        {
            "$set": {
                "ended_at": now,
                "heartbeat_at": now,
                "reason": reason,
                "exit_code": exit_code,
                "discovered": balance.discovered,
                "states": balance.states,
                "reasons": balance.reasons,
                "balances": balance.balances,
            }
        },
    )
    return row["started_at"] if row else None


def sheet(balance: Balance) -> str:
    """Return the balance as a person reads it, one line a state."""
    width = max(len(str(balance.discovered)), 5)
    lines = [f"  {'discovered':<11}{balance.discovered:>{width}}"]
    for state, pages in balance.states.items():
        why = ", ".join(f"{reason} {n}" for reason, n in balance.reasons.get(state, {}).items())
        lines.append(f"  {state:<11}{pages:>{width}}   {why}".rstrip())
    total = " + ".join(str(pages) for pages in balance.states.values())
    sign = "=" if balance.balances else "≠"
    lines.append(f"  {'balance':<11}{balance.discovered:>{width}} {sign} {total}")
    return "\n".join(lines)
