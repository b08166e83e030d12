"""The dashboard on a real socket, and requests to it with any header."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lxml import html
from pymongo.database import Database

from crawler.dashboard.server import listening, server


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By name, each word of it with a capital."""
    text: str

    @property
    def page(self) -> Any:
        """The document, parsed as a browser would."""
        return html.document_fromstring(self.text)

    @property
    def words(self) -> str:
        """What a reader sees of it, on one line."""
        return " ".join(self.page.text_content().split())

    @property
    def links(self) -> list[str]:
        return [str(href) for href in self.page.xpath("//@href | //@src | //@action")]


class Dashboard:
    """A dashboard that runs."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, *, host: str | None = None, method: str = "GET") -> Answer:
        """Ask for a path, as it is; host: the Host header."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {} if host is None else {"Host": host}
            connection.request(method, quote(path, safe="/?&=%+~!*'(),;:@$-._"), headers=headers)
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(
                status=response.status,
                headers={name.title(): value for name, value in response.getheaders()},
                text=text,
            )
        finally:
            connection.close()


@contextmanager
def serving(database: Database[dict[str, Any]], *, names: tuple[str, ...] = ()) -> Iterator[Dashboard]:
    """Serve a database from a thread of this process."""
    with listening("127.0.0.1", 0) as socket:
        running = server(database, names)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            while not running.started:
                time.sleep(0.01)
            yield Dashboard(socket.getsockname()[1])
        finally:
            running.should_exit = True
            thread.join()
