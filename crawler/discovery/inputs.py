"""What `-a warc=` and `-a urls=` name: files here, patterns of them, URLs, and lists of all that."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from crawler.discovery.lists import read_url_list

LIST = "@"
"""Before the name of a file that lists inputs, one a line."""


class UnknownInput(ValueError):
    """An input that cannot be used; the message names it and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a job is given to work through."""

    paths: tuple[Path, ...] = ()
    """Files and folders of this machine; that they exist has not been looked at."""
    urls: tuple[str, ...] = ()
    """Files on web servers."""
    lists: tuple[str, ...] = ()
    """Files on web servers that name such files."""


def read_inputs(value: str) -> Inputs:
    """Return what an argument names: paths, patterns and http(s) URLs, separated by commas.

    `@` before one: it is a list, with one of these a line, relative to where it stands. A path with a comma in it is
    taken as one where it exists; in a URL a comma is written `%2C`. Raises UnknownInput, UnreadableInput.
    """
    names = [value] if _is_here(value) else [name.strip() for name in value.split(",") if name.strip()]
    paths: list[Path] = []
    urls: list[str] = []
    lists: list[str] = []
    for name in names or [value]:
        bare = name.removeprefix(LIST)
        if is_url(bare):
            (lists if name.startswith(LIST) else urls).append(_checked(bare))
        elif name.startswith(LIST) and not _is_here(name):
            found = list(_listed(Path(bare)))
            paths += [path for path in found if isinstance(path, Path)]
            urls += [url for url in found if isinstance(url, str)]
        else:
            paths += [Path(path) for path in sorted(glob.glob(name, recursive=True))] or [Path(name)]
    return Inputs(paths=tuple(paths), urls=tuple(urls), lists=tuple(lists))


def is_url(name: str) -> bool:
    """Whether an input is on a web server."""
    return name.lower().startswith(("http://", "https://"))


def listed_on_web(url: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield the URLs that a list at `url` names, one a line; a relative one is meant from where the list stands.

    What is no http(s) URL is left out: a list from elsewhere names nothing on this machine.
    """
    for line in lines:
        try:
            named = urljoin(url, line)
            if is_url(named) and urlsplit(named).hostname and named.isprintable():
                yield named
        except ValueError:
            continue


def _listed(path: Path) -> Iterator[Path | str]:
    for line in read_url_list(path):
        yield _checked(line) if is_url(line) else path.parent / line


def _is_here(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise UnknownInput(f"{url}: no valid URL")
    if "@" in parts.netloc:
        raise UnknownInput(f"{parts.scheme}://{host}…: a password in a URL ends up in logs; give the URL without one")
    return url
