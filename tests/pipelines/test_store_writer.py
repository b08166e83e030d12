from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient, monitoring
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from crawler.article import Failure, FailureReason
from crawler.frontier.patience import DatabaseLost, Patience, is_passing, is_refusal
from crawler.mongodb.embedded import embedded_server, serving_pid
from pipelines.store_schema import prepare
from pipelines.store_writer import MAX_BATCH, Gathering
from tests.processes import kill, standing_still
from tests.running import with_load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.article import Article
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]
    Desks = Callable[..., AbstractAsyncContextManager[Desk]]


class Commands(monitoring.CommandListener):
    """Counts what is sent to the server."""

    def __init__(self) -> None:
        self.writes: Counter[str] = Counter()
        self.journaled: set[bool] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in {"insert", "update"}:
            self.writes[f"{event.command_name} {event.command[event.command_name]}"] += 1
            self.journaled.add(event.command.get("writeConcern", {}).get("j", False))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def copies(article: Make, number: int, start: int = 0) -> list[Article]:
    return [
        article(f"https://krant.example/nieuws/{n}", text=f"Bericht nummer {n}.") for n in range(start, start + number)
    ]


class TestGroupCommit:
    async def test_what_queues_up_goes_as_one_batch(self, mongodb_uri: str, desks: Desks, article: Make) -> None:
        commands = Commands()
        async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True, event_listeners=[commands]) as client:
            await prepare(client["test_group_commit"])
            async with desks(client["test_group_commit"]) as desk:
                made = copies(article, MAX_BATCH)
                await desk.discover(*made)
                commands.writes.clear()
                commands.journaled.clear()
                await asyncio.gather(*map(desk.writer.write, made))
                assert commands.writes == {"insert articles": 1, "update pages": 1}
                assert commands.journaled == {True}
                assert desk.writer.batches == 1
            await client.drop_database("test_group_commit")

    async def test_next_batch_forms_while_one_is_written(self, desk: Desk, article: Make) -> None:
        made = copies(article, 60)
        await desk.discover(*made)
        writes = [asyncio.ensure_future(desk.writer.write(one)) for one in made[:20]]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        writes += [asyncio.ensure_future(desk.writer.write(one)) for one in made[20:]]
        await asyncio.gather(*writes)
        assert desk.writer.batches == 2

    async def test_a_single_outcome_does_not_wait_for_others(self, desk: Desk, article: Make) -> None:
        await desk.discover(article())
        started = time.monotonic()
        await desk.writer.write(article())
        assert time.monotonic() - started < with_load(1)

    async def test_a_batch_waits_for_more(
        self, prepared: AsyncDatabase[Mapping[str, Any]], desks: Desks, article: Make
    ) -> None:
        made = copies(article, 23)
        async with desks(prepared, gathering=Gathering(longest=3600, pause=3600, enough=20)) as desk:
            await desk.discover(*made)
            writes = []
            for one in made[:20]:
                assert not any(write.done() for write in writes)
                writes.append(asyncio.ensure_future(desk.writer.write(one)))
                await asyncio.sleep(0)
            # Enough, and it goes at once.
            await asyncio.gather(*writes)
            assert desk.writer.batches == 1
            late = [asyncio.ensure_future(desk.writer.write(one)) for one in made[20:]]
            await asyncio.sleep(0)
            # Nothing more will come, and it goes at once.
            assert await desk.writer.close() == 0
            assert all(write.done() for write in late)
            assert desk.writer.batches == 2

    async def test_a_batch_does_not_wait_for_ever(
        self, prepared: AsyncDatabase[Mapping[str, Any]], desks: Desks, article: Make
    ) -> None:
        async with desks(prepared, gathering=Gathering(longest=0.05, pause=3600, enough=20)) as desk:
            await desk.discover(article())
            await desk.writer.write(article())
            assert desk.writer.batches == 1

    async def test_a_batch_waits_for_no_other_where_none_comes_any_more(
        self, prepared: AsyncDatabase[Mapping[str, Any]], desks: Desks, article: Make
    ) -> None:
        made = copies(article, 4)
        async with desks(prepared, gathering=Gathering(longest=3600, pause=0.3, enough=20)) as desk:
            await desk.discover(*made)
            await asyncio.gather(*map(desk.writer.write, made))
            assert desk.writer.batches == 1

    async def test_behind_a_batch_of_one_nobody_waits_for_long(
        self, prepared: AsyncDatabase[Mapping[str, Any]], desks: Desks, article: Make
    ) -> None:
        first, second = copies(article, 2)
        async with desks(prepared, gathering=Gathering(longest=3, pause=3, enough=20)) as desk:
            await desk.discover(first, second)
            await desk.writer.write(first)
            started = time.monotonic()
            await desk.writer.write(second)
            assert time.monotonic() - started < 3

    async def test_batches_have_a_limit(self, desk: Desk, article: Make) -> None:
        await desk.store_all(*copies(article, MAX_BATCH + 1))
        assert desk.writer.batches == 2

    async def test_written_means_in_the_database(self, desk: Desk, article: Make) -> None:
        made = copies(article, 50)
        await desk.discover(*made)

        async def write_and_look(one: Article) -> bool:
            await desk.writer.write(one)
            return (await desk.document(one))["_id"] == one.id and (await desk.page(one))["state"] == "stored"

        assert all(await asyncio.gather(*map(write_and_look, made)))


