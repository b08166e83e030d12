"""What a careful reader finds on each page of the fixtures, and how that compares with a document we stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

WORLD = Path(__file__).parents[3] / "fixtures" / "world"
_ENDING = ".expected.json"


def expected_pages(edition: int = 1) -> dict[str, dict[str, Any]]:
    """Return by requested URL what each page of an edition should become."""
    pages: dict[str, dict[str, Any]] = {}
    for path in sorted(WORLD.rglob("*" + _ENDING)):
        name = str(path.relative_to(WORLD)).removesuffix(_ENDING)
        name, _, marked = name.partition(".edition-")
        if int(marked or 1) > edition:
            continue
        url = "http://" + name.removesuffix("/index") + ("/" if name.endswith("/index") else "")
        if url not in pages or marked:
            pages[url] = json.loads(path.read_text(encoding="utf-8"))
    return pages


def differences(expected: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Return one line for each key of `expected` that `document`, as MongoDB has it, does not fulfil."""
    found = (_check(document, key, wanted) for key, wanted in expected.items())
    return [line for line in found if line is not None]


def _check(document: dict[str, Any], key: str, wanted: Any) -> str | None:
    """Return what is wrong with one key; `body_contains` and `body_lacks` are checks on the text."""
    if key == "body_contains":
        missing = [text for text in wanted if text not in document["text"]]
        return f"text lacks {missing!r}" if missing else None
    if key == "body_lacks":
        leaked = [text for text in wanted if text in document["text"]]
        return f"text has {leaked!r}" if leaked else None
    found, normal = _shown(document, key), _normal(key, wanted)
    return None if found == normal else f"{key}: expected {normal!r}, found {found!r}"


def _shown(document: dict[str, Any], key: str) -> Any:
    """Return a field the way the expected documents write it."""
    value = document.get(key)
    if key == "published_at" and value is not None:
        offset = document["published_offset"]
        precision = document["published_precision"]
        if precision in ("day", "month"):
            return value.strftime("%Y-%m-%d" if precision == "day" else "%Y-%m")
        return value.astimezone(UTC if offset is None else timezone(timedelta(minutes=offset))).isoformat()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if key == "body":
        return [{k: v for k, v in block.items() if v is not None} for block in value]
    if key == "related":
        return [{k: v for k, v in link.items() if k != "article_id"} for link in value]
    return value


def _normal(key: str, wanted: Any) -> Any:
    if key in ("published_at", "modified_at") and isinstance(wanted, str) and "T" in wanted:
        instant = datetime.fromisoformat(wanted)
        return (instant.astimezone(UTC) if key == "modified_at" else instant).isoformat()
    if key == "related":
        return [{"label": None, "teaser": None, **link} for link in wanted]
    if key == "image" and wanted is not None:
        return {"caption": None, **wanted}
    return wanted
