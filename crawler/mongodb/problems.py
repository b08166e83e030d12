"""Why a `mongod` did not start, said in one sentence with its remedy. Pure."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass
from pathlib import Path

NO_ROOM = 64 * 1024 * 1024
"""Bytes of free disk under which a failed start is put down to the disk: the journal alone wants more."""

_ELSEWHERE = "or set MONGODB_URI to a server that runs"
_LIBRARY = re.compile(r"error while loading shared libraries: ([^\s:]+)|Library not loaded: (\S+)")
_GLIBC = re.compile(r"version [`'](GLIBC(?:XX)?_[\d.]+)' not found")
_DISK_FULL = re.compile(r"No space left on device|\bENOSPC\b|WT_ERROR.*error: 28\b|Disk quota exceeded", re.IGNORECASE)
_DENIED = re.compile(r"Permission denied|Read-only file system|Operation not permitted", re.IGNORECASE)
_OTHER_VERSION = re.compile(
    r"UPGRADE PROBLEM|featureCompatibilityVersion|Version incompatibility|unsupported WiredTiger file version"
    r"|downgrade|not compatible with this version|requires .* newer",
    re.IGNORECASE,
)
_DAMAGED = re.compile(r"WT_TRY_SALVAGE|data(?:base)? corruption|run (?:with )?--repair", re.IGNORECASE)
_PACKAGES = {
    "libcurl.so.4": "`apt-get install libcurl4` on Debian and Ubuntu, `dnf install libcurl` on Fedora and RHEL",
    "libcrypto.so.3": "`apt-get install libssl3` on Debian and Ubuntu, `dnf install openssl-libs` on Fedora and RHEL",
    "libssl.so.3": "`apt-get install libssl3` on Debian and Ubuntu, `dnf install openssl-libs` on Fedora and RHEL",
    "liblzma.so.5": "`apt-get install liblzma5` on Debian and Ubuntu, `dnf install xz-libs` on Fedora and RHEL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedStart:
    """What is known of a `mongod` that ended, or hung, before it served."""

    program: Path
    """The mongod that was started."""
    data_dir: Path
    """The directory it was to serve."""
    log_file: Path
    """Where it logs."""
    status: int | None
    """Its exit status, negative for a signal as `subprocess` has it; None if it was still at work."""
    output: str
    """What it, or the loader on its behalf, wrote to stdout and stderr."""
    log: str
    """What it wrote to its log in this attempt."""
    free_bytes: int
    """Room left on the disk of the data directory."""


def explain(start: FailedStart) -> str:
    """Return one sentence: what went wrong, and what to do about it."""
    library = _LIBRARY.search(start.output)
    if library:
        name = library[1] or library[2]
        remedy = _PACKAGES.get(Path(name).name, "install the system package that has it")
        return f"the embedded MongoDB needs the system library {name}: {remedy}, {_ELSEWHERE}"
    glibc = _GLIBC.search(start.output)
    if glibc:
        return (
            f"this system is too old for {start.program} ({glibc[1]} is missing; Debian 12, Ubuntu 22.04 and newer "
            f"have it): install a mongod for this system on PATH, {_ELSEWHERE}"
        )
    if start.status in {-signal.SIGILL, 128 + signal.SIGILL}:
        return (
            "this processor lacks the AVX instructions that MongoDB needs since 5.0: "
            "set MONGODB_URI to a server on another machine"
        )
    last = last_error(start.log)
    evidence = f"{start.output}\n{start.log}"
    if start.free_bytes < NO_ROOM or _DISK_FULL.search(evidence):
        return full_disk(start.data_dir, start.free_bytes)
    if start.status == 62 or _OTHER_VERSION.search(last):
        return (
            f"the data in {start.data_dir} were written by another version of MongoDB than {start.program}: start that "
            f"version (put it on PATH), or set MONGODB_DATA_DIR to a new directory ({last or start.log_file})"
        )
    if _DENIED.search(evidence):
        return (
            f"MongoDB may not write in {start.data_dir}: give this user the right to, "
            f"or set MONGODB_DATA_DIR to another directory ({last or start.output.strip()})"
        )
    if _DAMAGED.search(start.log):
        return (
            f"the data in {start.data_dir} are damaged: restore them from a backup, or repair them with "
            f"`{start.program} --repair --dbpath {start.data_dir}` ({last})"
        )
    if start.status is None:
        return f"MongoDB in {start.data_dir} does not answer: see {start.log_file} ({last or 'no error in it'})"
    how = f"signal {-start.status}" if start.status < 0 else f"status {start.status}"
    why = last or " ".join(start.output.split()[-40:]) or "it said nothing"
    return f"the embedded MongoDB ended with {how} while starting: see {start.log_file} ({why})"


def full_disk(data_dir: Path, free_bytes: int) -> str:
    """Return the sentence for a server that has no room in its data directory."""
    return (
        f"the disk of {data_dir} is full ({free_bytes // 1_000_000} MB free): "
        "make room, or set MONGODB_DATA_DIR to a directory on another disk"
    )


def last_error(log: str) -> str:
    """Return the last error of a MongoDB log (one JSON object a line, since 4.4), on one line; empty if none."""
    message = ""
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("s") in {"E", "F"}:
            detail = _detail(entry.get("attr"))
            # The fatal entries after an error only say that the process goes down.
            if entry.get("msg") != "Writing fatal message" and (detail or not message):
                message = f"{entry.get('msg', '')}: {detail}" if detail else str(entry.get("msg", ""))
    return " ".join(message.split())[:300]


def _detail(attr: object) -> str:
    if not isinstance(attr, dict):
        return ""
    for key in ("error", "errmsg", "reason", "message"):
        value = attr.get(key)
        if isinstance(value, dict):
            value = value.get("errmsg") or value.get("msg")
        if isinstance(value, str) and value:
            return value
    return ""
