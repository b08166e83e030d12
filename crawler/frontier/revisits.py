"""When a page is looked at again: a few times while it is fresh, more often where a site changes its articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from crawler.setting_values import SettingError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

RHYTHMS = "rhythms"
"""One row per site: of how many articles looked at again the text had changed."""

_USUAL_SHARE, _USUAL_WEIGHT = 0.2, 10.0
"""What a site is taken for before anything is known of it: one look in five finds a change; so many looks' worth."""
_MEMORY = 0.995
"""What an earlier look weighs after one more: a few hundred looks decide."""
_DENSEST, _WIDEST = 0.5, 4.0
_DAY = timedelta(days=1)


def read_steps(values: Sequence[str]) -> tuple[timedelta, ...]:
    """Return the ages that the setting REVISITS names in seconds. Raises SettingError."""
    remedy = "give ages in seconds, each above the one before, as in 3600,21600,86400,604800; or 0 for every run"
    try:
        steps = tuple(timedelta(seconds=float(value)) for value in values)
    except (ValueError, OverflowError) as error:
        raise SettingError(f"REVISITS: {error}; {remedy}") from error
    if steps != (timedelta(),) and any(b <= a for a, b in zip((timedelta(), *steps), steps, strict=False)):
        raise SettingError(f"REVISITS={','.join(values)}: not rising from above 0; {remedy}")
    return steps


def stretch(looks: float, changes: float) -> float:
    """Return by how much a site's ages are stretched, given how many looks at its articles found a change.

    1 where one in five does, 0.5 at the least, 4 where nothing ever changes: the wanted gap goes with the square root
    of the time between changes, which is what makes the most of a fixed number of looks.
    """
    share = (changes + _USUAL_SHARE * _USUAL_WEIGHT) / (looks + _USUAL_WEIGHT)
    return float(min(max((_USUAL_SHARE / share) ** 0.5, _DENSEST), _WIDEST))


def fresh_since(known: datetime | None, *, seen: datetime, published: datetime | None) -> datetime:
    """Return from when a page's age counts: its first visit, or its publication if that was a day or more before.

    Within a day the first visit counts, since many a paper dates its articles at midnight. All in UTC.
    """
    first = min(known or seen, seen)
    return published if published is not None and published <= first - _DAY else first


def next_visit(
    steps: Sequence[timedelta], *, fresh_at: datetime, now: datetime, factor: float, changed: bool
) -> datetime | None:
    """Return when a page visited `now` is to be visited next; None: never again, unless it is still listed.

    At the next of the ages `steps` times `factor`, counted from `fresh_at`, that is not just about to come; after a
    change already after the first of them again. All in UTC.
    """
    if not steps:
        return None
    if steps[-1] == timedelta():
        return now
    ages = [step * factor for step in steps]
    due = next((fresh_at + age for age in ages if fresh_at + age >= now + ages[0] / 2), None)
    if changed and fresh_at + ages[-1] >= now:
        again = now + ages[0]
        due = min(due, again) if due else again
    return due


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page that has just been settled, as far as its next visit depends on it."""

    page_id: str
    """`_id` of its row in `pages`."""
    site: str
    """Registrable domain."""
    at: datetime
    """When it was settled, UTC."""
    fresh_at: datetime | None
    """`fresh_at` of its row, if it had one."""
    published_at: datetime | None
    """When its article was published, as far as it is known."""
    known: bool
    """An article was known to be there before."""
    changed: bool
    """There was one, and it has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """What is written into the row of a page beside its state."""

    fresh_at: datetime
    """From when its age counts, UTC."""
    next_visit_at: datetime | None
    """When it is due again, UTC; null: not by itself."""


@dataclass(slots=True)
class _Rhythm:
    looks: float = 0.0
    changes: float = 0.0

    def learn(self, *, changed: bool) -> None:
        self.looks = self.looks * _MEMORY + 1
        self.changes = self.changes * _MEMORY + changed


class Revisits:
    """Makes the appointments of a run, and learns from its visits how each site treats its articles."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]], steps: Sequence[timedelta]) -> None:
        """steps: ages at which a fresh page is looked at again; a single zero: at every run."""
        self._rhythms = database[RHYTHMS]
        self.steps = tuple(steps)
        self._known: dict[str, _Rhythm] = {}

    @property
    def listed_after(self) -> timedelta | None:
        """After how long a page that is still listed is due once more; None: never."""
        return self.steps[-1] if self.steps else None

    @property
    def furthest(self) -> timedelta:
        """How far ahead an appointment can lie; what lies further was made before a clock was set back."""
        return self.steps[-1] * _WIDEST if self.steps else timedelta()

    async def appointments(self, visits: Sequence[Visit]) -> dict[str, Appointment]:
        """Return the next visit of each page, after learning from these. Raises PyMongoError."""
        await self._recall({visit.site for visit in visits})
        await self._learn([visit for visit in visits if visit.known])
        made = {}
        for visit in visits:
            rhythm = self._known[visit.site]
            fresh_at = fresh_since(visit.fresh_at, seen=visit.at, published=visit.published_at)
            due = next_visit(
                self.steps,
                fresh_at=fresh_at,
                now=visit.at,
                factor=stretch(rhythm.looks, rhythm.changes),
                changed=visit.changed,
            )
            made[visit.page_id] = Appointment(fresh_at=fresh_at, next_visit_at=due)
        return made

    async def _recall(self, sites: set[str]) -> None:
        if unknown := sites - self._known.keys():
            async for row in self._rhythms.find({"_id": {"$in": sorted(unknown)}}):
                self._known[row["_id"]] = _Rhythm(row["looks"], row["changes"])
            for site in unknown:
                self._known.setdefault(site, _Rhythm())

    async def _learn(self, looks: Sequence[Visit]) -> None:
        taught: dict[str, list[bool]] = {}
        for visit in looks:
            self._known[visit.site].learn(changed=visit.changed)
            taught.setdefault(visit.site, []).append(visit.changed)
        if taught:
            await self._rhythms.bulk_write([_lesson(*lesson) for lesson in taught.items()], ordered=False)


def _lesson(site: str, looks: Sequence[bool]) -> UpdateOne:
    """Return the write that adds looks to what all runs know of a site; several runs may teach at once."""
    taught = _Rhythm()
    for changed in looks:
        taught.learn(changed=changed)
    keep = _MEMORY ** len(looks)

    def sum_of(name: str, more: float) -> dict[str, Any]:
        return {"$add": [{"$multiply": [{"$ifNull": [f"${name}", 0.0]}, keep]}, more]}

    change = {"looks": sum_of("looks", taught.looks), "changes": sum_of("changes", taught.changes)}
    return UpdateOne({"_id": site}, [{"$set": change}], upsert=True)
