from __future__ import annotations

import csv
import dataclasses
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.article import Article, Image, Position, RelatedLink, to_document
from crawler.export.shapes import COLUMNS, FIELDS, SEPARATOR, json_lines, published, table, texts
from crawler.url import article_id

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("at", "offset", "precision", "expected"),
    [
        (datetime(2022, 1, 7, 13, 5, tzinfo=UTC), 60, "minute", "2022-01-07T14:05:00+01:00"),
        (datetime(2022, 1, 7, 13, 5, 9, tzinfo=UTC), -210, "second", "2022-01-07T09:35:09-03:30"),
        (datetime(2022, 1, 31, 23, 30, tzinfo=UTC), 60, "second", "2022-02-01T00:30:00+01:00"),
        (datetime(2022, 1, 7, 13, 5, tzinfo=UTC), 0, "second", "2022-01-07T13:05:00+00:00"),
        (datetime(2022, 1, 7, 13, 5, tzinfo=UTC), None, "second", "2022-01-07T13:05:00Z"),
        (datetime(2022, 1, 7, 13, 5), 60, "second", "2022-01-07T14:05:00+01:00"),
        (datetime(2022, 1, 7, tzinfo=UTC), 60, "day", "2022-01-07"),
        (datetime(2022, 1, 7, tzinfo=UTC), -300, "day", "2022-01-07"),
        (datetime(1831, 9, 1, tzinfo=UTC), None, "month", "1831-09"),
        (None, None, None, None),
    ],
)
def test_publication_is_as_exact_as_the_page_and_by_its_clock(
    at: datetime | None, offset: int | None, precision: str | None, expected: str | None
) -> None:
    document = {"published_at": at, "published_offset": offset, "published_precision": precision}
    assert published(document) == expected


def line_of(article: Article, **more: Any) -> dict[str, Any]:
    (line,) = json_lines([{**to_document(article), **more}])
    assert line.endswith("\n")
    result: dict[str, Any] = json.loads(line)
    return result


def test_a_line_carries_every_field_of_the_schema_and_no_other(make_article: Callable[..., Article]) -> None:
    row = line_of(make_article(), of_the_stores_own=1)
    assert list(row) == ["_id", *(field.name for field in dataclasses.fields(Article) if field.name != "id")]
    assert tuple(row) == FIELDS


def test_other_instants_are_in_utc(make_article: Callable[..., Article]) -> None:
    seen = datetime(2022, 1, 8, 6, 0, 0, 123_000, tzinfo=UTC)
    row = line_of(make_article(modified_at=datetime(2022, 1, 7, 15, tzinfo=UTC), first_seen_at=seen))
    assert row["modified_at"] == "2022-01-07T15:00:00Z"
    assert row["first_seen_at"] == "2022-01-08T06:00:00.123000Z"
    assert row["fetch"]["at"] == "2022-01-08T06:00:00Z"


@given(text=st.text(st.characters(codec="utf-8")))
def test_one_article_is_one_line_to_every_reader(text: str) -> None:
    (line,) = json_lines([{"_id": "x", "title": text}])
    assert len(line.splitlines()) == 1
    assert json.loads(line)["title"] == text


def test_letters_stay_letters(make_article: Callable[..., Article]) -> None:
    (line,) = json_lines([to_document(make_article(title="Oekraïne – 東京"))])
    assert "Oekraïne – 東京" in line


def test_texts_stand_apart_by_a_form_feed_and_come_back_byte_for_byte() -> None:
    originals = ["een\n\ntwee", "drie", " date 2022-01 vier"]
    stream = "".join(texts(originals))
    assert stream.split(SEPARATOR) == originals
    assert stream.split("\n").count("\f") == 2


def rows(*documents: dict[str, Any]) -> list[dict[str, str]]:
    stream = io.StringIO("".join(table(documents)), newline="")
    return list(csv.DictReader(stream, strict=True))


def test_a_table_has_the_columns_and_a_row_for_each_article(make_article: Callable[..., Article]) -> None:
    target = "https://www.polderbode.example/brug"
    article = make_article(
        authors=("An de Wit", "Bo Smit"),
        image=Image(url="https://www.polderbode.example/a.jpg"),
        related=(
            RelatedLink(
                label="Lees ook", title="Brug", url=target, article_id=article_id(target), position=Position.END
            ),
        ),
        text='Hij zei: "ja, nee".\n\nEn toen\nniets.',
    )
    (row,) = rows(to_document(article))
    assert tuple(row) == tuple(COLUMNS)
    assert row["_id"] == article.id
    assert row["authors"] == "An de Wit; Bo Smit"
    assert row["published_at"] == "2022-01-07T14:05:00+01:00"
    assert row["text"] == article.text
    assert row["related_count"] == "1"
    assert json.loads(row["related"])[0]["url"] == target
    assert row["image_url"] == "https://www.polderbode.example/a.jpg"
    assert row["paywall_declared"] == "false"
    assert row["lead"] == ""


def test_an_empty_table_still_has_its_head() -> None:
    assert "".join(table([])) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "\u00a0=", "＝", "＋", "－", "＠"])
def test_what_a_page_says_is_no_formula(make_article: Callable[..., Article], start: str) -> None:
    evil = f'{start}HYPERLINK("http://x.example","klik")'
    (row,) = rows(to_document(make_article(title=evil, authors=(evil,))))
    assert row["title"] == f"'{evil}"
    assert row["authors"] == f"'{evil}"


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_a_cell_holds_its_text_and_starts_with_nothing_active(text: str) -> None:
    (row,) = rows({"_id": "x", "title": text})
    assert row["title"] in {text, f"'{text}"}
    assert row["title"].lstrip()[:1] not in set("=+-@")
