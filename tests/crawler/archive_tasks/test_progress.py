from __future__ import annotations

from crawler.archive_tasks.progress import Tally, TaskProgress


def test_pages_of_a_file_are_those_last_told() -> None:
    tally = Tally()
    tally.tell("a", 3)
    tally.tell("a", 8)
    tally.tell("b", 1)
    assert tally.pages == 9


def test_a_file_tried_again_keeps_what_was_settled_before() -> None:
    tally = Tally()
    tally.tell("a", 8)
    tally.tell("a", 2)
    tally.tell("a", 5)
    tally.close("a")
    assert tally.pages == 13


def test_line_says_pages_and_who_reads() -> None:
    progress = TaskProgress(files=2, to_terminal=False)
    progress.pages_done("a", 7)
    progress.file_done("a")
    assert progress.line(3).startswith("7 pages, ")
    assert progress.line(3).endswith(" pages/s, 3 at once")
    assert "no worker (start one: dask worker" in progress.line(0)
    assert "no answer" in progress.line(None)
