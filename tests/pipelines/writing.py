"""One writer of several: `python writing.py URI DATABASE FILE` stores the articles of a JSON file, a few at a time."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from conftest import new_article, open_desk
from pymongo import AsyncMongoClient

from pipelines.store_schema import prepare


async def write(uri: str, name: str, pages: list[dict[str, Any]]) -> None:
    """Store the pages in this order, eight at once."""
    async with AsyncMongoClient[Any](uri, tz_aware=True) as client:
        await prepare(client[name])
        async with open_desk(client[name]) as desk:
            free = asyncio.Semaphore(8)

            async def store(page: dict[str, Any]) -> None:
                published = datetime.fromisoformat(page["published_at"])
                async with free:
                    await desk.store_all(new_article(page["url"], text=page["text"], published_at=published))

            await asyncio.gather(*map(store, pages))


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))))
