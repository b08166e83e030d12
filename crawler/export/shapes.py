"""The shapes of an exported article: a JSON line, a row of a table, a text."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from crawler.article import Article

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FIELDS = tuple("_id" if field.name == "id" else field.name for field in dataclasses.fields(Article))
"""Every field of the schema, in its order."""

SEPARATOR = "\n\f\n"
"""What stands between two texts of one stream: a line with a form feed and nothing else."""

# Valid in JSON, but line ends to many a reader of "one document a line" (Python's str.splitlines, JavaScript).
_LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"})


def portable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document of `articles` as plain JSON values, with the fields of the schema in their order.

    `published_at` is in the publisher's own offset, and no more exact than the page was; other instants are in UTC.
    """
    return {name: published(document) if name == "published_at" else _plain(document.get(name)) for name in FIELDS}


def published(document: Mapping[str, Any]) -> str | None:
    """Return the time of publication as ISO 8601: `2022-01-07T14:05:00+01:00`, `2022-01-07`, or `2022-01`.

    `Z` where the page names no offset: the instant is right, the publisher's clock is not known.
    """
    at: datetime | None = document.get("published_at")
    if at is None:
        return None
    precision = document.get("published_precision")
    if precision == "month":
        return at.isoformat()[:7]
    if precision == "day":
        return at.isoformat()[:10]
    offset = document.get("published_offset")
    if offset is None:
        return _instant(at)
    return _in_utc(at).astimezone(timezone(timedelta(minutes=offset))).isoformat()


def _instant(at: datetime) -> str:
    return _in_utc(at).isoformat().replace("+00:00", "Z")


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def json_lines(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each document of `articles` as one line of JSON."""
    for document in documents:
        yield json.dumps(portable(document), ensure_ascii=False).translate(_LINE_ENDS) + "\n"


def texts(documents: Iterable[str]) -> Iterator[str]:
    """Yield texts in the founding shape with `SEPARATOR` between them, nothing before the first or after the last."""
    for number, document in enumerate(documents):
        yield SEPARATOR + document if number else document


# ------------------------------------------------------------------------------------------------------- table

COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "_id": lambda d: d["_id"],
    "url": lambda d: d["url"],
    "site": lambda d: d["site"],
    "kind": lambda d: d["kind"],
    "date": lambda d: d["date"],
    "published_at": lambda d: d["published_at"],
    "modified_at": lambda d: d["modified_at"],
    "title": lambda d: d["title"],
    "lead": lambda d: d["lead"],
    "authors": lambda d: "; ".join(d["authors"] or ()),
    "section": lambda d: d["section"],
    "keywords": lambda d: "; ".join(d["keywords"] or ()),
    "image_url": lambda d: (d["image"] or {}).get("url"),
    "language": lambda d: d["language"],
    "language_confidence": lambda d: d["language_confidence"],
    "word_count": lambda d: d["word_count"],
    "text": lambda d: d["text"],
    "related_count": lambda d: len(d["related"] or ()),
    "related": lambda d: json.dumps(d["related"] or [], ensure_ascii=False),
    "duplicate_of": lambda d: d["duplicate_of"],
    "similarity": lambda d: d["similarity"],
    "paywall_declared": lambda d: (d["paywall"] or {}).get("declared"),
    "paywall_truncated": lambda d: (d["paywall"] or {}).get("truncated"),
    "tdm_reserved": lambda d: (d["rights"] or {}).get("tdm_reserved"),
    "revision": lambda d: d["revision"],
    "first_seen_at": lambda d: d["first_seen_at"],
    "last_seen_at": lambda d: d["last_seen_at"],
    "changed_at": lambda d: d["changed_at"],
}
"""The columns of the table, each with what it holds of a `portable` document.

Lists of names are joined by `; `; `related` is the list as JSON. Blocks of the body and the details of the fetch are
only in the JSON lines.
"""

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), the full-width forms included.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def table(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the head of a CSV table (RFC 4180, UTF-8) and a row for each document of `articles`.

    What a page says must not become a formula in somebody's spreadsheet: a text that starts like one gets a `'` before
    it. True and false are `true` and `false`, null is empty.
    """
    yield _row(COLUMNS)
    for document in documents:
        plain = portable(document)
        yield _row(_cell(value_of(plain)) for value_of in COLUMNS.values())


def _row(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and (value[:1] in _FORMULA or value.lstrip()[:1] in _FORMULA) and value:
        return f"'{value}"
    return value
