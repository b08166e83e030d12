"""What the database promises its readers: the schema of `articles`, its indexes, and the view `documents`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import logging
import textwrap
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from crawler import text_search
from crawler.article import SCHEMA_VERSION, Article, Kind, field_types
from crawler.export import selection
from pipelines.rules import RULES
from pipelines.store_view import VIEW, VIEW_ON, view_pipeline

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

ARTICLES = VIEW_ON
REVISIONS = "revisions"

ARTICLE_INDEXES = (
    # Read either way: the newest first, or in the order of an export.
    *(IndexModel(list(keys)) for keys in selection.INDEXES),
    # With duplicate_of, so that a copy that points elsewhere is found at once among a thousand that do not.
    IndexModel([("content_hash", ASCENDING), ("duplicate_of", ASCENDING)]),
    # Who stands for a text, and who for one like it; with _id, so that a key many have in common is read in part.
    IndexModel([("bands", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("related.article_id", ASCENDING)]),
    IndexModel([("duplicate_of", ASCENDING)]),
    IndexModel([("aliases", ASCENDING)]),
    # What came in when, outlet by outlet; with _id, a hash, so that an even share of it can be drawn.
    IndexModel([("site", ASCENDING), ("first_seen_at", ASCENDING), ("_id", ASCENDING)]),
    # The few of a kind, or behind a paywall, in the order of a list; all the others are not in these.
    IndexModel(
        [("kind", ASCENDING), *selection.ORDER],
        name="rare_kinds",
        partialFilterExpression={"kind": {"$gt": Kind.ARTICLE.value}},
    ),
    *(
        IndexModel([(field, ASCENDING), *selection.ORDER], name=field, partialFilterExpression={field: True})
        for field in ("paywall.declared", "paywall.truncated")
    ),
)
TEXT_INDEX = IndexModel(list(text_search.KEYS), **text_search.OPTIONS)
"""For the words in articles, each by the grammar of its language. An article takes 1.5 to 3 ms more to insert with it,
several times that where it has outgrown the server's cache (docs/scale.md), and 5 to 12 kB more on the disk
(benchmarks/storage.py): hence the setting TEXT_INDEX."""
REVISION_INDEXES = (
    IndexModel([("article_id", ASCENDING), ("revision", DESCENDING)]),
    IndexModel([("related.article_id", ASCENDING)]),
)

logger = logging.getLogger(__name__)

_MANY = 5_000
"""Articles from which on it is said that an index is made: then it takes seconds."""
_UNAUTHORIZED = 13
_NAMESPACE_EXISTS = 48
# 67: a second text index, of which there can be one only.
_INDEX_CONFLICTS = frozenset({67, 85, 86})

_TYPES: dict[type, list[str]] = {
    str: ["string"],
    bool: ["bool"],
    int: ["int", "long"],
    float: ["double", "int", "long"],
    datetime: ["date"],
}


class SchemaError(Exception):
    """The database cannot be brought to this version's schema. One sentence: what is wrong, and the remedy."""


def article_schema() -> dict[str, Any]:
    """Return the validator of `articles`: a `$jsonSchema` with every field, its type, its rule and its description."""
    schema = _object_schema(Article, "")
    properties = {"_id": schema["properties"].pop("id"), **schema["properties"]}
    properties["schema"]["enum"] = [SCHEMA_VERSION]
    required = ["_id", *(name for name in schema["required"] if name != "id")]
    return {"$jsonSchema": {"title": "article", **schema, "required": required, "properties": properties}}


async def prepare(database: AsyncDatabase[Mapping[str, Any]], *, words: bool = True) -> bool:
    """Create what is missing and upgrade what is older than this version; harmless when two crawls do it at once.

    Documents of an older version may stay: MongoDB checks them once they are brought up (validationLevel moderate).
    Returns whether there may be such: an older version prepared the database last.
    words: make the text index too (`index_words`).
    Raises SchemaError where a newer leesook has been at work or the user may not, and PyMongoError.
    """
    try:
        before = await _prepare_collection(database, ARTICLES, article_schema())
        await _prepare_collection(database, REVISIONS, None)
        await _prepare_view(database)
        await _prepare_indexes(database, ARTICLES, ARTICLE_INDEXES)
        await _prepare_indexes(database, REVISIONS, REVISION_INDEXES)
        if words:
            await index_words(database)
        return before is not None and before < SCHEMA_VERSION
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        raise SchemaError(
            f"the user in MONGODB_URI may not prepare the collections of {database.name}: "
            f"grant the roles readWrite and dbAdmin on {database.name}"
        ) from None