class TestClosing:
    async def test_writes_what_has_queued_up(self, desk: Desk, article: Make) -> None:
        made = copies(article, 30)
        await desk.discover(*made)
        writes = [asyncio.ensure_future(desk.writer.write(one)) for one in made]
        await asyncio.sleep(0)
        assert await desk.writer.close() == 0
        assert all(write.done() for write in writes)
        assert await desk.database.articles.count_documents({}) == 30

    async def test_twice_is_once(self, desk: Desk) -> None:
        assert await desk.writer.close() == 0
        assert await desk.writer.close() == 0

    async def test_who_stopped_waiting_is_no_trouble(self, desk: Desk, article: Make) -> None:
        made = copies(article, 3)
        await desk.discover(*made)
        writes = [asyncio.ensure_future(desk.writer.write(one)) for one in made]
        await asyncio.sleep(0)
        writes[1].cancel()
        await asyncio.gather(*writes, return_exceptions=True)
        assert await desk.database.articles.count_documents({}) == 3


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[OwnServer]:
    """Give a mongod that a test may do to what it likes."""
    with ExitStack() as stack:
        yield OwnServer(tmp_path, stack)


class OwnServer:
    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self.uri = stack.enter_context(embedded_server(directory)).uri

    @property
    def pid(self) -> int:
        pid = serving_pid(self._directory)
        assert pid is not None
        return pid

    async def kill(self) -> None:
        await asyncio.to_thread(kill, self.pid)
        assert serving_pid(self._directory) is None

    async def start(self) -> None:
        server = await asyncio.to_thread(self._stack.enter_context, embedded_server(self._directory))
        assert server.uri == self.uri

    def client(self) -> AsyncMongoClient[Any]:
        return AsyncMongoClient(self.uri, tz_aware=True, serverSelectionTimeoutMS=300)


