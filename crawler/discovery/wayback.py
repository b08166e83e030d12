"""The Wayback Machine: its list of captures (CDX server), the addresses of captures, and what an answer of it is. Pure.

https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server describes the list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from crawler.url import site_of

if TYPE_CHECKING:
    from crawler.discovery.spans import Span

LISTED_AT_ONCE = 2_000
"""Captures in one answer of the list: a few hundred kilobytes."""
_STAMP = "%Y%m%d%H%M%S"
_CAPTURE = re.compile(r"web/(\d{4,14})(?:[a-z]{2}_)?/(.+)", re.DOTALL)
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_ORIGINAL = "x-archive-orig-"
"""Before the names of the publisher's own headers."""


class NoDomain(ValueError):
    """What was given as a domain is none; the message says what to give."""


class UnreadableCaptures(ValueError):
    """An answer that is not a list of captures, or only the beginning of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaybackCapture:
    """A page as the Wayback Machine has it."""

    url: str
    """The address of the page, at its publisher."""
    at: datetime
    """When it was captured, UTC, to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureList:
    """A part of the list of captures."""

    captures: tuple[WaybackCapture, ...]
    """By URL."""
    resume_key: str | None
    """Asks for the part that follows; null in the last one."""


def read_domains(value: str) -> tuple[str, ...]:
    """Return the domains that an argument names, separated by commas. Raises NoDomain."""
    domains = tuple(dict.fromkeys(name.strip().lower() for name in value.split(",") if name.strip()))
    for name in domains or (value,):
        if not _DOMAIN.fullmatch(name) or not site_of(f"http://{name}/"):
            raise NoDomain(f"-a wayback={name}: give the domain of a paper, as in nrc.nl")
    return domains


def captures_url(base: str, domain: str, span: Span, *, resume_key: str | None) -> str:
    """Return the URL under which the captures of a domain are listed: of each page the first one in the span."""
    query = [
        ("url", domain),
        ("matchType", "domain"),
        ("from", span.start.strftime(_STAMP)),
        ("to", (span.end - timedelta(seconds=1)).strftime(_STAMP)),
        ("filter", "statuscode:200"),
        ("filter", "mimetype:text/html"),
        ("collapse", "urlkey"),
        ("fl", "timestamp,original"),
        ("output", "json"),
        ("limit", str(LISTED_AT_ONCE)),
        ("showResumeKey", "true"),
        *([("resumeKey", resume_key)] if resume_key is not None else []),
    ]
    return f"{base.rstrip('/')}/cdx/search/cdx?{urlencode(query)}"


def read_captures(body: bytes) -> CaptureList:
    """Return what an answer lists: a table whose first row has the names of its columns, and perhaps a resume key.

    Rows that are no captures are passed over. Raises UnreadableCaptures.
    """
    try:
        rows = json.loads(body or b"[]")
    except (ValueError, RecursionError) as error:
        start = body.lstrip()[:1]
        what = "a web page" if start == b"<" else "cut off" if start == b"[" else "no JSON"
        raise UnreadableCaptures(f"the list of captures is {what}") from error
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise UnreadableCaptures("the list of captures is no table")
    if not rows:
        return CaptureList(captures=(), resume_key=None)
    head, *rows = rows
    if "timestamp" not in head or "original" not in head:
        raise UnreadableCaptures("the list of captures names no columns `timestamp` and `original`")
    resume_key = None
    if len(rows) >= 2 and rows[-2] == [] and len(rows[-1]) == 1 and isinstance(rows[-1][0], str):
        resume_key = rows[-1][0]
        rows = rows[:-2]
    stamps, originals = head.index("timestamp"), head.index("original")
    captures = [_capture(row[stamps], row[originals]) for row in rows if len(row) == len(head)]
    return CaptureList(captures=tuple(c for c in captures if c is not None), resume_key=resume_key)


def capture_url(base: str, capture: WaybackCapture) -> str:
    """Return the address of a capture as its publisher sent it: `id_` leaves links and all else as they were."""
    return f"{base.rstrip('/')}/web/{capture.at:{_STAMP}}id_/{quote(capture.url, safe=_KEEP)}"


_KEEP = "%/:?&=+,;@!$'()*[]~#|"


def shown_url(base: str, capture: WaybackCapture) -> str:
    """Return the address under which a person sees it."""
    return f"{base.rstrip('/')}/web/{capture.at:{_STAMP}}/{capture.url}"


def redirected_to(base: str, from_url: str, location: str) -> WaybackCapture | None:
    """Return the capture that an answer of the archive points to; None where it points out of the archive."""
    root = f"{base.rstrip('/')}/"
    try:
        target = urljoin(from_url, location)
    except ValueError:
        return None
    # It may point to https where it was asked by http.
    here, there = urlsplit(root), urlsplit(target)
    if there.netloc != here.netloc or there.scheme not in ("http", "https"):
        return None
    rest = urlunsplit(("", "", there.path, there.query, ""))
    found = _CAPTURE.fullmatch(rest.removeprefix(here.path)) if rest.startswith(here.path) else None
    if found is None:
        return None
    return _capture(found[1], found[2])


def publishers_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the publisher sent, as far as the archive has kept them."""
    lower = {name.lower(): value for name, value in headers.items()}
    own = {name.removeprefix(_ORIGINAL): value for name, value in lower.items() if name.startswith(_ORIGINAL)}
    # Of the body as it came from the archive, which may have decoded it.
    return {**own, **({"content-type": lower["content-type"]} if "content-type" in lower else {})}


def _capture(stamp: object, original: object) -> WaybackCapture | None:
    if not isinstance(stamp, str) or not isinstance(original, str):
        return None
    try:
        at = datetime.strptime(_padded(stamp), _STAMP)
        return WaybackCapture(url=_address(original), at=at.replace(tzinfo=UTC))
    except ValueError:
        return None


def _padded(stamp: str) -> str:
    """Return the first instant that a shorter stamp means."""
    return stamp + "00000101000000"[len(stamp) :]


def _address(original: str) -> str:
    """Return an address without the port that lists write behind every host. Raises ValueError for none."""
    parts = urlsplit(original if "://" in original else original.replace(":/", "://", 1))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(original)
    default = {"http": 80, "https": 443}[parts.scheme]
    host = parts.netloc.rpartition("@")[2]
    netloc = host.removesuffix(f":{default}") if parts.port == default else host
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
