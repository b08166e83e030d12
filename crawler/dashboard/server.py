"""Serves the dashboard over HTTP until somebody says stop."""

from __future__ import annotations

import errno
import ipaddress
import socket
import webbrowser
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import uvicorn

from crawler.console import CommandError
from crawler.dashboard.app import dashboard

if TYPE_CHECKING:
    from pymongo.database import Database

_GRACE = 3  # seconds for answers that are under way when it ends


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens. port: 0 takes any free one. Raises CommandError with the remedy."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise CommandError(f"--host: {host} is no address of this machine ({error.strerror})") from None
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(128)
    except OSError as error:
        found.close()
        raise CommandError(_remedy(error, host, port)) from None
    return found


def _remedy(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken by another program: name another with --port, or 0 for any that is free"
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {port}: name one from 1024 up with --port"
    return f"cannot listen on {host} port {port} ({error.strerror}): see --host and --port"


def address_of(found: socket.socket, host: str) -> str:
    """Return the address to put into a browser on this machine."""
    port = found.getsockname()[1]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}/"
    if address.is_unspecified:
        return f"http://localhost:{port}/"
    return f"http://[{host}]:{port}/" if address.version == 6 else f"http://{host}:{port}/"


def server(database: Database[dict[str, Any]], names: Sequence[str]) -> uvicorn.Server:
    """Return the server, to be run. names: host names under which it may be asked, beside `localhost`."""
    config = uvicorn.Config(
        dashboard(database, names=names),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return uvicorn.Server(config)


def serve(
    database: Database[dict[str, Any]], found: socket.socket, url: str, *, names: Sequence[str], show: bool
) -> None:
    """Serve until Ctrl-C or SIGTERM. show: open the address in the browser of whoever sits here."""
    if show:
        # It listens already: what the browser asks now is answered in a moment.
        webbrowser.open(url)
    server(database, names).run(sockets=[found])
