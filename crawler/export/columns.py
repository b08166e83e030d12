"""Articles as columns: the Parquet schema, made from the Article class, and the files of an export in that format.

| of the Article | in Parquet |
|---|---|
| str, and the enumerated ones | string |
| int, float, bool | int64, double, boolean |
| instants | timestamp in milliseconds, UTC |
| lists (`authors`, `aliases`, …) | list |
| `body`, `related` | list of structs, with the fields of Block and RelatedLink |
| `image`, `paywall`, `rights`, `fetch`, `extractor` | struct |

The columns have the names and the order of the fields of a document, `_id` first; each may be null. `published_at` is
the instant, `published_offset` the publisher's offset from UTC in minutes beside it. Of a partitioned export the
folders hold the site and the month (`site=nrc.nl/month=2022-01/articles.parquet`, as Hive has it), the files no `site`.

Needs pyarrow, the extra `parquet`.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.article import Article, field_types
from crawler.export.output import whole_file

FILE = "articles.parquet"
"""Name of the file in each folder of a partitioned export."""
UNDATED = "undated"
"""The month of undated articles. Hive's own word for null is one that pandas cannot read."""
ROW_GROUP_BYTES = 32 << 20
"""A row group is closed at this size in memory (uncompressed); so much, and as much again to encode it, is held."""
_ROWS_AT_ONCE = 500
_NAME_LENGTH = 180
# Within a month of the publisher's clock, articles come in the order of UTC: no clock is a day off.
_STRAGGLERS = timedelta(days=2)
_SCALARS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def schema(*, without: Iterable[str] = ()) -> pa.Schema:
    """Return the schema of the files, but for the columns named."""
    left_out = set(without)
    fields = [
        pa.field("_id" if name == "id" else name, _type(hint))
        for name, hint in field_types(Article).items()
        if name not in left_out
    ]
    return pa.schema(fields)


def _type(hint: Any) -> pa.DataType:
    if typing.get_origin(hint) is types.UnionType:
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
    if typing.get_origin(hint) is tuple:
        return pa.list_(_type(typing.get_args(hint)[0]))
    if dataclasses.is_dataclass(hint):
        return pa.struct([(name, _type(inner)) for name, inner in field_types(typing.cast("type", hint)).items()])
    if issubclass(hint, StrEnum):
        return pa.string()
    if issubclass(hint, datetime):
        return pa.timestamp("ms", tz="UTC")
    return _SCALARS[hint]


def write_parquet(documents: Iterable[Mapping[str, Any]], stream: BinaryIO) -> None:
    """Write documents of `articles` as one Parquet file. Memory does not grow with their number. Raises OSError."""
    with _File(stream, schema()) as file:
        for document in documents:
            file.add(document)


def write_partition(documents: Iterable[Mapping[str, Any]], directory: Path) -> None:
    """Write the documents of one site, in the order of publication, into one file a month below `directory`.

    Each file takes its place when it is whole. Few are open at any time. Raises OutputError.
    """
    columns = schema(without=["site"])
    with ExitStack() as stack:
        open_files: dict[str, tuple[_File, ExitStack, datetime | None]] = {}
        for document in documents:
            month, at = document.get("date") or UNDATED, document.get("published_at")
            if month not in open_files:
                _close_done(open_files, at)
                opened = stack.enter_context(ExitStack())
                stream = opened.enter_context(whole_file(folder(directory, document["site"], month) / FILE))
                open_files[month] = (opened.enter_context(_File(stream, columns)), opened, at)
            file, opened, _ = open_files[month]
            open_files[month] = (file, opened, at)
            file.add(document)


def _close_done(open_files: dict[str, tuple[_File, ExitStack, datetime | None]], at: datetime | None) -> None:
    for month, (_, opened, last) in list(open_files.items()):
        if at is not None and (last is None or at - last > _STRAGGLERS):
            opened.close()
            del open_files[month]


def folder(directory: Path, site: str, month: str) -> Path:
    """Return the folder for a site and a month: whatever these are, two folders below `directory`."""
    return directory / f"site={_encoded(site)}" / f"month={_encoded(month)}"


def _encoded(value: str) -> str:
    """Return a value as the name of a Hive folder has it, percent-encoded; cut where no file system would take it."""
    name = quote(value, safe="", errors="replace")
    if len(name) <= _NAME_LENGTH:
        return name
    return f"{name[:_NAME_LENGTH]}-{blake2b(value.encode(errors='replace'), digest_size=8).hexdigest()}"


class _File:
    """A Parquet file that is written row group by row group."""

    def __init__(self, stream: BinaryIO, columns: pa.Schema) -> None:
        self._columns = columns
        self._writer = pq.ParquetWriter(stream, columns, compression="zstd")
        self._rows: list[Mapping[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0

    def __enter__(self) -> _File:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self._gather()
            self._flush()
            self._writer.close()
        else:
            # There is nothing to finish, the file will not take its place; but left open, the writer complains later.
            with suppress(Exception):
                self._writer.close()
            self._writer.is_open = False

    def add(self, document: Mapping[str, Any]) -> None:
        """Write a document, now or with others."""
        self._rows.append(document)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._gather()
            if self._bytes >= ROW_GROUP_BYTES:
                self._flush()

    def _gather(self) -> None:
        if self._rows:
            batch = pa.RecordBatch.from_pylist(self._rows, schema=self._columns)
            self._rows = []
            self._batches.append(batch)
            self._bytes += batch.nbytes

    def _flush(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches, schema=self._columns)
            self._batches, self._bytes = [], 0
            self._writer.write_table(table, row_group_size=table.num_rows)
