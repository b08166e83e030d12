from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.article import Article, Block, BlockType, Image, Position, RelatedLink, to_document
from crawler.export import columns
from crawler.export.columns import FILE, folder, schema, write_parquet, write_partition
from crawler.export.output import OutputError
from crawler.export.shapes import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

MORNING = datetime(2022, 1, 7, 6, 0, 0, 123_000, tzinfo=UTC)
LINK = RelatedLink(
    label="Lees ook",
    title="De brug blijft dicht",
    teaser=None,
    url="https://www.polderbode.example/brug",
    article_id="a" * 24,
    position=Position.END,
)


@pytest.fixture
def documents(make_article: Callable[..., Article]) -> list[dict[str, Any]]:
    body = (
        Block(type=BlockType.PARAGRAPH, text="De sluis gaat dicht."),
        Block(type=BlockType.HEADING, text="Eén pijp over", level=2),
    )
    full = make_article(body=body, related=(LINK,), image=Image(url="https://a.example/b.jpg"), published_at=MORNING)
    bare = make_article("https://www.kustkrant.example/b", published_at=None, date=None, authors=("A", "Émile Z"))
    return [to_document(full), to_document(bare)]


def written(documents: list[dict[str, Any]]) -> bytes:
    stream = io.BytesIO()
    write_parquet(documents, stream)
    return stream.getvalue()


def test_the_schema_has_every_field_in_its_order() -> None:
    assert tuple(schema().names) == FIELDS
    assert schema().field("published_at").type == pa.timestamp("ms", tz="UTC")
    block = schema().field("body").type.value_type
    assert [field.name for field in block] == [field.name for field in dataclasses.fields(Block)]
    assert schema(without=["site"]).names == [name for name in FIELDS if name != "site"]


def test_what_comes_out_is_what_went_in(documents: list[dict[str, Any]]) -> None:
    assert pq.read_table(io.BytesIO(written(documents))).to_pylist() == documents


def test_a_document_of_an_earlier_version_has_nulls_for_what_it_lacks(documents: list[dict[str, Any]]) -> None:
    old = {name: value for name, value in documents[0].items() if name not in {"kind", "fetch"}} | {"left_over": 1}
    (row,) = pq.read_table(io.BytesIO(written([old]))).to_pylist()
    assert (row["kind"], row["fetch"], row["title"]) == (None, None, old["title"])


def test_no_article_gives_a_file_with_the_columns() -> None:
    table = pq.read_table(io.BytesIO(written([])))
    assert (table.num_rows, tuple(table.column_names)) == (0, FIELDS)


def test_pandas_polars_and_duckdb_read_it(documents: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(written(documents))
    frame = pd.read_parquet(path)
    assert list(frame["title"]) == [document["title"] for document in documents]
    assert frame["published_at"][0] == pd.Timestamp(MORNING)
    assert frame["related"][0][0]["title"] == LINK.title
    shown = pl.read_parquet(path)
    assert shown["authors"].to_list() == [[], ["A", "Émile Z"]]
    assert shown["body"].list.eval(pl.element().struct.field("level")).to_list()[0] == [None, 2]
    assert shown["published_at"][0] == MORNING
    rows = duckdb.execute(
        'select related[1].url, len(body), epoch_ms(published_at), "fetch".via from read_parquet(?)', [str(path)]
    ).fetchall()
    assert rows[0] == (LINK.url, 2, int(MORNING.timestamp() * 1000), "list")


def test_partitions_by_site_and_month_are_read_as_one(make_article: Callable[..., Article], tmp_path: Path) -> None:
    expected = []
    for site in ("polderbode", "kustkrant"):
        articles = [make_article(f"https://www.{site}.example/0", published_at=None, date=None)]
        # The 31st at 23:30 UTC is February for the publisher; one without an offset straggles behind it.
        for number, (at, month) in enumerate([(23.5, "2022-02"), (23.75, "2022-01"), (24 * 40.0, "2022-03")], 1):
            when = datetime(2022, 1, 31, tzinfo=UTC) + timedelta(hours=at)
            articles.append(make_article(f"https://www.{site}.example/{number}", published_at=when, date=month))
        expected += [(article.id, article.site, article.date or "undated") for article in articles]
        write_partition(map(to_document, articles), tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        f"site={site}.example/month={month}/{FILE}"
        for site in ("kustkrant", "polderbode")
        for month in ("2022-01", "2022-02", "2022-03", columns.UNDATED)
    ]
    glob = str(tmp_path / "**" / "*.parquet")
    query = "select _id, site, month from read_parquet(?, hive_partitioning=true, hive_types_autocast=false)"
    assert sorted(duckdb.execute(query, [glob]).fetchall(), key=str) == sorted(expected, key=str)
    shown = pl.scan_parquet(glob, hive_partitioning=True, try_parse_hive_dates=False).select("_id", "site", "month")
    assert sorted(shown.collect().rows(), key=str) == sorted(expected, key=str)
    frame = pd.read_parquet(tmp_path)
    assert sorted(zip(frame["_id"], frame["site"].astype(str), strict=True)) == sorted(row[:2] for row in expected)


def test_row_groups_are_closed_while_reading(documents: list[dict[str, Any]]) -> None:
    text = "de brug over het water " * 2_000
    many = [{**documents[0], "_id": f"{number:024x}", "text": f"{number} {text}"} for number in range(2_000)]
    file = pq.ParquetFile(io.BytesIO(written(many)))
    assert file.metadata.num_row_groups > 1
    assert file.metadata.num_rows == 2_000


def test_an_error_leaves_no_half_file(documents: list[dict[str, Any]], tmp_path: Path) -> None:
    def broken_off() -> Any:
        yield documents[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_partition(broken_off(), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_place_that_cannot_be_written_is_named(documents: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "site=polderbode.example").write_text("in the way")
    with pytest.raises(OutputError, match="polderbode"):
        write_partition(documents[:1], tmp_path)


@given(st.text(max_size=400), st.text(max_size=20))
def test_a_folder_is_two_steps_below_whatever_the_data_say(site: str, month: str) -> None:
    path = folder(Path("/out"), site, month)
    assert path.parent.parent == Path("/out")
    assert path.resolve() == path
    assert all(len(part.encode()) < 256 and "\0" not in part for part in path.parts)
