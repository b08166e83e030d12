"""The queries that the documentation shows for mongosh and for R, asked by pymongo: neither shell can be had by pip."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pymongo.database import Database

_CALL = re.compile(r"\.(?P<name>\w+)\((?P<arguments>(?:[^()]|\([^()]*\))*)\)")


def values(written: str) -> list[Any]:
    """Return the arguments of a call in mongosh: JSON with bare names as keys. Raises ValueError."""
    quoted = re.sub(r"(?<=[{,\s])([$\w.]+)(?=\s*:)", r'"\1"', written)
    return list(json.loads(f"[{quoted}]"))


def ask_as_mongosh(database: Database[dict[str, Any]], line: str) -> Any:
    """Return what `db.collection.method(…)…` finds. Raises ValueError for what is no such line."""
    found = re.fullmatch(r"db\.(?P<collection>\w+)(?P<calls>(?:\.\w+\(.*\))+)(?:\.(?P<field>\w+))?;?", line.strip())
    if found is None:
        raise ValueError(f"no query: {line}")
    result: Any = database[found["collection"]]
    for call in _CALL.finditer(found["calls"]):
        name, arguments = call["name"], values(call["arguments"])
        if name == "sort":
            result = result.sort(list(arguments[0].items()))
        else:
            result = getattr(result, re.sub(r"([A-Z])", r"_\1", name).lower())(*arguments)
    if isinstance(result, Mapping):
        return result[found["field"]] if found["field"] else result
    return list(result) if not isinstance(result, int) else result


def ask_as_r(database: Database[dict[str, Any]], code: str) -> Iterator[list[Any]]:
    """Yield what each `x$find('{…}', fields = '{…}', limit = n)` of mongolite finds in its collection."""
    collections = dict(re.findall(r'(\w+) <- mongo\("(\w+)"', code))
    for name, query, more in re.findall(r"(\w+)\$find\('(.*?)'(.*)\)", code):
        fields = re.search(r"fields = '(.*?)'", more)
        limit = re.search(r"limit = (\d+)", more)
        found = database[collections[name]].find(json.loads(query), json.loads(fields[1]) if fields else None)
        yield list(found.limit(int(limit[1]) if limit else 0))
