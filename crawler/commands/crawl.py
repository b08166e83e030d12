"""`scrapy crawl`: Scrapy's command, with a database under it, a balance sheet behind it, and an honest exit status."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import gc
import logging
import shutil
import sys
from typing import TYPE_CHECKING, ClassVar

import pymongo
from pymongo.errors import PyMongoError
from scrapy import signals
from scrapy.commands import crawl
from scrapy.exceptions import UsageError

from crawler.console import INTERRUPTED
from crawler.extensions.log_errors import LogErrors
from crawler.extensions.progress import Progress
from crawler.extensions.report import Report, asides_of
from crawler.extensions.verdict import DATABASE, EXIT_STATUSES, FAILED, USAGE, Evidence, Verdict, verdict
from crawler.extensions.watch import FirstSignal, RunWatch
from crawler.frontier.balance import Balance, agree, balance_of, close_run, run_counts
from crawler.frontier.cluster.connection import FrontierUnavailable
from crawler.frontier.cluster.connection import check as check_redis
from crawler.frontier.ledger import PageState
from crawler.frontier.parts import part_counts
from crawler.frontier.revisits import read_steps
from crawler.frontier.session import CrawlSession, part_of
from crawler.health.delivery import check_settings
from crawler.mongodb.connection import DatabaseUnavailable, OpenDatabase, open_database, target
from crawler.mongodb.problems import NO_ROOM, full_disk
from crawler.setting_values import SettingError, check_values, log_level
from crawler.sites import SiteFileError, UnknownSite
from crawler.url import load_suffixes

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

    from crawler.spiders.pages import PageSpider

_LAST_LOOK_SECONDS = 0.5
_NOISY = ("scrapy", "twisted", "pymongo", "trafilatura", "htmldate", "charset_normalizer", "asyncio", "py.warnings")


class Command(crawl.Command):
    """Runs a spider; exits 0 only when it did what was asked."""

    exit_statuses: ClassVar[dict[int, str]] = EXIT_STATUSES
    _log_errors: LogErrors | None = None
    _signal: FirstSignal

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "news | backfill [-a NAME=VALUE …] [-s NAME=VALUE …]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Run the scheduled job (news) or a one-off one (backfill)"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Run news, the scheduled job, or backfill, a one-off one, and print the balance sheet of the run. Exit "
            "status 0 only if it did what was asked. Ctrl-C lets what is under way finish, a second one stops at once."
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options; keep Scrapy's greeting out of the log unless somebody asked for a level."""
        super().process_options(args, opts)
        assert self.settings is not None
        try:
            level = log_level(self.settings)
        except SettingError as error:
            raise UsageError(str(error)) from None
        self.settings.set("LOG_LEVEL", level, priority="cmdline")
        if opts.loglevel is not None:
            opts.loglevel = level
        else:
            # A filter: levels are set anew by Scrapy just before it greets.
            logging.getLogger("scrapy.utils.log").addFilter(lambda record: record.levelno >= logging.WARNING)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check what was asked, run the spider, print the balance sheet, set the exit status."""
        if len(args) != 1:
            raise UsageError("name one spider: scrapy crawl news, or scrapy crawl backfill")
        # Here, and not above: Scrapy loads every command to find one, and no other needs these. The first looks through
        # all modules for each frame of the stack (`create_deprecated_class`): now there are few of either.
        import scrapy.core.downloader.contextfactory  # noqa: F401

        from crawler.spiders.pages import ArgumentError, PageSpider

        assert self.settings is not None
        assert self.crawler_process is not None
        try:
            spider_class = self.crawler_process.spider_loader.load(args[0])
        except KeyError:
            known = ", ".join(sorted(self.crawler_process.spider_loader.list()))
            return self._end(USAGE, f"unknown spider {args[0]!r}; there are: {known}")
        if issubclass(spider_class, PageSpider):
            try:
                check_values(self.settings)
                spider_class(**opts.spargs)
                read_steps(self.settings.getlist("REVISITS"))
                part_of(self.settings)
                check_settings(command=self.settings["HEALTH_COMMAND"], webhook=self.settings["HEALTH_WEBHOOK_URL"])
            except (ArgumentError, SiteFileError, UnknownSite, SettingError) as error:
                return self._end(USAGE, str(error))
        # On the loggers, not on the handler: a record that nobody wants is then not even made.
        for name in _NOISY:
            logging.getLogger(name).setLevel(opts.loglevel or logging.WARNING)
        # Its debug log holds every document that is written.
        logging.getLogger("pymongo").setLevel(logging.WARNING)
        # Its one warning explains a setting; the page that broke off has a line and a row of its own.
        logging.getLogger("scrapy.core.downloader.handlers").setLevel(logging.ERROR)
        try:
            if self.settings["DASK_SCHEDULER"]:
                return self._run_in_parts(spider_class(**opts.spargs))
            if redis := self.settings["FRONTIER_REDIS_URL"]:
                check_redis(redis)
            with open_database(self.settings) as database:
                self.before_crawl(database)
                for name, value in (("MONGODB_URI", database.uri), ("MONGODB_DATABASE", database.database.name)):
                    self.crawler_process.settings.set(name, value, priority="cmdline")
                runner = self.crawler_process.create_crawler(spider_class)
                runner.signals.connect(_keep_what_is_loaded, signal=signals.spider_opened)
                # Not while pages wait, and before what is loaded is kept.
                load_suffixes()
                self._signal = FirstSignal()
                # Before the crawl: the loop takes things in this order, and opening a spider takes a while.
                asyncio.get_event_loop().call_soon(self._signal.listen)
                self.crawler_process.crawl(runner, **opts.spargs)
                self.crawler_process.start()
                try:
                    self._log_errors = runner.get_extension(LogErrors)
                except RuntimeError:
                    # None was made, as one that a setting names cannot be.
                    return self._end(FAILED, "the crawl could not be started; see the log")
                self._conclude(runner, database)
        except (DatabaseUnavailable, FrontierUnavailable) as error:
            return self._end(DATABASE, str(error))
        except KeyboardInterrupt:
            return self._end(INTERRUPTED, "stopped by SIGINT before it began")
        return None

    def _run_in_parts(self, spider: Spider) -> None:
        """Have every archive read by a task of its own (`crawler.archive_tasks`)."""
        if getattr(spider, "archives", None) is not None:
            return self._end(USAGE, "DASK_SCHEDULER is for archives that are files: leave it out for those on the web")
        try:
            from crawler.archive_tasks.run import Misuse, checked, read_archives
            from crawler.archive_tasks.scheduler import SchedulerUnavailable
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("dask", "distributed"):
                raise
            return self._end(USAGE, "DASK_SCHEDULER needs the extra `cluster`: pip install 'leesook[cluster]'")
        assert self.settings is not None
        try:
            backfill = checked(spider, self.settings)
            with open_database(self.settings) as database:
                report, end = read_archives(backfill, self.settings, database)
                self.tell(report, end)
                self._index_words(backfill, database, report)
        except Misuse as error:
            return self._end(USAGE, str(error))
        except SchedulerUnavailable as error:
            return self._end(DATABASE, str(error))
        return self._end(end.exit_code, end.line if end.exit_code else "")

    def before_crawl(self, database: OpenDatabase) -> None:
        """Do what has to be done between the first contact with the database and the crawl: nothing."""

    def _conclude(self, runner: Crawler, database: OpenDatabase) -> None:
        """Put the workers and the terminal away, close the books, and say how it went."""
        from crawler.extensions.health import HealthWatch
        from crawler.spiders.pages import PageSpider

        spider, watch = runner.spider, runner.get_extension(RunWatch)
        session, progress = runner.get_extension(CrawlSession), runner.get_extension(Progress)
        if not isinstance(spider, PageSpider) or watch is None or session is None:
            return self._end(FAILED, "the crawl could not be started; see the log")
        if watch.reason is None:
            # Stopped at once: that tasks were left where they stood is no news, and asyncio says it of each.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        if progress is not None:
            progress.stop()
        spider.workers.stop()
        in_memory = balance_of(session.ledger.claimed, _with_pending(session))
        whole = session.runs.part_of
        try:
            if session.patience.away or watch.reason is None:
                # It may be gone, and then is not looked for any longer.
                with pymongo.timeout(_LAST_LOOK_SECONDS):
                    database.database.client.admin.command("ping")
            counts = (
                run_counts(database.database, session.run_id)
                if whole is None
                else part_counts(database.database, session.run_id, whole=whole)
            )
            claimed = session.ledger.claimed
            if watch.reason is None:
                # Rows that were being written when all was stopped are there, and nobody was left to be told.
                claimed = max(claimed, sum(counts.values()))
            in_mongodb = balance_of(claimed, counts)
        except PyMongoError:
            # The sheet as far as this process knows it; the next run finds the rest in the ledger.
            report = self._report(spider, watch, in_memory, balances=True)
            end = verdict(report.evidence)
            self.tell(report, end)
            return self._end(end.exit_code or DATABASE, end.line + self._want_of_room(database))
        # What other parts have done to its pages, a part does not know; whether all agree, the whole finds out.
        comparable = watch.reason is not None and whole is None
        balances = in_mongodb.balances and (not comparable or agree(in_memory, in_mongodb))
        report = self._report(spider, watch, in_mongodb, balances=balances)
        if whole is not None:
            report = dataclasses.replace(report, balance=in_memory)
        end = verdict(report.evidence)
        with contextlib.suppress(PyMongoError):
            reason = watch.reason or "stopped at once"
            close_run(
                database.database,
                session.run_id,
                in_mongodb,
                reason=reason,
                exit_code=end.exit_code,
                now=session.now(),
            )
        if health := runner.get_extension(HealthWatch):
            finished = watch.reason == "finished"
            health.conclude(spider, database.database, session.run_id, finished=finished, now=session.now())
        self.tell(report, end)
        if whole is None:
            self._index_words(spider, database, report)
        return self._end(end.exit_code, end.line if end.exit_code else "")

    def _index_words(self, spider: PageSpider, database: OpenDatabase, report: Report) -> None:
        """Make the index of words that a job which loads in bulk has left for its end, once it has got there."""
        assert self.settings is not None
        if spider.loads_in_bulk and report.evidence.came_to_its_end and self.settings.getbool("TEXT_INDEX"):
            # A command stands above both rooms.
            from pipelines.store_words import index_after_loading

            index_after_loading(database)

    def tell(self, report: Report, end: Verdict) -> None:
        """Print the balance sheet; what went wrong is said last, on stderr, where cron and a person look for it."""
        print(report.text(end))
        sys.stdout.flush()

    def _report(self, spider: PageSpider, watch: RunWatch, balance: Balance, *, balances: bool) -> Report:
        evidence = Evidence(
            reason=watch.reason,
            signal=self._signal.number,
            spider_errors=watch.spider_errors,
            item_errors=watch.item_errors,
            refused=balance.reasons.get(PageState.FAILED, {}).get("store", 0),
            pending=balance.states[PageState.PENDING],
            balances=balances,
            asked=spider.asked,
            got=spider.got,
            problems=tuple(getattr(spider, "problems", ())),
        )
        asides = asides_of(spider.crawler.stats.get_stats())
        return Report(spider=spider.name, balance=balance, evidence=evidence, asides=asides)

    def _want_of_room(self, database: OpenDatabase) -> str:
        """Return why the embedded server went away, where that is a full disk."""
        if not database.embedded or self.settings is None:
            return ""
        data_dir = target(self.settings).data_dir
        free = shutil.disk_usage(data_dir).free
        return f": {full_disk(data_dir, free)}" if free < NO_ROOM else ""

    def _end(self, exit_code: int, line: str) -> None:
        unwritten = self._log_errors
        if not exit_code and unwritten is not None and unwritten.lines:
            exit_code = FAILED
            line = f"{unwritten.lines} lines of the log could not be written ({unwritten.why}); the pages were settled"
        self.exitcode = exit_code
        if line:
            print(f"scrapy crawl: {line}", file=sys.stderr)


def _keep_what_is_loaded() -> None:
    """Take what is there when the crawl begins for good: a full collection of it stops everything else for 80 ms."""
    gc.freeze()


def _with_pending(session: CrawlSession) -> dict[tuple[str, str | None], int]:
    counts: dict[tuple[str, str | None], int] = {(str(s), r): n for (s, r), n in session.ledger.settled.items()}
    counts[(PageState.PENDING, None)] = session.ledger.claimed - sum(counts.values())
    return counts
