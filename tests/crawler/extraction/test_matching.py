from __future__ import annotations

from lxml import html

from crawler.extraction.matching import kept_lines
from crawler.extraction.runs import Line, key_of, read_lines

LONG = "The lock keeper turned the wheel at half past nine, and forty people on the quay began to clap."
OTHER = "The gates weigh eleven tonnes each and were forged in a yard on the other side of the estuary."


def lines(markup: str) -> list[Line]:
    return read_lines(html.fragment_fromstring(markup, create_parent="div"))


def kept(markup: str, *texts: str) -> list[str]:
    return [line.text for line in kept_lines(lines(markup), [key_of(text) for text in texts])]


def test_line_is_kept_if_its_text_is():
    assert kept(f"<p>{LONG}</p><p>{OTHER}</p>", LONG) == [LONG]


def test_line_within_a_longer_text_is_kept():
    assert kept(f"<p>{LONG}</p><p>{OTHER}</p>", f"{LONG} {OTHER}") == [LONG, OTHER]


def test_short_line_is_not_found_by_chance():
    assert kept(f"<p>gates</p><p>Menu of the day</p><p>{OTHER}</p>", OTHER) == [OTHER]


def test_short_line_is_kept_together_with_its_neighbour():
    assert kept(f"<p>{LONG}</p><p>No.</p><p>Menu</p>", f"{LONG} No.") == [LONG, "No."]


def test_line_from_which_trafilatura_dropped_a_piece_is_kept():
    markup = f"<p>{LONG} <time>On Monday</time> it was cold, and the baker on the corner handed out his last buns.</p>"
    assert len(kept(markup, f"{LONG} it was cold, and the baker on the corner handed out his last buns.")) == 1


def test_of_two_copies_the_one_among_the_article_counts():
    found = kept_lines(
        lines(f"<ul><li>{LONG}</li></ul><section><p>{LONG}</p><p>{OTHER}</p></section>"), [key_of(LONG), key_of(OTHER)]
    )
    assert [line.element.tag for line in found] == ["p", "p"]


def test_hidden_copy_of_everything_in_one_blob_does_not_win():
    body = "".join(f"<p>{LONG} Day {day}.</p>" for day in range(30))
    keys = [key_of(f"{LONG} Day {day}.") for day in range(30)]
    blob = " ".join(f"{LONG} Day {day}." for day in range(30))
    found = kept_lines(lines(f"<section>{body}</section><div>{blob}</div>"), keys)
    assert {line.element.tag for line in found} == {"p"}


def test_nothing_kept_is_nothing():
    assert kept(f"<p>{LONG}</p>") == []
