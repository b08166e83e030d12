"""Where an export goes: the standard output, a file that appears whole or not at all, a directory of files."""

from __future__ import annotations

import gzip
import os
import re
import secrets
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME_LENGTH = 120
_UNSAFE = re.compile(r"[^a-z0-9.-]+")


class OutputError(Exception):
    """The output cannot be written. Its text is one sentence for a person."""


def is_directory(target: str) -> bool:
    """Whether an output means a directory: it ends with a slash, or is one."""
    return target.endswith(("/", os.sep)) or Path(target).is_dir()


@contextmanager
def open_output(target: str) -> Iterator[BinaryIO]:
    """Give a stream of bytes to `-`, the standard output, or to a file; a name that ends with .gz is compressed.

    A file is written beside its place and takes it when all is done; after an error the old one is still there.
    A device or a pipe is written as it is. Raises OutputError, and BrokenPipeError when the reader has gone.
    """
    if target == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(target))  # a link stays a link
    try:
        with _replacing(path, durable=True) as file:
            if path.suffix == ".gz":
                # No name and no time inside: the same articles give the same bytes.
                with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed:
                    yield cast("BinaryIO", compressed)
            else:
                yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error


@contextmanager
def _replacing(path: Path, *, durable: bool) -> Iterator[BinaryIO]:
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if path.exists():
            with suppress(OSError):  # the mode of the file it replaces, as far as we may
                temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def file_name(*, site: str, date: str | None, article_id: str) -> str:
    """Return the name of an article's own file: `nrc.nl_2022-01_0123456789abcdef01234567.txt`.

    Safe on every file system, whatever is in the database: only lower-case letters, digits, dots and dashes within a
    part, `_` between parts and for anything else, never a dot first.
    """
    parts = (_safe(site) or "unknown", _safe(date or "") or "undated", _safe(article_id) or "unknown")
    return "_".join(parts) + ".txt"


def _safe(part: str) -> str:
    return _UNSAFE.sub("-", part.lower()).strip(".-")[:_NAME_LENGTH]


def write_file(directory: Path, name: str, data: bytes) -> None:
    """Write one file of a directory, whole or not at all. Raises OutputError."""
    try:
        with _replacing(directory / name, durable=False) as file:  # a sync for each of a million would take hours
            file.write(data)
    except OSError as error:
        raise OutputError(f"cannot write {directory / name}: {error.strerror or error}") from error


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a stream to a file that appears when all is written, its folder made if need be. Raises OutputError."""
    make_directory(str(path.parent))
    try:
        with _replacing(path, durable=True) as file:
            yield file
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def make_directory(target: str) -> Path:
    """Return the directory, made if it is not there. Raises OutputError."""
    directory = Path(target)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the directory {target}: {error.strerror or error}") from error
    return directory
