"""What our own commands have in common: one clear line for what went wrong, an exit status, Ctrl-C, quiet logs."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pymongo.errors import PyMongoError
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.mongodb.errors import DatabaseUnavailable
from crawler.setting_values import SettingError, check_values

if TYPE_CHECKING:
    import argparse
    from types import FrameType

T = TypeVar("T")
_CANCEL_SECONDS = 1.0
"""Until what did not end when it was cancelled is cancelled again."""
_AGAIN_SECONDS = 5.0
"""Until what did not end when a signal interrupted it is interrupted again."""
_MOST_TIMES = 8
"""How often, before the process ends without more ado. A lock that stays taken costs up to four."""
FAILED, MISUSED, INTERRUPTED, TERMINATED = 1, 2, 130, 143
EXIT_STATUSES = {
    0: "it did what was asked",
    FAILED: "it could not, or there is no database; one line on stderr says why",
    MISUSED: "a mistake in the command",
    INTERRUPTED: "Ctrl-C",
    TERMINATED: "SIGTERM",
}
"""What a status of our commands means, for the reference; where one means something else, its class says so."""


# C0 and C1 controls, which move the cursor or set the terminal's title, and the marks that turn writing direction.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def printable(text: str) -> str:
    """Return what a page, or anybody, says as one line that a terminal takes for text and for nothing else."""
    return _UNPRINTABLE.sub(" ", text).strip()


def run_interruptibly(main: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, like `asyncio.run`; Ctrl-C ends it even where it will not be cancelled.

    PyMongo, cancelled while it reads a cursor, tells the server that the cursor is done with, and waits for the answer
    of one that has gone for good: what is cancelled is cancelled again each second.
    """

    async def watched() -> T:
        running = asyncio.ensure_future(main)
        try:
            return await asyncio.shield(running)
        finally:
            while not running.done():
                running.cancel()
                await asyncio.wait({running}, timeout=_CANCEL_SECONDS)

    ours = signal.getsignal(signal.SIGINT)
    if not callable(ours):
        return asyncio.run(watched())
    # The only handler that asyncio puts its own in the place of, which cancels.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return asyncio.run(watched())
    finally:
        signal.signal(signal.SIGINT, ours)


def raising(error: Callable[[], BaseException]) -> Callable[[int, FrameType | None], None]:
    """Return a handler of a signal that raises an error, and raises it again while the process does not end.

    Where it is raised just after a lock was taken, and before the block that lets it go has begun, the lock stays
    taken. PyMongo then waits for it when a cursor or the client is closed, if need be as the interpreter ends: an
    export with a signal in its first question to the server stood still for good.
    """
    times = 0

    def handler(_signal: int, _frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times > _MOST_TIMES:
            os._exit(FAILED)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        raise error()

    return handler


def interrupted_once() -> None:
    """Have Ctrl-C and SIGTERM raise KeyboardInterrupt, and not again: for what stops a server, which takes its time."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


class CommandError(Exception):
    """The command cannot do what was asked. Its text is one sentence for a person."""


class QuietCommand(ScrapyCommand):
    """A command that prints what it was asked for on the standard output, and nothing else there.

    Subclasses write `execute`, which returns the exit status. It may raise UsageError (status 2), CommandError or
    DatabaseUnavailable (status 1): each becomes one line on stderr.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}
    exit_statuses: ClassVar[Mapping[int, str]] = EXIT_STATUSES

    @abstractmethod
    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Do the work and return the exit status."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run `execute` between signals and exceptions on one side and a person on the other."""
        # As Ctrl-C does, SIGTERM unwinds the stack: half-written files go, the embedded MongoDB stops.
        signal.signal(signal.SIGTERM, raising(lambda: SystemExit(TERMINATED)))
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, raising(KeyboardInterrupt))
        try:
            for unknown in (arg for arg in args if arg.startswith("-") and arg != "-"):
                raise UsageError(f"there is no option {unknown}")
            assert self.settings is not None
            check_values(self.settings)
            self.exitcode = self.execute(args, opts)
            sys.stdout.flush()
        except UsageError as error:
            self.exitcode = self._say(f"{error} (scrapy {self._name} -h lists the options)", MISUSED)
        except SettingError as error:
            self.exitcode = self._say(str(error), MISUSED)
        except (CommandError, DatabaseUnavailable) as error:
            self.exitcode = self._say(str(error), FAILED)
        except PyMongoError as error:
            self.exitcode = self._say(f"MongoDB was lost, or refused: {error}", FAILED)
        except BrokenPipeError:
            # The reader has seen enough (`| head`). What is still buffered would raise again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            self.exitcode = self._say("interrupted", INTERRUPTED)

    @property
    def _name(self) -> str:
        return type(self).__module__.rsplit(".", 1)[-1]

    def _say(self, message: str, status: int) -> int:
        print(f"scrapy {self._name}: {' '.join(message.split())}", file=sys.stderr)
        return status
