"""New, changed and erased articles as MongoDB had them in turn, no gap, no repeat: a change stream, resumable."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from crawler.article import RejectionReason
from crawler.export.selection import Selection, mongo_filter
from crawler.mongodb.reading import COLLECTION

if TYPE_CHECKING:
    from bson import Timestamp
    from pymongo.change_stream import ChangeStream
    from pymongo.collection import Collection
    from pymongo.database import Database

    from crawler.mongodb.resume import Place

BATCH = 500
"""Articles in one batch; what is held in memory at any time."""

UNREMARKABLE = ("last_seen_at", "fetch", "fetched_url", "extractor")
"""Fields that also change when an article is found as it was."""

_AWAIT_MS = 200  # how long the server may wait for an event: the most that one is late because others may follow it
_PEEK_MS = 1
_GONE = ("drop", "dropDatabase", "rename", "invalidate")
_HISTORY_LOST = frozenset({280, 286})  # ChangeStreamFatalError, ChangeStreamHistoryLost
_NOT_A_TOKEN = frozenset({9, 50811, 260})  # FailedToParse, a token of another form, InvalidResumeToken
_NOT_REPLICATED = 40573


class TooLate(Exception):
    """The server no longer has what happened since the place."""


class NotFollowable(Exception):
    """There is nothing to follow. Its text is one sentence for a person: why, and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An article that is no more."""

    id: str
    """Its `_id`."""
    at: datetime
    """When it was erased, UTC, to the second."""


News = dict[str, Any] | Erasure
"""A document of `articles` as it is now, or that there is none any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What has come since the place before, each article once, as it is now.

    A change that was itself changed again before it could be read is not told of: the later one is. Only where the two
    are of different fields can an article come twice as the same.
    """

    news: list[News]
    """Articles that came, changed or went; none where only the place has moved."""
    place: Place
    """From where to go on when these are dealt with."""


def follow(database: Database[dict[str, Any]], chosen: Selection, place: Place) -> Iterator[Batch]:
    """Yield batch after batch from a place on, for ever; the first, perhaps empty, says that the server answers.

    chosen: languages and sites, no period. Of an erased article nothing is left that tells whether it was chosen: each
    erasure is told. Where the stored articles are wanted first (`place.scanning`), they come in
    the order of `_id`, a stretch at a time, between them what changes in the stretches that have been: an article is
    never given as it was before, and none slips through. What was erased before it could be given is not told of; only
    to a reader who begins again (`place.again`) and may have it from before.

    Raises TooLate, NotFollowable, and PyMongoError when the server is lost: go on from the last place then.
    """
    articles = database.get_collection(COLLECTION, read_concern=ReadConcern("majority"))
    try:
        if place.token is None:
            place = dataclasses.replace(place, token=_present(articles))
        if place.scanning:
            with _watch(articles, chosen, place.token, _PEEK_MS) as stream:
                place = dataclasses.replace(place, token=_token(stream))
                yield Batch(news=[], place=place)
                while place.scanning:
                    batch = _stretch(articles, stream, chosen, place)
                    yield batch
                    place = batch.place
        with _watch(articles, chosen, place.token, _AWAIT_MS) as stream:
            yield Batch(news=[], place=dataclasses.replace(place, token=_token(stream)))
            while True:
                changed = _changes(stream)
                place = dataclasses.replace(place, token=_token(stream))
                yield Batch(news=changed, place=place)
    except OperationFailure as error:
        if error.code in _HISTORY_LOST:
            raise TooLate from error
        if error.code in _NOT_A_TOKEN:
            raise NotFollowable("the resume file is not of this server: begin again with another") from error
        if error.code == _NOT_REPLICATED:
            raise NotFollowable(
                "this MongoDB is not a replica set and has no change streams: start it with --replSet rs0 and run "
                "rs.initiate() once"
            ) from error
        raise


def _watch(
    articles: Collection[dict[str, Any]], chosen: Selection, token: dict[str, Any] | None, await_ms: int
) -> ChangeStream[dict[str, Any]]:
    return articles.watch(
        _pipeline(chosen),
        full_document="updateLookup",
        resume_after=token,
        max_await_time_ms=await_ms,
        batch_size=BATCH,
    )


def _pipeline(chosen: Selection) -> list[dict[str, Any]]:
    """Return what the server leaves out: other sites and languages, and articles found as they were."""
    wanted: dict[str, Any] = {}
    for name, values in (("language", chosen.languages), ("site", chosen.sites)):
        if values:
            wanted[f"fullDocument.{name}"] = {"$in": list(values)}
    updated = {"$objectToArray": "$updateDescription.updatedFields"}
    top_level = {"$arrayElemAt": [{"$split": ["$$field.k", "."]}, 0]}
    names = {"$map": {"input": updated, "as": "field", "in": top_level}}
    remarkable = {"$ne": [{"$setDifference": [names, list(UNREMARKABLE)]}, []]}
    shortened = {"$ne": [{"$ifNull": ["$updateDescription.truncatedArrays", []]}, []]}
    removed = {"$ne": [{"$ifNull": ["$updateDescription.removedFields", []]}, []]}
    return [
        {
            "$match": {
                "$or": [
                    {"operationType": {"$in": ["delete", *_GONE]}},
                    {"operationType": {"$in": ["insert", "replace"]}, **wanted},
                    {"operationType": "update", **wanted, "$expr": {"$or": [remarkable, shortened, removed]}},
                ]
            }
        },
        {
            "$project": {
                "operationType": 1,
                "documentKey": 1,
                "fullDocument": 1,
                "clusterTime": 1,
                "updateDescription.updatedFields": 1,
            }
        },
    ]


def _changes(stream: ChangeStream[dict[str, Any]]) -> list[News]:
    """Return what comes until the stream falls silent for a moment, each article once."""
    changed: dict[str, News] = {}
    for _ in range(BATCH):
        event = stream.try_next()
        if event is None:
            break
        _apply(event, changed)
    return list(changed.values())


def _stretch(
    articles: Collection[dict[str, Any]],
    stream: ChangeStream[dict[str, Any]],
    chosen: Selection,
    place: Place,
) -> Batch:
    """Return the next stretch of the stored articles, and what has changed in those before.

    The stream is read up to the moment at which the stretch was: an event in the stretch takes the place of what was
    read there, one before it is news, one behind it will be met when its turn comes.
    """
    query = mongo_filter(chosen)
    if place.scanned is not None:
        query = {"$and": [query, {"_id": {"$gt": place.scanned}}]}
    client = articles.database.client
    with client.start_session() as session:
        found = list(articles.find(query, session=session).sort("_id", 1).limit(BATCH))
        read_at: Timestamp | None = session.operation_time
    assert read_at is not None
    there = _present(articles, read_at)
    whole = len(found) < BATCH
    last = found[-1]["_id"] if found else place.scanned
    stretch: dict[str, News] = {document["_id"]: document for document in found}
    if place.again:
        erased = _forgotten(articles, place.scanned, None if whole else last)
        stretch = {**{erasure.id: erasure for erasure in erased}, **stretch}
    news: dict[str, News] = {}
    while True:
        event = stream.try_next()
        if event is None:
            if _token(stream)["_data"] >= there["_data"]:
                break
            continue
        key = event["documentKey"]["_id"] if "documentKey" in event else None
        if key is not None and place.scanned is not None and key <= place.scanned:
            _apply(event, news)
        elif key is None or whole or key <= last:
            _apply(event, stretch, told=place.again)
        if event["clusterTime"] > read_at:
            break
    return Batch(
        news=[*news.values(), *stretch.values()],
        place=dataclasses.replace(
            place,
            token=_token(stream),
            scanned=None if whole else last,
            scanning=not whole,
            again=place.again and not whole,
        ),
    )


def _forgotten(articles: Collection[dict[str, Any]], after: str | None, last: str | None) -> Iterator[Erasure]:
    """Yield the articles that `scrapy forget` has erased, by what it leaves in `pages`; None: without that bound."""
    bounds = {name: key for name, key in (("$gt", after), ("$lte", last)) if key is not None}
    query: dict[str, Any] = {"reason": RejectionReason.FORGOTTEN, "_id": bounds or {"$exists": True}}
    query["$expr"] = {"$eq": ["$_id", "$article_id"]}
    for row in articles.database["pages"].find(query, {"visited_at": 1}).sort("_id", 1):
        yield Erasure(id=row["_id"], at=row["visited_at"].replace(microsecond=0))


def _apply(event: dict[str, Any], news: dict[str, News], *, told: bool = True) -> None:
    """Let the newest stand for an article, at the end. Raises NotFollowable.

    told: its reader may have it, so that he must learn that it is no more.
    """
    if event["operationType"] in _GONE:
        raise NotFollowable(
            f"the collection {COLLECTION} was dropped or renamed: begin again with --from-start once there is a new one"
        )
    key, document = event["documentKey"]["_id"], event.get("fullDocument")
    if event["operationType"] == "delete":
        news.pop(key, None)
        if told:
            news[key] = Erasure(id=key, at=event["clusterTime"].as_datetime())
    elif document is not None and not _is_overtaken(event, document):
        news.pop(key, None)
        news[key] = document


def _is_overtaken(event: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether the article, as it is when the event comes, has been changed again, so that another event follows.

    The server gives an update with the document of the moment at which we ask, not of the change.
    """
    updated: dict[str, Any] = event.get("updateDescription", {}).get("updatedFields", {})
    return any(
        _value_at(document, path) != value
        for path, value in updated.items()
        if path.partition(".")[0] not in UNREMARKABLE
    )


def _value_at(value: Any, path: str) -> Any:
    """Return what is at `related.0.title` in a document; None where there is nothing."""
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _present(articles: Collection[dict[str, Any]], at_least: Timestamp | None = None) -> dict[str, Any]:
    """Return the token of the present, or of an instant up to which all is known to have been read."""
    # Nothing matches: with events in its first answer a stream has no token of its own yet.
    nothing = [{"$match": {"operationType": "nothing"}}]
    with articles.watch(nothing, start_at_operation_time=at_least, max_await_time_ms=_PEEK_MS) as stream:
        return _token(stream)


def _token(stream: ChangeStream[dict[str, Any]]) -> dict[str, Any]:
    token = stream.resume_token
    assert token is not None  # servers since 4.0.7 send one with every answer
    return dict(token)
