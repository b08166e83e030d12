"""The archives of one run in the hands of Dask: handing them out, taking in what came of them, stopping."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import distributed
from distributed import Client, Future, KilledWorker

from crawler.archive_tasks.task import Done, Job, PartDied, read_part, stop
from crawler.console import printable
from crawler.extensions.verdict import DATABASE

if TYPE_CHECKING:
    from crawler.archive_tasks.progress import TaskProgress

logger = logging.getLogger(__name__)

_TRIES_AGAIN = 2
"""How often a file is tried again whose process died; where a worker died, Dask itself does (`allowed-failures`)."""
_STOPPING_SECONDS = 5


class Reading:
    """Reads archives, each in a task."""

    def __init__(self, client: Client, run: str, settings: Mapping[str, Any]) -> None:
        """run: `_id` of the run in `crawls`, in hex; settings: those of its parts."""
        self._client = client
        self._run = run
        self._settings = settings
        self.done: list[Done] = []
        """What came of each file that was read, or begun."""
        self.failed: list[str] = []
        """Why a file could not be read by anybody, one line each."""
        self.signal: int | None = None
        """The first signal that asked to stop."""
        self.lost: str | None = None
        """What there is no going on without, if it is gone: `database-lost` or `scheduler-lost`."""
        self.at_once = asyncio.Event()
        """Asked to stop for the second time."""
        self._futures: dict[Future[Any], str] = {}
        self._stops: set[asyncio.Task[None]] = set()

    async def read(self, paths: Sequence[str], progress: TaskProgress) -> None:
        """Read them all, or as many as there is time for until asked to stop."""
        self._client.subscribe_topic(self._run, lambda event: _hear(progress, event[1]))
        self._futures = {self._submit(number, path): path for number, path in enumerate(paths)}
        waiting = [asyncio.ensure_future(self._take(future, progress)) for future in self._futures]
        others = [asyncio.ensure_future(self.at_once.wait()), asyncio.ensure_future(progress.show(self._at_once))]
        all_taken = asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.wait((all_taken, others[0]), return_when=asyncio.FIRST_COMPLETED)
        for task in (*waiting, *others):
            task.cancel()
        await asyncio.gather(all_taken, *others, *self._stops, return_exceptions=True)
        with contextlib.suppress(distributed.CancelledError, OSError, ValueError):
            self._client.unsubscribe_topic(self._run)

    def ask_to_stop(self, signal: int) -> None:
        """Have the pages in hand finished and no others begun; asked again, stop at once."""
        again, self.signal = self.signal is not None, self.signal or signal
        logger.info("stopping at once" if again else "stopping; the pages in hand are finished first")
        self._stop(at_once=again)

    def _submit(self, number: int, path: str) -> Future[Any]:
        job = Job(run=self._run, path=path, settings=self._settings)
        key = f"{Path(path).name}-{number}-{self._run}"
        return self._client.submit(read_part, job, key=key, retries=_TRIES_AGAIN, pure=False)

    async def _take(self, future: Future[Any], progress: TaskProgress) -> None:
        path = self._futures[future]
        try:
            done: Done = await future
        except distributed.CancelledError:
            # Unless we did it ourselves.
            if self.signal is None and self.lost is None:
                self.lost = "scheduler-lost"
        except KilledWorker:
            self.failed.append(f"{path}: given up: the workers that read it died, one after the other")
        except PartDied as died:
            self.failed.append(f"{died} (tried {_TRIES_AGAIN + 1} times)")
        except ModuleNotFoundError as error:
            self.failed.append(f"a worker lacks {error.name}: install leesook[cluster] there, the same version as here")
        except Exception as error:
            # What is no fault of ours, and comes from another machine: its first line has to do.
            self.failed.append(printable(f"{path}: {type(error).__name__}: {error}")[:300])
        else:
            self.done.append(done)
            if done.report is not None:
                states = done.report.balance
                progress.pages_done(path, states.discovered - states.states["pending"])
            if done.exit_code == DATABASE and self.lost is None:
                logger.error("%s, on %s: %s", path, done.host, done.line)
                self.lost = "database-lost"
                self._stop(at_once=False)
        progress.file_done(path)

    def _stop(self, *, at_once: bool) -> None:
        task = asyncio.ensure_future(self._carry_out_stop(at_once=at_once))
        self._stops.add(task)

    async def _carry_out_stop(self, *, at_once: bool) -> None:
        with contextlib.suppress(Exception):
            # What no worker has got yet, none will.
            held = await self._client.processing()
            begun = {key for keys in held.values() for key in keys}
            await self._client.cancel([future for future in self._futures if future.key not in begun])
        with contextlib.suppress(Exception):
            tell = self._client.run(stop, self._run, at_once=at_once, on_error="ignore")
            await asyncio.wait_for(tell, _STOPPING_SECONDS)
        if at_once:
            self.at_once.set()

    async def _at_once(self) -> int | None:
        with contextlib.suppress(Exception):
            threads: Mapping[str, int] = await self._client.nthreads()
            return sum(threads.values())
        # The scheduler does not answer; whoever waits for a task finds out.
        return None


def _hear(progress: TaskProgress, said: Mapping[str, Any]) -> None:
    if "pages" in said:
        progress.pages_done(said["path"], said["pages"])
    else:
        logger.log(said["level"], "%s: %s", said["host"], printable(said["log"]))
