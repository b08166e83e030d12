"""What a run says of itself when it is over: its balance, the evidence for its verdict, what it passed over."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crawler.extensions.verdict import Evidence, Verdict
from crawler.frontier.balance import Balance, sheet

ASIDES = {
    "pages/known": "pages already in hand or settled, and not due",
    "records/damaged": "damaged records skipped",
    "archives/known": "archives read to their end by an earlier run",
    "pages/not_a_url": "entries without a usable URL",
    "pages/out_of_scope": "listed links outside the chosen sites",
    "pages/outside_span": "articles of another time than was asked for, stored all the same",
    "listings/outside_span": "sitemaps of another time not asked for",
    "listings/failed": "feeds or sitemaps that could not be read",
}
"""Stats that a person wants to see beside the balance, and how they read behind their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run, or the sum of several."""

    spider: str
    """Name of the spider."""
    balance: Balance
    """Its pages. Of a part: what it knows to have done, in which a page is missing that another had counted before it
    settled it anew, so that only the sum of all parts makes sense."""
    evidence: Evidence
    """What its exit status rests on."""
    asides: Mapping[str, int] = field(default_factory=dict)
    """Stats of ASIDES that are not zero."""

    def text(self, end: Verdict) -> str:
        """Return the report as a person reads it; what went wrong is left to the line on stderr."""
        first = f"{self.spider}: {end.line}" if end.exit_code == 0 else f"{self.spider}:"
        asides = [f"  {self.asides[key]} {words}" for key, words in ASIDES.items() if self.asides.get(key)]
        return "\n".join([first, sheet(self.balance), *asides])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Report:
        """Return the report that `to_json` wrote. Raises KeyError, TypeError for anything else."""
        return cls(
            spider=values["spider"],
            balance=Balance(**values["balance"]),
            evidence=Evidence(**values["evidence"]),
            asides=values["asides"],
        )


def asides_of(stats: Mapping[str, Any]) -> dict[str, int]:
    """Return what of a crawl's stats stands beside its balance."""
    return {key: stats[key] for key in ASIDES if stats.get(key)}
