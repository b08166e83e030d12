"""The pages of the dashboard: a request in, what MongoDB says, HTML out."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

import pymongo
from pymongo.errors import ExecutionTimeout, NetworkTimeout, PyMongoError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crawler.article import Kind
from crawler.dashboard.choice import choice_of, place_of
from crawler.dashboard.guard import Guard
from crawler.dashboard.layout import drawn
from crawler.dashboard.pages import render
from crawler.dashboard.queries import article as one
from crawler.dashboard.queries import articles, neighbourhood, overview, site, sites, standing
from crawler.dashboard.queries.search import NoTextIndex
from crawler.export.shapes import portable
from crawler.frontier.health import metrics_text, read_outlets
from crawler.frontier.overview import page_counts
from crawler.health.metrics import CONTENT_TYPE
from crawler.mongodb.lookup import find_article
from crawler.url import InvalidURL

if TYPE_CHECKING:
    from pymongo.database import Database
    from starlette.requests import Request
    from starlette.types import ASGIApp

logger = logging.getLogger(__name__)

CONTACT_SECONDS = 1.5
"""So long a page waits for a MongoDB that does not answer at all."""
PAGE_SECONDS = 4.0
"""What all questions of a page to MongoDB may take together."""
PART_SECONDS = 2.0
"""What those of one part of a page may take: a part that is late is left out, and the page says so."""

COUNT_SECONDS = 0.15
"""What a count may take that nobody waits for: a list without it is as good."""

# The server says that its time is up, or the client finds that first.
_LATE = (ExecutionTimeout, NetworkTimeout)
_KEY = re.compile(r"[0-9a-f]{24}")
_STATIC = Path(__file__).with_name("static")

T = TypeVar("T")
Page = Callable[["Database[dict[str, Any]]", "Request"], Response]


def dashboard(database: Database[dict[str, Any]], *, names: Sequence[str] = ()) -> ASGIApp:
    """Return the application. names: host names under which it may be asked, beside `localhost` and addresses."""

    def page(path: str, answer: Page) -> Route:
        return Route(path, _bounded(answer, database), methods=["GET"])

    pages = Starlette(
        routes=[
            page("/", front),
            page("/articles", article_list),
            page("/articles/{key}", article),
            page("/articles/{key}/graph", graph),
            page("/articles/{key}/json", article_json),
            page("/sites", site_list),
            page("/sites/{name}", site_page),
            page("/metrics", metrics),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={HTTPException: _http_problem, Exception: _our_problem},
    )
    # Around everything: as a middleware of Starlette's, it would not see the answer to a mistake of ours.
    return Guard(pages, names)


def front(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with what came in, how the runs went, and what is pending."""
    now = datetime.now(UTC)
    totals = overview.totals(database)
    parts = _parts(
        volume=lambda: overview.volume(database, now=now),
        languages=lambda: overview.languages(database),
        states=lambda: overview.states(database),
        pending=lambda: overview.pending(database),
        runs=lambda: overview.runs(database, now=now),
        alarms=lambda: standing.alarms(read_outlets(database)),
    )
    return _html("overview.html", totals=totals, **parts)


