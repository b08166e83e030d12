"""The index of words, made when a job that loads in bulk is done: waited for, unless somebody has no time for it."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError

from crawler.console import printable, run_interruptibly
from pipelines.store_schema import SchemaError, index_words

if TYPE_CHECKING:
    from crawler.mongodb.connection import OpenDatabase

logger = logging.getLogger(__name__)


def index_after_loading(opened: OpenDatabase) -> None:
    """Make the text index if there is none. Raises nothing: what is stored is stored, and the next crawl makes it.

    SIGINT and SIGTERM end it; for the main thread, after the event loop of a crawl, whose handlers go.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        run_interruptibly(_made(opened))
    except KeyboardInterrupt:
        logger.warning(
            "The index of words is not waited for any longer: MongoDB goes on with it, or the next crawl makes it"
        )
    except (PyMongoError, SchemaError) as error:
        logger.warning("The index of words is not made, the next crawl tries again: %s", printable(str(error)))


async def _made(opened: OpenDatabase) -> None:
    async with opened.asynchronous() as database:
        await index_words(database)
