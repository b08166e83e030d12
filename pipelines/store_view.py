"""The view `documents`: each article in the founding shape, made by MongoDB itself when it is read."""

from __future__ import annotations

from typing import Any

from crawler.founding_shape import DEFAULT_LABEL

VIEW = "documents"
"""Name of the view."""

VIEW_ON = "articles"
"""The collection it shows."""

_BREAK = "\n\n"


def view_pipeline() -> list[dict[str, Any]]:
    """Return the aggregation of the view: `{_id, url, site, language, date, document}`.

    `document` equals `crawler.founding_shape.founding_shape` of the article, byte for byte. The fields beside it are
    the article's own, so that a condition on them still finds its index.
    """
    return [
        {
            "$project": {
                "url": 1,
                "site": 1,
                "language": 1,
                "date": 1,
                "document": {"$concat": [_stamp(), "$text", _tail()]},
            }
        }
    ]


def _stamp() -> dict[str, Any]:
    return {"$cond": [_is_filled("$date"), {"$concat": [" date ", "$date", " "]}, ""]}


def _tail() -> dict[str, Any]:
    """One group for each distinct label: `Label:` and its links, each with the blank line before it."""
    return {
        "$let": {
            "vars": {"links": {"$map": {"input": {"$ifNull": ["$related", []]}, "as": "link", "in": _link()}}},
            "in": _joined(
                _distinct("$$links.label"),
                {"$concat": [_BREAK, "$$this", ":", _links_under("$$this")]},
            ),
        }
    }


def _link() -> dict[str, Any]:
    """A link as its label and its lines."""
    label = {"$cond": [_is_filled("$$link.label"), "$$link.label", DEFAULT_LABEL]}
    teaser = {"$cond": [_is_filled("$$link.teaser"), {"$concat": [_BREAK, "$$link.teaser"]}, ""]}
    return {"label": label, "lines": {"$concat": [_BREAK, "$$link.title", teaser]}}


def _links_under(label: str) -> dict[str, Any]:
    # $reduce names its variables itself, so the label needs a name of its own inside.
    matching = {"$filter": {"input": "$$links", "as": "link", "cond": {"$eq": ["$$link.label", "$$label"]}}}
    return {"$let": {"vars": {"label": label}, "in": _joined(matching, "$$this.lines")}}


def _distinct(array: str) -> dict[str, Any]:
    """Return the distinct values of an array in the order of first appearance, which $setUnion does not keep."""
    unseen = {"$cond": [{"$in": ["$$this", "$$value"]}, [], ["$$this"]]}
    return {"$reduce": {"input": array, "initialValue": [], "in": {"$concatArrays": ["$$value", unseen]}}}


def _joined(array: Any, text: Any) -> dict[str, Any]:
    """Return the texts made from the elements of an array, as one."""
    return {"$reduce": {"input": array, "initialValue": "", "in": {"$concat": ["$$value", text]}}}


def _is_filled(field: str) -> dict[str, Any]:
    """Whether a field is there, not null and not empty: what a Python condition calls true."""
    return {"$gt": [field, ""]}
