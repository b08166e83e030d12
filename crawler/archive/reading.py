"""The archive read again: the pages in its files in the order in which they came, from any place on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crawler.archive.writing import SUFFIX, instant
from crawler.discovery.warc import ArchivedPage, Damage, NotAnArchive, Repeat, read_captures

_REMEMBERED = 100_000
"""Records whose place is known for those that refer to them: twice what a run can refer to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the archive."""

    file: str
    """Name of the file."""
    offset: int
    """In bytes from its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record of the archive."""

    place: Place
    """Where it stands."""
    what: ArchivedPage | Damage
    """The page, its payload fetched from where it stands; or what is wrong here."""


def files(directory: Path) -> list[Path]:
    """Return the files of an archive, the oldest first. Raises OSError where the folder cannot be read."""
    return sorted(path for path in directory.iterdir() if path.name.endswith(SUFFIX) and path.is_file())


def pages(paths: Sequence[Path], *, after: Place | None = None) -> Iterator[Found]:
    """Yield the HTML answers in the files of an archive, and each damaged place. after: begin behind this one.

    Memory holds one page, and the places of the last hundred thousand. Raises OSError where a file cannot be opened.
    """
    places: OrderedDict[tuple[str, str], tuple[Path, int]] = OrderedDict()
    for path in paths:
        if after is not None and path.name < after.file and not _same_series(path.name, after.file):
            continue
        try:
            for found in read_captures(path):
                if isinstance(found, ArchivedPage) and found.captured_at is not None:
                    places[found.url, instant(found.captured_at)] = (path, found.offset)
                    if len(places) > _REMEMBERED:
                        places.popitem(last=False)
                place = Place(file=path.name, offset=found.offset)
                if after is None or (place.file, place.offset) > (after.file, after.offset):
                    what = _resolved(found, places) if isinstance(found, Repeat) else found
                    if what is not None:
                        yield Found(place=place, what=what)
        except NotAnArchive as error:
            # A run that was killed before its first record was whole.
            if path.stat().st_size:
                yield Found(place=Place(file=path.name, offset=0), what=Damage(offset=0, what=str(error)))


def _same_series(name: str, other: str) -> bool:
    """Whether two files are of one run, whose later records may refer to its earlier ones."""
    return name.rpartition("-")[0] == other.rpartition("-")[0]


def _resolved(repeat: Repeat, places: OrderedDict[tuple[str, str], tuple[Path, int]]) -> ArchivedPage | None:
    """Return the page that a record repeats, as it answered here; None where that was no page."""
    found = places.get((repeat.of_url, repeat.of_date))
    if found is None:
        return None
    path, offset = found
    original = next(read_captures(path, start=offset), None)
    if not isinstance(original, ArchivedPage):
        return None
    return replace(original, url=repeat.url, captured_at=repeat.captured_at, offset=repeat.offset)
