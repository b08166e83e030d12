"""URL lists and folders of saved pages: what a one-off job is given to work through."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree, html

_PAGE_SUFFIXES = (".html", ".htm", ".xhtml")
_HEAD_BYTES = 512 << 10
_GZIP = b"\x1f\x8b"
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_LINE_BYTES = 64 << 10
_SAVED_FROM = re.compile(rb"<!--\s*saved from url=\(\d+\)(\S+)\s*-->")
"""As browsers have written it on top of saved pages since 1999."""


class UnreadableInput(OSError):
    """An input file that cannot be read; the message names it and what to do."""


def read_url_list(path: Path) -> Iterator[str]:
    """Yield the URLs of a list, one a line; blank lines and lines starting with `#` are passed over.

    A name ending in `.gz` is decompressed. Streams, so a list may hold millions. Raises UnreadableInput.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            yield from _urls(stream)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableInput(f"{path}: cannot be read ({reason}); give a text file with one URL a line") from error


def read_url_stream(stream: io.BufferedReader[Any], name: str) -> Iterator[str]:
    """Yield the same from a file that is read as it comes; whether it is compressed, its bytes say.

    name: the file's, for messages. Raises UnreadableInput, and what the stream does.
    """
    opening = stream.peek(len(_GZIP))
    if _MARKUP.match(opening):
        raise UnreadableInput(f"{name}: a web page, not a list with one URL a line")
    try:
        yield from _urls(gzip.GzipFile(fileobj=stream) if opening.startswith(_GZIP) else stream)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableInput(f"{name}: cannot be decompressed to its end ({error})") from error


def _urls(stream: BinaryIO | gzip.GzipFile | io.BufferedReader[Any]) -> Iterator[str]:
    broken = False
    while line := stream.readline(_LINE_BYTES):
        # Longer than any URL: none, whatever its pieces look like.
        whole = not broken and (line.endswith(b"\n") or len(line) < _LINE_BYTES)
        broken = not line.endswith(b"\n")
        url = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
        if whole and url and not url.startswith("#"):
            yield url


def html_files(folder: Path) -> Iterator[Path]:
    """Yield the saved pages (.html, .htm, .xhtml) in a folder and below, sorted by path."""
    yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PAGE_SUFFIXES and path.is_file())


def url_of_saved_page(body: bytes) -> str | None:
    """Return the URL a saved page gives itself: rel=canonical, else og:url, else the address browsers write on top.

    None where it names none that is absolute.
    """
    head = body[:_HEAD_BYTES]
    try:
        tree = html.document_fromstring(head)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    found = [link.get("href", "") for link in tree.iter("link") if "canonical" in link.get("rel", "").lower().split()]
    found += [meta.get("content", "") for meta in tree.iter("meta") if meta.get("property") == "og:url"]
    found += [match[1].decode("utf-8", "replace") for match in _SAVED_FROM.finditer(head)]
    return next((url.strip() for url in found if url.strip().startswith(("http://", "https://"))), None)