async def index_words(database: AsyncDatabase[Mapping[str, Any]]) -> None:
    """Make the text index; one that is there stays. Over 100,000 articles that takes MongoDB a minute or two, once.

    Raises SchemaError, PyMongoError.
    """
    if text_search.INDEX in await database[ARTICLES].index_information():
        return
    if (many := await database[ARTICLES].estimated_document_count()) >= _MANY:
        logger.info("Making the index of words over %s articles, once: a minute or two for every 100,000", f"{many:,}")
    await _prepare_indexes(database, ARTICLES, (TEXT_INDEX,))


async def _prepare_collection(
    database: AsyncDatabase[Mapping[str, Any]], name: str, validator: dict[str, Any] | None
) -> int | None:
    """Create or change a collection; return the version of its schema before, None where there was none."""
    wanted: dict[str, Any] = {"validator": validator, "validationLevel": "moderate"} if validator else {}
    if (found := await _options(database, name)) is None:
        try:
            await database.create_collection(name, check_exists=False, **wanted)
            return None
        except (CollectionInvalid, OperationFailure) as error:
            if not _exists_already(error):
                raise
            found = await _options(database, name) or {}
    version = _version_of(found.get("validator"))
    if version is not None and version > SCHEMA_VERSION:
        raise SchemaError(
            f"the database {database.name} has schema version {version}, and this leesook writes version "
            f"{SCHEMA_VERSION}: upgrade leesook, or name another database with MONGODB_DATABASE"
        )
    if any(found.get(option) != value for option, value in wanted.items()):
        await database.command({"collMod": name, **wanted})
    return version


async def _prepare_view(database: AsyncDatabase[Mapping[str, Any]]) -> None:
    wanted: dict[str, Any] = {"viewOn": VIEW_ON, "pipeline": view_pipeline()}
    if (found := await _options(database, VIEW)) is None:
        try:
            await database.create_collection(VIEW, check_exists=False, **wanted)
            return
        except (CollectionInvalid, OperationFailure) as error:
            if not _exists_already(error):
                raise
            found = await _options(database, VIEW) or {}
    if "viewOn" not in found:
        raise SchemaError(f"{database.name}.{VIEW} is a collection, and leesook needs the name for a view: rename it")
    if any(found.get(option) != value for option, value in wanted.items()):
        await database.command({"collMod": VIEW, **wanted})


async def _prepare_indexes(
    database: AsyncDatabase[Mapping[str, Any]], name: str, indexes: tuple[IndexModel, ...]
) -> None:
    try:
        await database[name].create_indexes(list(indexes))
    except OperationFailure as error:
        if error.code not in _INDEX_CONFLICTS:
            raise
        raise SchemaError(
            f"an index of {database.name}.{name} is in the way of one of leesook's, by its name, its keys or its kind: "
            f"drop it ({error.details.get('errmsg') if error.details else error})"
        ) from None


async def _options(database: AsyncDatabase[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Return the options of a collection or view; None if there is none of that name."""
    async for found in await database.list_collections(filter={"name": name}):
        options: Mapping[str, Any] = found["options"]
        return options
    return None


def _exists_already(error: Exception) -> bool:
    return isinstance(error, CollectionInvalid) or (
        isinstance(error, OperationFailure) and error.code == _NAMESPACE_EXISTS
    )


def _version_of(validator: Any) -> int | None:
    """Return the version of the documents that a validator admits; None where it names none."""
    try:
        return int(max(validator["$jsonSchema"]["properties"]["schema"]["enum"]))
    except (TypeError, KeyError, ValueError):
        return None


def _object_schema(cls: type, path: str) -> dict[str, Any]:
    hints = field_types(cls)
    texts = _field_descriptions(cls)
    return {
        "bsonType": ["object"],
        "required": list(hints),
        "additionalProperties": False,
        "properties": {
            name: {**_value_schema(hint, f"{path}{name}"), "description": texts[name]} for name, hint in hints.items()
        },
    }


def _value_schema(hint: Any, path: str) -> dict[str, Any]:
    nullable = typing.get_origin(hint) is types.UnionType
    if nullable:
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
    rule = RULES[path].as_schema() if path in RULES else {}
    schema: dict[str, Any]
    if typing.get_origin(hint) is tuple:
        schema = {"bsonType": ["array"], "items": _value_schema(typing.get_args(hint)[0], f"{path}[]")}
    elif dataclasses.is_dataclass(hint):
        schema = _object_schema(typing.cast("type", hint), f"{path}.")
    elif issubclass(hint, StrEnum):
        schema = {"enum": [str(value) for value in hint] + ([None] if nullable else [])}
    else:
        schema = {"bsonType": list(_TYPES[hint]), **rule}
    if nullable and "bsonType" in schema:
        schema["bsonType"].append("null")
    return schema


@cache
def _field_descriptions(cls: type) -> dict[str, str]:
    """Return the line of documentation under each field of a dataclass, read from its source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    body = typing.cast("ast.ClassDef", definition).body
    return {
        statement.target.id: " ".join(str(text.value.value).split())
        for statement, text in itertools.pairwise(body)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
