from __future__ import annotations

import asyncio
import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from bson import Int64
from pymongo.errors import WriteError

from crawler.article import (
    SCHEMA_VERSION,
    Article,
    Image,
    Rights,
    field_types,
    to_document,
)
from pipelines.dedupe import signed
from pipelines.rules import RULES
from pipelines.store_schema import SchemaError, article_schema, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.asynchronous.database import AsyncDatabase
    from pymongo.database import Database

    from crawler.article import RelatedLink

    Anything = AsyncDatabase[Mapping[str, Any]]

PROPERTIES: dict[str, Any] = article_schema()["$jsonSchema"]["properties"]


@pytest.fixture
def filled(article: Callable[..., Article], link: Callable[..., RelatedLink]) -> dict[str, Any]:
    """Return a valid document in which every list has an element and every part is there."""
    made = article(
        lead="Kort.",
        authors=("A. Schrijver",),
        keywords=("brug",),
        aliases=("https://amp.ochtendpost.example/a",),
        image=Image(url="https://www.ochtendpost.example/b.jpg", caption="De brug"),
        related=(link("Een", teaser="Twee"),),
        rights=Rights(tdm_reserved=True, source="meta", robots=("noai",)),
    )
    return to_document(dataclasses.replace(signed(made), bands=("0123456789",)))


