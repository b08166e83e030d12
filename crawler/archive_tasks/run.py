"""A backfill of archives as one run: its row in `crawls`, its tasks, and what they report in all."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError
from scrapy.settings import SETTINGS_PRIORITIES

from crawler.archive_tasks.progress import TaskProgress
from crawler.archive_tasks.reading import Reading
from crawler.archive_tasks.scheduler import LOCAL, NoAddress, check_address, connected
from crawler.article import Via
from crawler.extensions.report import Report
from crawler.extensions.verdict import Evidence, Verdict, verdict
from crawler.frontier.balance import Balance, agree, balance_of, close_run
from crawler.frontier.ledger import PageState
from crawler.frontier.parts import PART_OF, balance_of_parts
from crawler.frontier.runs import CRAWLS, Runs
from crawler.spiders.backfill import BackfillSpider

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.settings import BaseSettings

    from crawler.mongodb.connection import OpenDatabase

logger = logging.getLogger(__name__)

_OURS = ("LOG_FILE", "LOG_LEVEL", "HEALTH_COMMAND", "HEALTH_WEBHOOK_URL")
"""Settings that are those of the run, and none of its parts'."""
FINISHED = "finished"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Misuse(Exception):
    """The run cannot be what was asked for; the message names the remedy."""


def checked(spider: Spider, settings: BaseSettings) -> BackfillSpider:
    """Return the spider of a run whose archives can be read in tasks. Raises Misuse."""
    if not isinstance(spider, BackfillSpider) or spider.via is not Via.WARC:
        raise Misuse("DASK_SCHEDULER is for `scrapy crawl backfill -a warc=…`: leave it out for anything else")
    if spider.max_articles is not None:
        raise Misuse("-a max_articles does not go with DASK_SCHEDULER, whose tasks know nothing of each other")
    if settings["DASK_SCHEDULER"] != LOCAL and not settings["MONGODB_URI"]:
        raise Misuse(
            "DASK_SCHEDULER: the workers need a MongoDB that they can reach: set MONGODB_URI "
            "(the embedded one will do for DASK_SCHEDULER=local only)"
        )
    try:
        check_address(settings["DASK_SCHEDULER"])
    except NoAddress as error:
        raise Misuse(str(error)) from error
    return spider


def read_archives(spider: BackfillSpider, settings: BaseSettings, database: OpenDatabase) -> tuple[Report, Verdict]:
    """Read the archives of a backfill, each in a task; return what they report in all, and what that amounts to.

    Raises SchedulerUnavailable before anything is read.
    """
    return asyncio.run(_read(spider, settings, database))


async def _read(spider: BackfillSpider, settings: BaseSettings, database: OpenDatabase) -> tuple[Report, Verdict]:
    paths = [str(path.resolve()) for path in spider.paths]
    threads = settings.getint("EXTRACTION_WORKERS")
    async with connected(settings["DASK_SCHEDULER"], threads=threads) as client, _booked(spider, database) as runs:
        reading = Reading(client, str(runs.run_id), part_settings(settings, database, str(runs.run_id)))
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, reading.ask_to_stop, number)
        logger.info("%d archives; Dask's dashboard is at %s", len(paths), client.dashboard_link)
        with TaskProgress(files=len(paths), to_terminal=not settings["LOG_FILE"]) as progress:
            await reading.read(paths, progress)
        return _conclude(spider, database, runs, reading, files=len(paths))


def part_settings(settings: BaseSettings, database: OpenDatabase, run: str) -> dict[str, Any]:
    """Return the settings of a part: what this run was told on the command line, and where it stores."""
    told = {
        name: settings[name]
        for name in settings
        if settings.getpriority(name) == SETTINGS_PRIORITIES["cmdline"] and name not in _OURS
    }
    return told | {
        "MONGODB_URI": database.uri,
        "MONGODB_DATABASE": database.database.name,
        "PART_OF_RUN": run,
        "EXTRACTION_WORKERS": 1,
        "DASK_SCHEDULER": None,
        "METRICS_FILE": None,
    }


