from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crawler.mongodb.errors import DatabaseUnavailable
from crawler.mongodb.locks import Usage, exclusive, is_locked


def holder(path: Path, kind: str) -> subprocess.Popen[str]:
    """Start a process that holds a lock until it is killed."""
    take = {
        "exclusive": "lock = exclusive(path, timeout=5); lock.__enter__()",
        "usage": "lock = Usage(path)",
    }[kind]
    script = (
        "import sys\nfrom pathlib import Path\nfrom crawler.mongodb.locks import Usage, exclusive\n"
        f"path = Path(sys.argv[1])\n{take}\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=10)


def test_only_one_process_has_it_and_a_dead_one_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    other = holder(path, "exclusive")
    assert is_locked(path)
    with pytest.raises(DatabaseUnavailable, match=str(tmp_path)), exclusive(path, timeout=0.2):
        pass
    end(other)
    assert not is_locked(path)
    with exclusive(path, timeout=0.2):
        assert is_locked(path)
    assert not is_locked(path)


def test_the_last_user_is_told(tmp_path: Path) -> None:
    path = tmp_path / "users"
    mine, also_mine = Usage(path), Usage(path)
    other = holder(path, "usage")
    assert not mine.end()
    assert not also_mine.end()
    mine = Usage(path)
    end(other)
    assert mine.end()


def test_a_file_that_is_not_there_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lock")