def paths(schema: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield every value of a document that the schema says something about, and what it says."""
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name), inner
        yield from paths(inner, (*path, name))
        if "items" in inner:
            yield (*path, name, 0), inner["items"]
            yield from paths(inner["items"], (*path, name, 0))


EVERY_RULE = list(paths({"properties": PROPERTIES}))


def dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def put(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def wrong_values(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield one value against each word of a schema."""
    if "enum" in schema:
        yield "never heard of"
    if "bsonType" in schema:
        yield {"a": 1} if "object" not in schema["bsonType"] else "text"
        if "null" not in schema["bsonType"]:
            yield None
    elif None not in schema["enum"]:
        yield None
    if "pattern" in schema:
        yield "\n"
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1


WRONG = [(path, value) for path, schema in EVERY_RULE for value in wrong_values(schema)]


@pytest.fixture(scope="module")
def articles(mongodb_uri: str) -> Iterator[Any]:
    """Return one collection for all the wrong documents below: none of them gets in."""
    import pymongo

    with pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        database: Database[dict[str, Any]] = client["test_schema_rules"]
        client.drop_database(database.name)
        database.create_collection("articles", validator=article_schema())
        yield database.articles
        client.drop_database(database.name)


@pytest.mark.parametrize(("path", "value"), WRONG, ids=[f"{dotted(path)}={value!r:.20}" for path, value in WRONG])
def test_one_wrong_value(articles: Any, filled: dict[str, Any], path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(WriteError, match="Document failed validation"):
        articles.insert_one(put(filled, path, value))


OBJECTS = [((), {"properties": PROPERTIES}), *((p, s) for p, s in EVERY_RULE if "properties" in s)]
FIELDS = [(path, name) for path, schema in OBJECTS for name in schema["properties"] if (*path, name) != ("_id",)]


@pytest.mark.parametrize(("path", "name"), FIELDS, ids=[dotted((*path, name)) for path, name in FIELDS])
def test_one_missing_field(articles: Any, filled: dict[str, Any], path: tuple[str | int, ...], name: str) -> None:
    document = copy.deepcopy(filled)
    inner: Any = document
    for step in path:
        inner = inner[step]
    del inner[name]
    with pytest.raises(WriteError, match="Document failed validation"):
        articles.insert_one(document)


@pytest.mark.parametrize("path", [path for path, _ in OBJECTS], ids=dotted)
def test_one_field_too_many(articles: Any, filled: dict[str, Any], path: tuple[str | int, ...]) -> None:
    with pytest.raises(WriteError, match="Document failed validation"):
        articles.insert_one(put(filled, (*path, "extra"), 1))


def test_a_right_document_gets_in(articles: Any, filled: dict[str, Any]) -> None:
    articles.insert_one(filled)
    articles.replace_one({"_id": filled["_id"]}, {**filled, "word_count": Int64(3), "language_confidence": 1})
    assert articles.count_documents({}) == 1
    articles.delete_many({})


def test_every_field_is_described_by_its_docstring() -> None:
    assert PROPERTIES["title"]["description"] == "Headline."
    assert PROPERTIES["related"]["items"]["properties"]["teaser"]["description"].startswith("The sentence or two")
    assert all(schema["description"] for path, schema in EVERY_RULE if path[-1] != 0)


def test_schema_has_the_fields_of_the_article_in_order() -> None:
    assert list(PROPERTIES) == ["_id", *(name for name in field_types(Article) if name != "id")]


def test_every_rule_is_used() -> None:
    known = {"id" if path == ("_id",) else dotted(path).replace(".0", "[]") for path, _ in EVERY_RULE}
    assert set(RULES) <= known


async def test_prepares_an_empty_database(empty: Anything) -> None:
    await prepare(empty)
    assert set(await empty.list_collection_names()) >= {"articles", "revisions", "documents"}
    wanted = {
        ("site", "published_at", "_id"),
        ("language", "published_at", "_id"),
        ("published_at", "_id"),
        ("content_hash", "duplicate_of"),
        ("bands", "_id"),
        ("related.article_id",),
        ("duplicate_of",),
        ("aliases",),
    }
    found = {tuple(name for name, _ in i["key"]) for i in (await empty.articles.index_information()).values()}
    assert wanted <= found


async def test_doing_it_again_changes_nothing(empty: Anything) -> None:
    await prepare(empty)
    before = [c async for c in await empty.list_collections()]
    await prepare(empty)
    assert [c async for c in await empty.list_collections()] == before


async def test_two_crawls_may_prepare_at_once(empty: Anything) -> None:
    await asyncio.gather(*(prepare(empty) for _ in range(6)))
    (found,) = [c async for c in await empty.list_collections(filter={"name": "articles"})]
    assert found["options"]["validator"] == article_schema()


async def test_an_older_validator_and_view_are_upgraded(empty: Anything, filled: dict[str, Any]) -> None:
    old = copy.deepcopy(article_schema())
    old["$jsonSchema"]["properties"]["schema"]["enum"] = [0]
    await empty.create_collection("articles", validator=old, validationLevel="strict")
    await empty.create_collection("documents", viewOn="articles", pipeline=[{"$project": {"url": 1}}])
    await empty.articles.insert_one({**filled, "schema": 0})
    await prepare(empty)
    with pytest.raises(WriteError):
        await empty.articles.insert_one({**filled, "_id": "0" * 24, "schema": 0})
    # What an older version left stays readable and writable until it is brought up.
    await empty.articles.update_one({"_id": filled["_id"]}, {"$set": {"last_seen_at": None}})
    row = await empty.documents.find_one({"_id": filled["_id"]})
    assert row is not None
    assert row["document"].startswith(" date 2022-01 De brug")


async def test_whether_an_older_version_was_at_work_is_said_once(empty: Anything) -> None:
    older = copy.deepcopy(article_schema())
    older["$jsonSchema"]["properties"]["schema"]["enum"] = [SCHEMA_VERSION - 1]
    await empty.create_collection("articles", validator=older)
    assert [await prepare(empty) for _ in range(2)] == [True, False]


async def test_a_new_database_has_nothing_older(empty: Anything) -> None:
    assert [await prepare(empty) for _ in range(2)] == [False, False]


async def test_a_collection_made_by_hand_gets_the_validator(empty: Anything) -> None:
    await empty.articles.insert_one({"_id": "by hand"})
    await prepare(empty)
    with pytest.raises(WriteError):
        await empty.articles.insert_one({"_id": "by hand, too"})


async def test_a_newer_schema_is_left_alone(empty: Anything) -> None:
    newer = copy.deepcopy(article_schema())
    newer["$jsonSchema"]["properties"]["schema"]["enum"] = [SCHEMA_VERSION + 1]
    await empty.create_collection("articles", validator=newer)
    why = f"schema version {SCHEMA_VERSION + 1}, and this leesook writes version {SCHEMA_VERSION}: upgrade leesook"
    with pytest.raises(SchemaError, match=why):
        await prepare(empty)
    (found,) = [c async for c in await empty.list_collections(filter={"name": "articles"})]
    assert found["options"]["validator"] == newer


async def test_a_collection_in_the_place_of_the_view(empty: Anything) -> None:
    await empty.documents.insert_one({"mine": True})
    with pytest.raises(SchemaError, match="is a collection"):
        await prepare(empty)


async def test_an_index_in_the_way_is_named(empty: Anything) -> None:
    await empty.articles.create_index("aliases", sparse=True)
    with pytest.raises(SchemaError, match="drop it"):
        await prepare(empty)


@pytest.mark.parametrize(
    ("query", "sort", "index"),
    [
        ({"site": "ochtendpost.example"}, {"published_at": -1}, "site_1_published_at_1__id_1"),
        ({"language": "nl"}, {"published_at": -1}, "language_1_published_at_1__id_1"),
        ({}, {"published_at": -1}, "published_at_1__id_1"),
        ({"related.article_id": "a"}, None, "related.article_id_1"),
        ({"duplicate_of": "a"}, None, "duplicate_of_1"),
        ({"aliases": "a"}, None, "aliases_1"),
        ({"$or": [{"content_hash": "a", "duplicate_of": {"$ne": "b"}}]}, None, "content_hash_1_duplicate_of_1"),
        ({"bands": {"$in": ["a", "b"]}}, None, "bands_1__id_1"),
        ({"bands": "a", "_id": {"$lt": "b"}}, {"_id": -1}, "bands_1__id_1"),
    ],
)
async def test_reads_find_their_index(
    prepared: Anything, query: dict[str, Any], sort: dict[str, int] | None, index: str
) -> None:
    for source in ("articles", "documents"):
        if source == "documents" and not (set(query) <= {"site", "language"} and query):
            continue
        find = {"find": source, "filter": query, **({"sort": sort} if sort and source == "articles" else {})}
        explained = await prepared.command({"explain": find, "verbosity": "queryPlanner"})
        assert index in str(explained)
        assert "COLLSCAN" not in str(explained)
