"""The file in which `scrapy tail` remembers how far it is, replaced as a whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_VERSION = 1


class ResumeError(Exception):
    """The file cannot be used. Its text is one sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a reader is."""

    database: str
    """Name of the database."""
    selection: str
    """Which articles it wants, as `selection_name` writes it: another choice has another place."""
    token: dict[str, Any] | None
    """MongoDB's resume token: every change up to here is dealt with."""
    scanned: str | None
    """While the stored articles are read: the last `_id` that was; null when all of them are."""
    scanning: bool
    """Stored articles are still to be read."""
    again: bool = False
    """They are read anew, since what happened in between is lost: erasures are told with them."""
    written: int | None
    """Bytes in the output file, if there is one: what stands behind them was never acknowledged."""


def read_place(path: Path) -> Place | None:
    """Return what the file says; None if there is no such file. Raises ResumeError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ResumeError(f"cannot read {path}: {why}") from error
    try:
        found = json.loads(text)
        if found.pop("version") != _VERSION:
            raise ValueError("another version")
        return Place(**found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResumeError(
            f"{path} is no resume file of scrapy tail: name another, or delete it and begin with --from-start"
        ) from error


def write_place(path: Path, place: Place) -> None:
    """Put the place into the file; after a crash it is there as it was before or as it is now. Raises ResumeError."""
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            json.dump({"version": _VERSION, **dataclasses.asdict(place)}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ResumeError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
