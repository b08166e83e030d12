"""The pages as they come over HTTP: what is on them, what hostile pages make of them, what a lost MongoDB does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from crawler.article import Block, BlockType, Paywall, Position, RelatedLink
from crawler.dashboard.pages import excerpt
from crawler.mongodb.embedded import EmbeddedServer, embedded_server
from crawler.text_search import Words
from crawler.url import article_id
from tests.crawler.dashboard.conftest import Store
from tests.crawler.dashboard.serving import Answer, Dashboard, serving
from tests.processes import kill, standing_still

EVIL = (
    "</pre></title></textarea>\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*97}}{% raw %}\u202e${x}&lt;"
)
EVIL_URLS = ("javascript:alert(1)", "JaVaScRiPt:alert(1)//https://a.nl/", "data:text/html,<script>alert(1)</script>")


@pytest.fixture
def hostile(store: Store, prepared: Database[dict[str, Any]]) -> dict[str, Any]:
    """Return an article in which everything a page can say is meant ill; in no validator's way."""
    document = store("https://a.nl/kwaad", first_seen_at=datetime.now(UTC))
    key = document["_id"]
    links = [
        {"label": EVIL, "title": EVIL, "teaser": EVIL, "url": url, "article_id": f"{at:024x}", "position": "end"}
        for at, url in enumerate(EVIL_URLS)
    ]
    changes = {
        "title": EVIL, "lead": f"{EVIL}!", "text": EVIL, "authors": [EVIL], "section": EVIL, "keywords": [EVIL],
        "url": EVIL_URLS[0], "image": {"url": EVIL_URLS[2], "caption": EVIL}, "related": links, "revision": 2,
        "language": '"><script>', "rights": {"tdm_reserved": True, "source": EVIL},
        "body": [{"type": kind, "text": EVIL, "level": None} for kind in BlockType],
        "extractor": {"version": EVIL, "trafilatura": EVIL}, "published_source": EVIL, "kind": EVIL,
    }  # fmt: skip
    prepared.command({"collMod": "articles", "validator": {}})
    prepared["articles"].update_one({"_id": key}, {"$set": changes})
    earlier = {**document, "_id": f"{key}:1", "article_id": key, "revision": 1, "changed": [EVIL], "text": f"{EVIL} x"}
    prepared["revisions"].insert_one(earlier)
    page = {"_id": key, "url": EVIL_URLS[0], "site": "a.nl", "state": "failed", "reason": EVIL, "detail": EVIL,
            "via": EVIL, "found_on": EVIL_URLS[1], "article_id": key, "discovered_at": datetime.now(UTC)}  # fmt: skip
    prepared["pages"].insert_one(page)
    run = {
        "spider": EVIL, "arguments": {EVIL: EVIL}, "reason": EVIL, "alarms": [{"message": EVIL}],
        **dict.fromkeys(("started_at", "heartbeat_at", "ended_at"), datetime.now(UTC)),
        "reasons": {"failed": {EVIL: 1}}, "states": {"failed": 1}, "discovered": 1, "balances": False,
    }  # fmt: skip
    prepared["crawls"].insert_one(run)
    prepared["listings"].insert_many([{"site": "a.nl", "url": url, "kind": EVIL, "reason": EVIL} for url in EVIL_URLS])
    found = prepared["articles"].find_one({"_id": key})
    assert found is not None
    return found


def is_harmless(answer: Answer) -> None:
    for element in answer.page.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in {"script", "iframe", "object", "embed", "base", "img", "style"}, element.tag
        names = [str(name).lower() for name in element.attrib]
        assert not [name for name in names if name.startswith("on") or name == "style"], names
        for name in ("href", "src", "action", "xlink:href"):
            target = element.get(name)
            assert target is None or target.startswith(("/", "#", "http://", "https://")), target
            if target is not None and target.startswith("http"):
                assert {"noreferrer", "noopener"} <= set(element.get("rel", "").split())
    assert "{{7*97}}" not in answer.text or "679" not in answer.words


def test_what_hostile_pages_say_is_text(dashboard: Dashboard, hostile: dict[str, Any]) -> None:
    key = hostile["_id"]
    paths = ["/", "/articles", f"/articles/{key}", f"/articles/{key}/graph", "/sites", "/sites/a.nl"]
    answers = {path: dashboard.get(path) for path in paths}
    for path, answer in answers.items():
        assert answer.status == 200, path
        is_harmless(answer)
    # Not left out, either: it stands there as it was written.
    story = answers[f"/articles/{key}"]
    assert story.page.xpath("//article//h1")[0].text_content() == EVIL
    assert len(story.page.xpath("//div[@class='body']//*[contains(text(), '<script>alert(1)')]")) == len(BlockType)
    assert story.page.xpath("//title")[0].text_content().startswith(EVIL)
    assert "javascript:alert(1)" in story.words
    assert len(answers[f"/articles/{key}/graph"].page.xpath("//*[contains(@class, 'absent')]")) == len(EVIL_URLS)


