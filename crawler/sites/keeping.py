"""Changing site files on disk, whole or not at all: an outlet more, other marks."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.sites.reading import SiteFileError, read_sites
from crawler.sites.writing import appended, marked

if TYPE_CHECKING:
    from crawler.sites.site import Site


def with_outlet(path: Path, site: Site) -> str:
    """Return what a site file would hold with one more outlet; there may be no such file yet.

    Raises SiteFileError where it has the outlet already, or cannot be read or written.
    """
    text = _text(path) if path.exists() else ""
    if text.strip():
        read_sites(text, str(path))
    try:
        changed = appended(text, site)
    except ValueError as error:
        raise SiteFileError(f"{path}: {error}; nothing is written") from None
    read_sites(changed, str(path))
    if not path.parent.is_dir():
        raise SiteFileError(f"{path}: there is no folder {path.parent}; make it first")
    return changed


def set_marks(path: Path, marks: Mapping[str, bool]) -> dict[str, bool]:
    """Set `verified` in tables of a site file; return the marks that are other ones now. Raises SiteFileError.

    marks: by table; those of tables that are not there, or say so already, are passed over.
    """
    text = _text(path)
    try:
        tables = tomllib.loads(text)
        changes = {
            key: mark for key, mark in marks.items() if key in tables and tables[key].get("verified", False) is not mark
        }
        if changes:
            replace_file(path, marked(text, changes))
    except ValueError as error:
        raise SiteFileError(f"{path}: {error}") from None
    return changes


def replace_file(path: Path, text: str) -> None:
    """Write a file by another that takes its place. Raises SiteFileError."""
    path = path.resolve()
    try:
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            Path(name).chmod(mode & 0o7777)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SiteFileError(f"{path}: cannot be written ({error.strerror or error})") from None


def _text(path: Path) -> str:
    try:
        # Not read_text, which would change the ends of lines.
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SiteFileError(f"{path}: cannot be read ({error})") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
