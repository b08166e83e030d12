from __future__ import annotations

import gzip
import os
import re
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.export.output import OutputError, file_name, is_directory, make_directory, open_output, write_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_appears_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    with open_output(str(target)) as stream:
        stream.write(b"een\n")
        assert not target.exists()
    assert target.read_bytes() == b"een\n"
    assert os.listdir(tmp_path) == ["a.jsonl"]


def test_after_an_error_the_old_file_is_still_there_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    target.write_text("oud")

    def broken_off() -> None:
        with open_output(str(target)) as stream:
            stream.write(b"nieuw")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert target.read_text() == "oud"
    assert os.listdir(tmp_path) == ["a.jsonl"]


def test_a_name_with_gz_is_compressed_to_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with open_output(str(tmp_path / name)) as stream:
            stream.write(b"een\n" * 1000)
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"een\n" * 1000
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    with open_output(str(tmp_path / "new")) as stream:
        stream.write(b"x")
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode
    (tmp_path / "new").chmod(0o640)
    with open_output(str(tmp_path / "new")) as stream:
        stream.write(b"y")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("oud")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with open_output(str(tmp_path / "link")) as stream:
        stream.write(b"nieuw")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "nieuw"


def test_a_pipe_is_written_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with open_output(str(pipe)) as stream:
        stream.write(b"een")
    reader.join(10)
    assert got == [b"een"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["none/a.jsonl", "file/a.jsonl", "x" * 300 + "/a"])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"), open_output(str(tmp_path / name)):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_is_named() -> None:
    with pytest.raises(OutputError, match="No space left on device"), open_output("/dev/full") as stream:
        stream.write(b"x" * 100_000)


def test_what_means_a_directory(tmp_path: Path) -> None:
    assert is_directory("out/")
    assert is_directory(str(tmp_path))
    assert not is_directory("out")
    assert not is_directory("-")


def test_a_directory_is_made_or_the_reason_given(tmp_path: Path) -> None:
    directory = make_directory(f"{tmp_path}/a/b/")
    write_file(directory, "c.txt", b"een")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == b"een"
    with pytest.raises(OutputError, match="cannot make the directory"):
        make_directory(f"{tmp_path}/a/b/c.txt/")
    with pytest.raises(OutputError, match="cannot write"):
        write_file(tmp_path / "gone", "c.txt", b"")


def test_the_name_of_a_file_says_site_month_and_article() -> None:
    assert file_name(site="nrc.nl", date="2022-01", article_id="0a" * 12) == f"nrc.nl_2022-01_{'0a' * 12}.txt"
    assert file_name(site="nrc.nl", date=None, article_id="0a" * 12) == f"nrc.nl_undated_{'0a' * 12}.txt"


@given(site=st.text(), date=st.none() | st.text(), article_id=st.text())
def test_no_name_leaves_its_directory(site: str, date: str | None, article_id: str) -> None:
    name = file_name(site=site, date=date, article_id=article_id)
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*\.txt", name)
    assert len(name) < 255
