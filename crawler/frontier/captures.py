"""What archives hold of a page: several captures, each dealt with once, while the page keeps one row and one state.

The row of a page knows the instant of the capture in hand (`capture`) and of those dealt with before (`captures`). By
its URL and its instant (WARC-Target-URI and WARC-Date) a record is known again, in whatever file it stands.

Parts of one run (`frontier.parts`) that come upon captures of the same page deal with them one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from crawler.article import RejectionReason
from crawler.frontier.ledger import Discovery, Ledger, PageState, Ticket, insertion, taking

if TYPE_CHECKING:
    from bson import ObjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A page as an archive holds it."""

    found: Discovery
    """Its URL, and the file it stands in."""
    at: datetime | None
    """When it was captured, UTC; null where the archive does not say: then it counts only if it is the first."""
    offset: int | None = None
    """Where its record starts in that file, in bytes; null where nobody needs to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of captures that were asked for; the others have been dealt with before."""

    tickets: Sequence[Ticket]
    """For those that are to be read now."""
    in_hand: frozenset[str]
    """Pages of which this run, or another part of it, reads another capture: to be asked for again afterwards."""
    elsewhere: frozenset[str]
    """Pages in the balance of another run that is at work: for a later run."""


class Captures:
    """The captures of one run."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._again: dict[ObjectId, dict[str, tuple[PageState, str | None]]] = {}

    async def take(self, captures: Sequence[Capture], *, now: datetime, claim: ObjectId) -> Taken:
        """Write down the URL of each capture, and take up the pages whose capture has not been dealt with.

        captures: of each page one. now: UTC; claim: as in `Ledger.discover`. A page counts once in the balance of a
        run, however many of its captures are read, and by however many parts: with its last state. Raises PyMongoError.
        """
        ledger = self._ledger
        asked = {capture.found.page_id: capture for capture in captures}
        if not asked:
            return Taken(tickets=(), in_hand=frozenset(), elsewhere=frozenset())
        at = {key: milliseconds(capture.at) for key, capture in asked.items()}
        held = ledger.held(claim)
        # What nobody has come upon yet, which is most of what archives hold, is in hand with that.
        await ledger.pages.bulk_write(
            [insertion(key, c.found, now, held=held | _what_is_read(c)) for key, c in asked.items()],
            ordered=False,
        )
        found = await ledger.pages.find({"_id": {"$in": list(at)}}).to_list()
        rows = [row for row in found if not is_dealt_with(row, at[row["_id"]])]
        # Not the cached list of the living: parts start together, and have the same pages.
        me = ledger.runs.run_id
        alive = await ledger.runs.alive({row[name] for row in rows for name in ("run", "part") if row.get(name)})
        again = self._again.setdefault(claim, {})
        in_hand, elsewhere, writes = set[str](), set[str](), dict[str, UpdateOne]()
        for row in rows:
            key, pending, own = row["_id"], row["state"] == PageState.PENDING, row["run"] == ledger.run_id
            holder = row.get("part") or row["run"] if pending and row["run"] else None
            if not own and not alive.isdisjoint({row["run"], holder}):
                elsewhere.add(key)
            elif own and row["claim"] != claim and holder in {me, *alive}:
                in_hand.add(key)
            elif not (own and pending and row["claim"] == claim and row.get("capture") == at[key]):
                writes[key] = _taking(row, asked[key], held=held, now=now)
                if own and not pending:
                    again[key] = PageState(row["state"]), row.get("reason")
        if writes:
            await ledger.pages.bulk_write(list(writes.values()), ordered=False)
        tickets = await ledger.tickets(claim, again=again)
        # Only now: where the answer got lost, the next try must know what the first one has put in hand.
        del self._again[claim]
        # Somebody else was quicker.
        in_hand |= writes.keys() - {ticket.page_id for ticket in tickets}
        return Taken(tickets=tickets, in_hand=frozenset(in_hand), elsewhere=frozenset(elsewhere))


def is_dealt_with(row: Mapping[str, Any], capture: datetime | None) -> bool:
    """Whether a capture of a page has been settled, or may not be read at all, given the page's row in `pages`."""
    if row.get("reason") == RejectionReason.FORGOTTEN:
        return True
    settled = bool(row["state"] != PageState.PENDING)
    if capture is None:
        return settled
    return capture in (row.get("captures") or ()) or (settled and capture == row.get("capture"))


def _taking(
    row: Mapping[str, Any],
    capture: Capture,
    *,
    held: Mapping[str, Any],
    now: datetime,
) -> UpdateOne:
    """Return the write that puts a capture in hand, if the row is still what it was. held: as `Ledger.held` says."""
    change = taking(held, now=now)
    change["$set"] |= _what_is_read(capture)
    if capture.offset is None:
        change["$unset"]["record"] = ""
    if row["run"] == held["run"] and "counted" in row:
        # By another part of the same run, or an earlier try of this one.
        change["$set"]["counted"] = row["counted"]
    if row["state"] != PageState.PENDING and row.get("capture") is not None:
        change["$addToSet"] = {"captures": row["capture"]}
    return UpdateOne({name: row[name] for name in ("_id", "state", "run", "claim")}, change)


def _what_is_read(capture: Capture) -> dict[str, Any]:
    """Return the fields that say which capture of a page is in hand, and where its record stands."""
    read: dict[str, Any] = {"capture": milliseconds(capture.at)}
    if capture.offset is not None:
        read["record"] = {"file": capture.found.found_on, "offset": capture.offset}
    return read


def milliseconds(instant: datetime | None) -> datetime | None:
    """Return an instant as MongoDB keeps it."""
    return instant and instant.replace(microsecond=instant.microsecond // 1000 * 1000)
