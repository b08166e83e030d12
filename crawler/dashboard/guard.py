"""What stands before every page: who may ask, and what a browser may do with the answer."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # No scripts at all, no styles but our own file, nothing from elsewhere, and no page of ours in a frame.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LOCAL = frozenset({"localhost"})


def host_name(header: str) -> str:
    """Return the name or address in a Host header, lower-case, without port, brackets and final dot."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    name, colon, port = header.rpartition(":")
    return (name if colon and port.isdigit() else header).rstrip(".")


def is_welcome(header: str, names: Iterable[str]) -> bool:
    """Whether a request with this Host header is meant for us.

    A page elsewhere can make a browser send us its own name, once it has that name resolve to our address (DNS
    rebinding), and read the answer; it can never make it send `localhost`, an address in digits, or a name of ours.
    """
    name = host_name(header)
    if name in _LOCAL or name in {host_name(known) for known in names}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """Lets in whoever names this host, and puts the headers on every answer, with the milliseconds it took."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        """names: host names under which the dashboard is known, beside `localhost` and addresses in digits."""
        self._app = app
        self._names = tuple(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the dashboard do it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-cache")
                headers["Server-Timing"] = f"page;dur={(time.perf_counter() - started) * 1000:.1f}"
            await send(message)

        host = Headers(scope=scope).get("host", "")
        if is_welcome(host, self._names):
            await self._app(scope, receive, guarded)
            return
        refusal = "This dashboard is not known by that name. Name it with --name, or use its address.\n"
        await PlainTextResponse(refusal, status_code=421)(scope, receive, guarded)
