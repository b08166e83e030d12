"""The log of the embedded MongoDB: how much of it is kept, and reading what is new in it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOG_BYTES = 8 * 1024 * 1024
"""Size of a log file at which the next start, or the next user, sets it aside."""
LOGS_KEPT = 2
"""How many earlier logs stay."""


def log_file_of(data_dir: Path) -> Path:
    """Return the log file of the server of a data directory."""
    return data_dir / "mongod.log"


def set_aside(log_file: Path) -> None:
    """Make `mongod.log` `mongod.log.1`, that `mongod.log.2`, and drop what was the last."""
    for number in range(LOGS_KEPT, 0, -1):
        earlier = log_file if number == 1 else log_file.with_name(f"{log_file.name}.{number - 1}")
        with suppress(FileNotFoundError):
            earlier.replace(log_file.with_name(f"{log_file.name}.{number}"))


def size_of(log_file: Path) -> int:
    """Return the size of a log in bytes; 0 for one that is not there."""
    try:
        return log_file.stat().st_size
    except OSError:
        return 0


def read_since(log_file: Path, offset: int) -> str:
    """Return what has been logged beyond an offset in bytes, `LOG_BYTES` of it at most; empty if it cannot be read."""
    try:
        with log_file.open("rb") as log:
            log.seek(offset)
            return log.read(LOG_BYTES).decode(errors="replace")
    except OSError:
        return ""