QUERIES = (
    "q=<script>alert(1)</script>", 'q="><img src=x onerror=alert(1)>', "q=(a%2B)%2B$", "q=.*", "q=%5B", "q[$ne]=x",
    "q={'$gt':''}", "q=%00", "q=%ED%A0%80", "q=" + "a" * 3000, "q=-", 'q="', "site=<script>", "site[$gt]=x",
    "language=$ne", "kind={{7*7}}", "since=';drop", "after=AAAA", "before=%FF", "after=" + "A" * 500, "q=https://",
    "q=javascript:alert(1)", "q=http://[", "paywall[]=closed", "repeats=only&links=no&kind=video&until=0001-01",
)  # fmt: skip


def test_whatever_is_asked_for(dashboard: Dashboard, hostile: dict[str, Any]) -> None:
    for query in QUERIES:
        answer = dashboard.get(f"/articles?{query}")
        assert answer.status == 200, query
        is_harmless(answer)


def test_what_is_not_here(dashboard: Dashboard) -> None:
    nobody = "0" * 24
    paths = ["/nowhere", "/articles/x", "/articles/../sites", "/sites/nowhere.nl", "/sites/<script>", "/sites/%00"]
    for path in (*paths, f"/articles/{nobody}", f"/articles/{nobody}/graph", f"/articles/{nobody}/json"):
        answer = dashboard.get(path)
        assert (answer.status, "Not here" in answer.words) == (404, True), path
        is_harmless(answer)


def test_an_article_is_set_like_a_page_of_a_newspaper(dashboard: Dashboard, store: Store) -> None:
    store("https://b.nl/ander", title="De brug")
    body = [(BlockType.PARAGRAPH, "Eerst dit."), (BlockType.HEADING, "Tussenkop"), (BlockType.LIST_ITEM, "een"),
            (BlockType.LIST_ITEM, "twee"), (BlockType.QUOTE, "Nou ja.")]  # fmt: skip
    link = RelatedLink(
        label="Lees ook", title="Over de brug", teaser="Kort.", url="https://b.nl/ander",
        article_id=article_id("https://b.nl/ander"), position=Position.INLINE,
    )  # fmt: skip
    document = store(
        "https://a.nl/sluis",
        title="De sluis gaat dicht",
        lead="Een halve winter lang.",
        authors=("A. Bakker", "B. Visser"),
        section="Binnenland",
        body=tuple(Block(type=kind, text=text, level=2 if kind is BlockType.HEADING else None) for kind, text in body),
        related=(link,),
        paywall=Paywall(declared=True),
    )
    page = dashboard.get(f"/articles/{document['_id']}").page
    (story,) = page.xpath("//article")
    assert (story.get("lang"), story.get("dir")) == ("nl", "ltr")
    assert [h.text_content() for h in story.xpath(".//h1 | .//h2 | .//h3")] == [
        "De sluis gaat dicht", "Tussenkop", "Lees ook", "Over de brug",
    ]  # fmt: skip
    assert story.xpath("string(.//*[@class='standfirst'])") == "Een halve winter lang."
    assert story.xpath("string(.//*[@class='byline'])") == "A. Bakker, B. Visser"
    assert " ".join(story.xpath("string(.//*[@class='dateline'])").split()) == (
        "Friday 7 January 2022, 14:05 UTC+01:00 from the page’s JSON-LD"
    )
    assert [li.text for li in story.xpath(".//div[@class='body']/ul/li")] == ["een", "twee"]
    assert story.xpath(".//blockquote/p/text()") == ["Nou ja."]
    assert f"/articles/{article_id('https://b.nl/ander')}" in story.xpath(".//section//a/@href")
    assert "declared" in page.xpath("string(//aside)")


@pytest.mark.parametrize(("first", "shown"), [("Kort en bondig.", ["De rest."]), ("Langer.", ["Langer.", "De rest."])])
def test_the_standfirst_stands_there_once(dashboard: Dashboard, store: Store, first: str, shown: list[str]) -> None:
    body = tuple(Block(type=BlockType.PARAGRAPH, text=text) for text in (first, "De rest."))
    document = store("https://a.nl/kort", title="De sluis", lead="Kort en bondig.", body=body)
    (story,) = dashboard.get(f"/articles/{document['_id']}").page.xpath("//article")
    assert story.xpath("string(.//*[@class='standfirst'])") == "Kort en bondig."
    assert story.xpath(".//div[@class='body']/p/text()") == shown


def test_a_language_written_from_the_right(dashboard: Dashboard, store: Store) -> None:
    document = store("https://a.nl/ar", title="مكتبة متنقلة", language="ar")
    (story,) = dashboard.get(f"/articles/{document['_id']}").page.xpath("//article")
    assert (story.get("lang"), story.get("dir")) == ("ar", "rtl")
    (line,) = dashboard.get("/articles").page.xpath("//h2/a")
    assert (line.get("lang"), line.get("dir")) == ("ar", "rtl")