@contextlib.asynccontextmanager
async def _booked(spider: BackfillSpider, database: OpenDatabase) -> AsyncIterator[Runs]:
    """Give the row of this run in `crawls`, with its heart beating."""
    async with database.asynchronous() as asynchronous:
        runs = Runs(asynchronous)
        await runs.open(spider=spider.name, arguments=spider.arguments, now=datetime.now(UTC))
        over = asyncio.Event()
        heart = asyncio.ensure_future(runs.keep_beating(over))
        try:
            yield runs
        finally:
            over.set()
            await heart


def _conclude(
    spider: BackfillSpider, database: OpenDatabase, runs: Runs, reading: Reading, *, files: int
) -> tuple[Report, Verdict]:
    """Add up, and close the books."""
    parts = [done.report for done in reading.done if done.report is not None]
    try:
        balance, in_mongodb = balance_of_parts(database.database, runs.run_id), True
        consistent = _consistent(database, runs, parts, balance)
    except PyMongoError:
        # As far as the parts could tell; the next run finds the rest in the ledger.
        balance, in_mongodb, consistent = sum_of(part.balance for part in parts), False, True
    report = _report(spider.name, parts, balance, reading, consistent=consistent)
    end = verdict(report.evidence)
    if not in_mongodb and not end.exit_code:
        end = verdict(dataclasses.replace(report.evidence, reason="database-lost"))
    if unread := files - sum(part.evidence.reason == FINISHED for part in parts):
        end = dataclasses.replace(end, line=f"{end.line}; {unread} of {files} archives are not read to their end")
    with contextlib.suppress(PyMongoError):
        reason = report.evidence.reason or "stopped at once"
        now = runs.clock.now()
        close_run(database.database, runs.run_id, balance, reason=reason, exit_code=end.exit_code, now=now)
    return report, end


def _consistent(database: OpenDatabase, runs: Runs, parts: Sequence[Report], balance: Balance) -> bool:
    """Whether the parts say of all pages what the ledger says; True where one of them could say nothing any more."""
    count = database.database[CRAWLS].count_documents({PART_OF: runs.run_id})
    told = len(parts) == count and all(part.evidence.reason is not None for part in parts)
    return not told or agree(sum_of(part.balance for part in parts), balance)


def _report(name: str, parts: Sequence[Report], balance: Balance, reading: Reading, *, consistent: bool) -> Report:
    """Return the sum of what the parts report. balance: that of the ledger; consistent: with theirs."""
    evidence = [part.evidence for part in parts]
    asides: Counter[str] = Counter()
    for part in parts:
        asides.update(part.asides)
    return Report(
        spider=name,
        balance=balance,
        asides=dict(asides),
        evidence=Evidence(
            reason=_reason(evidence, reading),
            signal=reading.signal,
            spider_errors=sum(one.spider_errors for one in evidence),
            item_errors=sum(one.item_errors for one in evidence),
            refused=balance.reasons.get(PageState.FAILED, {}).get("store", 0),
            pending=balance.states[PageState.PENDING],
            balances=balance.balances and consistent and all(one.balances for one in evidence),
            asked=sum(one.asked for one in evidence) + len(reading.failed),
            got=sum(one.got for one in evidence),
            problems=(*reading.failed, *(line for one in evidence for line in one.problems)),
        ),
    )


def _reason(evidence: Sequence[Evidence], reading: Reading) -> str | None:
    """Return why the run ended, in Scrapy's words; None for an unclean stop."""
    if reading.lost is not None:
        return reading.lost
    if reading.signal is not None:
        return None if reading.at_once.is_set() else "shutdown"
    return next((one.reason for one in evidence if one.reason != FINISHED), FINISHED)


def sum_of(balances: Iterable[Balance]) -> Balance:
    """Return the sum of balances that have no page in common."""
    claimed, counts = 0, Counter[tuple[str, str | None]]()
    for balance in balances:
        claimed += balance.discovered
        for state, pages in balance.states.items():
            known = balance.reasons.get(state, {})
            counts.update({(state, reason): n for reason, n in known.items()})
            counts[state, None] += pages - sum(known.values())
    return balance_of(claimed, counts)