def article_list(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with the articles that the query string asks for, a page of them."""
    parameters = request.query_params
    if not all(parameters.values()):
        # A form sends its empty fields along; an address that somebody passes on has none.
        filled = [(name, value) for name, value in parameters.multi_items() if value]
        return RedirectResponse(f"/articles?{urlencode(filled)}".rstrip("?"), status_code=303)
    chosen, problems = choice_of(parameters)
    if chosen.q.lower().startswith(("http://", "https://")) and (key := _key_of_url(database, chosen.q)):
        return RedirectResponse(f"/articles/{key}", status_code=303)
    after, before = place_of(parameters.get("after", "")), place_of(parameters.get("before", ""))
    reads: dict[str, Callable[[], Any]] = {
        "sites": lambda: articles.known_sites(database),
        "languages": lambda: articles.known_languages(database),
        "listed": lambda: articles.list_articles(database, chosen, after=after, before=before),
        "found": lambda: None if chosen.q else _part(lambda: articles.count_articles(database, chosen), COUNT_SECONDS),
    }
    no_index = False
    try:
        parts = _parts(**reads)
    except NoTextIndex:
        no_index, parts = True, _parts(**reads | {"listed": lambda: None})
    return _html(
        "articles.html",
        chosen=chosen,
        problems=problems,
        no_index=no_index,
        ceiling=articles.COUNTED,
        kinds=[str(kind) for kind in Kind],
        **parts,
    )


def article(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with one article, set as a newspaper sets it, and all that is known of it."""
    found = one.article(database, _key(request))
    if found is None:
        raise HTTPException(404, "There is no article of that key. It may have been forgotten since.")
    shown = json.dumps(portable(found.document), ensure_ascii=False, indent=2)
    return _html("article.html", found=found, document=found.document, json=shown, many=one.MANY)


def article_json(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with one article as JSON, as `scrapy export` writes it."""
    document = database["articles"].find_one({"_id": _key(request)})
    if document is None:
        raise HTTPException(404, "There is no article of that key.")
    return JSONResponse(portable(document))


def graph(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with the read-also links around an article."""
    around = neighbourhood.neighbourhood(database, _key(request))
    if around is None:
        raise HTTPException(404, "There is no article of that key.")
    return _html("graph.html", around=around, drawing=drawn(around))


def site_list(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with all outlets, a line each."""
    parts = _parts(
        articles=lambda: sites.articles_by_site(database),
        states=lambda: sites.states_by_site(database),
    )
    late = None in parts.values()
    return _html("sites.html", shown_states=sites.SHOWN_STATES, lines=None if late else sites.site_lines(**parts))


def site_page(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with how one outlet does."""
    name, now = str(request.path_params["name"]).lower(), datetime.now(UTC)
    known = {"site": name}
    if not database["articles"].find_one(known, {"_id": 1}) and not database["pages"].find_one(known, {"_id": 1}):
        raise HTTPException(404, "Nothing is known of a site of that name.")
    parts = _parts(
        volume=lambda: overview.volume(database, now=now, days=site.DAYS, site=name),
        fills=lambda: site.fills(database, name, now=now),
        delays=lambda: site.delays(database, name, now=now),
        pages=lambda: page_counts(database, sites=[name]),
        sources=lambda: site.sources(database, name),
        standing=lambda: standing.of_site(database, name),
    )
    return _html("site.html", site=name, limits=site, **parts)


def metrics(database: Database[dict[str, Any]], request: Request) -> Response:
    """Answer with the metrics, for Prometheus."""
    return Response(metrics_text(database), media_type=CONTENT_TYPE)


def _bounded(answer: Page, database: Database[dict[str, Any]]) -> Callable[[Request], Response]:
    """Return the page with a limit to what it may ask of MongoDB, and a page of its own for when it gets no answer."""

    @wraps(answer)
    def bounded(request: Request) -> Response:
        try:
            with pymongo.timeout(CONTACT_SECONDS):
                database.command("ping")
        except PyMongoError as error:
            return _database_problem(error, lost=True)
        try:
            with pymongo.timeout(PAGE_SECONDS):
                return answer(database, request)
        except PyMongoError as error:
            return _database_problem(error, lost=not isinstance(error, _LATE))

    return bounded


def _parts(**reads: Callable[[], Any]) -> dict[str, Any]:
    """Return what the parts of a page need, all asked for at once; None for one that MongoDB takes too long over.

    Raises PyMongoError where it is lost, or refuses.
    """
    with ThreadPoolExecutor(max_workers=len(reads)) as threads:
        # The limit of the page goes along into each thread: PyMongo keeps it in a context variable.
        asked = {name: threads.submit(copy_context().run, _part, read) for name, read in reads.items()}
    return {name: answer.result() for name, answer in asked.items()}


def _part(read: Callable[[], T], seconds: float = PART_SECONDS) -> T | None:
    try:
        with pymongo.timeout(seconds):
            return read()
    except _LATE:
        logger.info("MongoDB did not answer a part of a page within %g seconds", seconds)
        return None


def _key(request: Request) -> str:
    key = str(request.path_params["key"])
    if not _KEY.fullmatch(key):
        raise HTTPException(404, "The key of an article has 24 hexadecimal digits.")
    return key


def _key_of_url(database: Database[dict[str, Any]], url: str) -> str | None:
    try:
        found = find_article(database, url)
    except InvalidURL:
        return None
    return str(found["_id"]) if found else None


def _html(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(render(template, **values), status_code=status)


def _database_problem(error: PyMongoError, *, lost: bool) -> Response:
    if lost:
        title = "MongoDB does not answer"
        words = (
            "The database was lost, or refuses. Once it runs again, load this page anew: nothing else has to be done. "
            "For the embedded one, end this dashboard and start it again."
        )
    else:
        title = "MongoDB takes too long"
        words = f"It was asked for no more than {PAGE_SECONDS:g} seconds. Ask for less: a site, a period, rarer words."
    logger.warning("%s: %s", title, " ".join(str(error).split())[:300])
    return _html("problem.html", 503, title=title, words=words)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = error.detail if isinstance(error, HTTPException) else ""
    title = {404: "Not here", 405: "Only for reading"}.get(status, "That does not work")
    return _html("problem.html", status, title=title, words=words)


async def _our_problem(request: Request, error: Exception) -> Response:
    return _html(
        "problem.html",
        500,
        title="The dashboard made a mistake",
        words=f"It is in the log of scrapy dashboard, under {quote(request.url.path)}.",
    )