def test_json_is_what_an_export_writes(dashboard: Dashboard, store: Store) -> None:
    document = store("https://a.nl/1")
    answer = dashboard.get(f"/articles/{document['_id']}/json")
    assert answer.headers["Content-Type"] == "application/json"
    found = json.loads(answer.text)
    assert (found["_id"], found["published_at"]) == (document["_id"], "2022-01-07T14:05:00+01:00")
    shown = dashboard.get(f"/articles/{document['_id']}").page.xpath("//pre")[-1].text_content()
    assert json.loads(shown) == found


def test_an_address_leads_to_its_article(dashboard: Dashboard, store: Store) -> None:
    document = store("https://a.nl/1", aliases=("https://a.nl/amp/1",))
    for url in ("https://a.nl/1", "https://a.nl/1?utm_source=x", "https://a.nl/amp/1"):
        answer = dashboard.get(f"/articles?q={url}")
        assert (answer.status, answer.headers["Location"]) == (303, f"/articles/{document['_id']}")
    assert dashboard.get("/articles?q=https://a.nl/2").status == 200


def test_fields_left_empty_are_not_in_the_address(dashboard: Dashboard) -> None:
    answer = dashboard.get("/articles?q=de+sluis&site=&language=nl&since=")
    assert (answer.status, answer.headers["Location"]) == (303, "/articles?q=de+sluis&language=nl")
    assert dashboard.get("/articles?q=").headers["Location"] == "/articles"


def test_metrics(dashboard: Dashboard, store: Store) -> None:
    store("https://a.nl/1")
    answer = dashboard.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "leesook_articles 1.0" in answer.text


def test_an_empty_database_says_how_to_fill_it(database: Database[dict[str, Any]]) -> None:
    with serving(database) as dashboard:
        for path in ("/", "/articles", "/sites"):
            assert "scrapy crawl news" in dashboard.get(path).words
        assert "no index of words yet" in dashboard.get("/articles?q=sluis").words


def test_what_is_broken_is_on_the_front_page(dashboard: Dashboard, prepared: Database[dict[str, Any]]) -> None:
    since = datetime.now(UTC) - timedelta(hours=2)
    finding = {
        "measure": "time", "state": "broken", "since": since, "hits": 0, "of": 14, "window": None, "usual": 0.98,
        "low": 0.9, "broken_share": 0.0,
    }  # fmt: skip
    assert "Alarms" not in dashboard.get("/").words
    prepared["outlets"].insert_one({"_id": "a.nl", "findings": [finding]})
    assert "a.nl: articles with date and time broke: 0 of 14, usually 98%" in dashboard.get("/").words


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Return a server that a test may stop."""
    with embedded_server(tmp_path / "db") as server:
        yield server


def test_a_mongodb_that_hangs_or_is_gone(own_server: EmbeddedServer) -> None:
    with (
        pymongo.MongoClient[dict[str, Any]](own_server.uri, tz_aware=True, serverSelectionTimeoutMS=500) as client,
        serving(client["news"]) as dashboard,
    ):
        assert dashboard.get("/").status == 200
        with standing_still(own_server.pid):
            answer = dashboard.get("/")
        assert (answer.status, "MongoDB does not answer" in answer.words) == (503, True)
        assert dashboard.get("/sites").status == 200
        kill(own_server.pid)
        for path in ("/articles?q=x", "/metrics"):
            answer = dashboard.get(path)
            assert (answer.status, "MongoDB does not answer" in answer.words) == (503, True)
        assert dashboard.get("/static/dashboard.css").status == 200


def test_a_mongodb_that_is_slow(database: Database[dict[str, Any]]) -> None:
    # Every article takes it five seconds to read.
    dawdle = {"$function": {"body": "function () { sleep(5000); return true; }", "args": [], "lang": "js"}}
    keys = [f"{number:024x}" for number in range(4)]
    database["stored"].insert_many([{"_id": key, "site": "a.nl", "title": "x"} for key in keys])
    database.command("create", "articles", viewOn="stored", pipeline=[{"$match": {"$expr": dawdle}}])
    with serving(database) as dashboard:
        parts = dashboard.get("/sites")
        assert (parts.status, "MongoDB took too long for this part" in parts.words) == (200, True)
        whole = dashboard.get(f"/articles/{keys[0]}")
        assert (whole.status, "MongoDB takes too long" in whole.words) == (503, True)


def test_an_excerpt_shows_where_the_words_are() -> None:
    text = f"{'Eerst een heel stuk tekst. ' * 20}Dan staat hier de sluis, en nog een Sluis. {'Tot slot dit. ' * 40}"
    pieces = excerpt(text, Words(wanted=("sluis",)))
    assert [piece for piece, hit in pieces if hit] == ["sluis", "Sluis"]
    assert "".join(piece for piece, _ in pieces).startswith("… ")
    assert len("".join(piece for piece, _ in pieces)) < 260
    assert excerpt("Kort.", Words(wanted=("weg",))) == [("Kort.", False)]
    assert excerpt("", Words(wanted=("weg",))) == []