class TestLostDatabase:
    async def test_killed_and_back_again(
        self, own_server: OwnServer, desks: Desks, article: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A mongod killed twice under load: all is written once, and what was acknowledged is there."""
        made = copies(article, 400)
        acknowledged: list[str] = []
        async with own_server.client() as client:
            await prepare(client.news)
            async with desks(client.news, patience=60) as desk:
                await desk.discover(*made)

                async def write(one: Article) -> str:
                    settlement = await desk.writer.write(one)
                    acknowledged.append(one.id)
                    return settlement.state

                async def crawl() -> list[str]:
                    return [s for n in range(0, 400, 8) for s in await asyncio.gather(*map(write, made[n : n + 8]))]

                crawling = asyncio.ensure_future(crawl())
                for moment in (60, 200):
                    while len(acknowledged) < moment:
                        await asyncio.sleep(0.001)
                    await own_server.kill()
                    before = list(acknowledged)
                    await asyncio.sleep(0.7)
                    await own_server.start()
                    # With a client of its own, which waits for the server as long as pymongo's do.
                    async with AsyncMongoClient[Any](own_server.uri) as patient:
                        stored = await patient.news.articles.count_documents({"_id": {"$in": before}})
                    assert stored == len(before)
                # A try whose answer got lost is known again: not one is taken for unchanged.
                assert Counter(await crawling) == {"stored": 400}
            assert await client.news.articles.count_documents({}) == 400
            assert await client.news.pages.count_documents({"state": "stored", "visits": 1}) >= 390
            assert await client.news.revisions.count_documents({}) == 0
        tries = [record for record in caplog.records if record.name == "crawler.frontier.patience"]
        assert tries
        assert all(record.levelno == logging.WARNING and record.exc_info is None for record in tries)
        assert all("\n" not in record.getMessage() for record in tries)

    async def test_gives_up_in_time_and_says_so_to_all(
        self, own_server: OwnServer, desks: Desks, article: Make
    ) -> None:
        made = copies(article, 30)
        async with own_server.client() as client:
            await prepare(client.news)
            async with desks(client.news, patience=1.5) as desk:
                await desk.discover(*made)
                await desk.writer.write(made[0])
                await own_server.kill()
                started = time.monotonic()
                answers = await asyncio.gather(*map(desk.writer.write, made[1:]), return_exceptions=True)
                assert 1.4 < time.monotonic() - started < 4
                assert {type(answer) for answer in answers} == {DatabaseLost}
                assert "was away for 1.5 seconds (MONGODB_WAIT)" in str(answers[0])
                assert len(desk.lost) == 1
                # Who comes later does not wait a second and a half once more.
                started = time.monotonic()
                with pytest.raises(DatabaseLost):
                    await desk.writer.write(made[0])
                assert time.monotonic() - started < 1.4
                assert await desk.writer.close() == 30
            await own_server.start()
            states = Counter([page["state"] async for page in client.news.pages.find()])
            assert states["stored"] == 1
            assert states["pending"] == 29

    async def test_a_server_that_hangs_is_given_up_too(
        self, own_server: OwnServer, desks: Desks, article: Make
    ) -> None:
        async with own_server.client() as client:
            await prepare(client.news)
            async with desks(client.news, patience=1.5) as desk:
                await desk.store_all(article())
                with standing_still(own_server.pid):
                    started = time.monotonic()
                    with pytest.raises(DatabaseLost):
                        await desk.writer.write(Failure(requested_url="https://a.example/", reason=FailureReason.DNS))
                    assert time.monotonic() - started < 6
            await Patience(30).ask(lambda: client.admin.command("ping"))

    async def test_closing_does_not_hang_without_a_server(
        self, own_server: OwnServer, desks: Desks, article: Make
    ) -> None:
        async with own_server.client() as client:
            await prepare(client.news)
            async with desks(client.news, patience=1.0) as desk:
                await desk.discover(article())
                await own_server.kill()
                write = asyncio.ensure_future(desk.writer.write(article()))
                await asyncio.sleep(0)
                assert await asyncio.wait_for(desk.writer.close(), timeout=5) == 1
                assert isinstance(write.exception(), DatabaseLost)
            # A client that is closed while it tries to connect leaves its socket open (PyMongo 4.20).
            await own_server.start()
            await Patience(30).ask(lambda: client.admin.command("ping"))

    async def test_primary_steps_down(self, own_server: OwnServer, desks: Desks, article: Make) -> None:
        made = copies(article, 40)
        async with own_server.client() as client:
            await prepare(client.news)
            async with desks(client.news, patience=30) as desk:
                await desk.discover(*made)
                writes = asyncio.gather(*map(desk.writer.write, made[:20]))
                await client.admin.command({"replSetStepDown": 1, "force": True})
                settled = [*await writes, *await asyncio.gather(*map(desk.writer.write, made[20:]))]
                assert Counter(s.state for s in settled) == {"stored": 40}


def bulk_error(**details: Any) -> BulkWriteError:
    return BulkWriteError({"writeErrors": [], "writeConcernErrors": [], **details})


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (AutoReconnect("connection closed"), True),
        (NetworkTimeout("timed out"), True),
        (ServerSelectionTimeoutError("No servers"), True),
        (OperationFailure("stepped down", 189), True),
        (OperationFailure("disk full", 14031), True),
        (OperationFailure("no such command", 59), False),
        (OperationFailure("not allowed", 13), False),
        (bulk_error(writeConcernErrors=[{"code": 91}]), True),
        (bulk_error(writeErrors=[{"index": 0, "code": 14031}]), True),
        (bulk_error(writeErrors=[{"index": 0, "code": 121}]), False),
    ],
)
def test_what_may_pass(error: Any, passing: bool) -> None:
    assert is_passing(error) is passing


def test_what_is_refused_for_good() -> None:
    assert is_refusal(OperationFailure("not authorized", 13))
    assert is_refusal(OperationFailure("Authentication failed", 18))
    assert not is_refusal(OperationFailure("stepped down", 189))
