"""What the other pages ask: the front page, one article, the links around it, one outlet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from crawler.article import DatePrecision, Fetch, Position, RelatedLink, Via
from crawler.dashboard.queries import article as one
from crawler.dashboard.queries import neighbourhood as links
from crawler.dashboard.queries import overview, site, sites, standing
from crawler.url import article_id
from crawler.word_diff import Change
from tests.crawler.dashboard.conftest import Store

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def link(url: str, **fields: Any) -> RelatedLink:
    whole = {"label": "Lees ook", "title": url, "url": url, "article_id": article_id(url), "position": Position.END}
    return RelatedLink(**whole | fields)


class TestOverview:
    def test_volume_by_day_and_site(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        for number, (name, days) in enumerate([("a.nl", 0), ("a.nl", 0), ("b.nl", 1), ("a.nl", 29), ("a.nl", 30)]):
            store(f"https://{name}/{number}", first_seen_at=NOW - timedelta(days=days))
        volume = overview.volume(prepared, now=NOW)
        assert (volume.days[0], volume.days[-1], volume.total) == (date(2026, 2, 19), date(2026, 3, 20), 4)
        assert [(s.site, s.total, s.counts[-2:], s.counts[0]) for s in volume.series] == [
            ("a.nl", 3, (0, 2), 1),
            ("b.nl", 1, (1, 0), 0),
        ]
        (alone,) = overview.volume(prepared, now=NOW, days=2, site="b.nl").series
        assert (alone.site, alone.counts) == ("b.nl", (1, 0))

    def test_small_sites_are_taken_together(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        for number in range(10):
            for copy in range(10 - number):
                store(f"https://site{number}.nl/{copy}", first_seen_at=NOW)
        *named, others = overview.volume(prepared, now=NOW).series
        assert [series.site for series in named] == [f"site{number}.nl" for number in range(7)]
        assert (others.site, others.sites, others.total) == (None, 3, 3 + 2 + 1)

    def test_languages_and_states(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        for number, language in enumerate(["nl", "nl", "fy", None]):
            store(f"https://a.nl/{number}", language=language, search_language="none")
        assert overview.languages(prepared) == [("nl", 2), (None, 1), ("fy", 1)]
        states = ["stored", "stored", "pending", "failed"]
        prepared["pages"].insert_many([{"state": state, "site": "a.nl", "discovered_at": NOW} for state in states])
        assert dict(overview.states(prepared)) == {
            "pending": 1, "stored": 2, "unchanged": 0, "duplicate": 0, "rejected": 0, "failed": 1,
        }  # fmt: skip

    def test_pending_by_site(self, prepared: Database[dict[str, Any]]) -> None:
        rows = [("a.nl", 1), ("b.nl", 3), ("b.nl", 2)]
        prepared["pages"].insert_many(
            [{"state": "pending", "site": name, "discovered_at": NOW - timedelta(days=days)} for name, days in rows]
        )
        prepared["pages"].insert_one({"state": "failed", "site": "c.nl", "discovered_at": NOW})
        assert overview.pending(prepared) == [
            overview.Pending(site="b.nl", pages=2, oldest=NOW - timedelta(days=3)),
            overview.Pending(site="a.nl", pages=1, oldest=NOW - timedelta(days=1)),
        ]

    def test_runs_with_their_reasons_and_alarms(self, prepared: Database[dict[str, Any]]) -> None:
        row = {
            "_id": ObjectId(), "spider": "news", "arguments": {}, "started_at": NOW, "heartbeat_at": NOW,
            "ended_at": NOW + timedelta(minutes=3), "reason": "finished", "exit_code": 0, "discovered": 3,
            "states": {"stored": 1, "failed": 2}, "balances": True,
            "reasons": {"failed": {"timeout": 1, "http-status": 2}}, "alarms": [{"message": "a.nl: x broke"}],
        }  # fmt: skip
        prepared["crawls"].insert_many([row, {**row, "_id": ObjectId(), "started_at": NOW - timedelta(days=1)}])
        last, _ = overview.runs(prepared, now=NOW)
        assert last.reasons == (("failed", "http-status", 2), ("failed", "timeout", 1))
        assert last.alarms == ("a.nl: x broke",)
        assert last.summary.seconds == 180


class TestArticle:
    def test_of_an_unknown_key(self, prepared: Database[dict[str, Any]]) -> None:
        assert one.article(prepared, "0" * 24) is None

    def test_links_lead_to_our_copies(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        store("https://a.nl/ours")
        cards = (link("https://a.nl/ours", position=Position.INLINE), link("https://b.nl/theirs", teaser="Kort."))
        document = store("https://a.nl/1", related=cards)
        found = one.article(prepared, document["_id"])
        assert found is not None
        assert [(card.id, card.inline, card.teaser) for card in found.cards] == [
            (article_id("https://a.nl/ours"), True, None),
            (None, False, "Kort."),
        ]
        assert found.founding_shape is not None
        assert found.founding_shape.startswith(" date 2022-01 ")
        other = one.article(prepared, article_id("https://a.nl/ours"))
        assert other is not None
        assert [brief.id for brief in other.pointers] == [document["_id"]]

    def test_revisions_as_words(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        document = store("https://a.nl/1", title="De sluis gaat open", revision=3, changed_at=NOW)
        earlier = [("De sluis gaat dicht", 2, NOW - timedelta(days=1)), ("De brug gaat dicht", 1, None)]
        for title, revision, at in earlier:
            row = {**document, "_id": f"{document['_id']}:{revision}", "article_id": document["_id"]}
            changed = {"title": title, "revision": revision, "changed_at": at, "changed": ["title"], "replaced_at": NOW}
            prepared["revisions"].insert_one({**row, **changed})
        found = one.article(prepared, document["_id"])
        assert found is not None
        assert [(step.number, step.at, step.changed) for step in found.steps] == [
            (3, NOW, ("title",)),
            (2, NOW - timedelta(days=1), ("title",)),
        ]
        (diff,) = found.steps[0].diffs
        assert diff.name == "Headline"
        pieces = [(piece.change, piece.text) for piece in diff.paragraphs[0]]
        assert (Change.REMOVED, "dicht") in pieces
        assert (Change.ADDED, "open") in pieces

    def test_repeats_of_it_and_beside_it(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        first = store("https://a.nl/1")["_id"]
        copies = [store(f"https://b.nl/{n}", duplicate_of=first, similarity=0.9)["_id"] for n in range(2)]
        original, copy = one.article(prepared, first), one.article(prepared, copies[0])
        assert original is not None
        assert copy is not None
        assert {brief.id for brief in original.repeats} == set(copies)
        assert (original.original, copy.original and copy.original.id) == (None, first)
        assert [brief.id for brief in copy.repeats] == [copies[1]]

    def test_how_it_was_found(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        pointer = store("https://a.nl/pointer")
        fetch = Fetch(requested_url="https://a.nl/1?utm_source=rss", via=Via.READ_ALSO)
        document = store("https://a.nl/1", fetch=fetch)
        row = {"site": "a.nl", "state": "stored", "depth": 1, "visits": 2, "discovered_at": NOW, "visited_at": NOW}
        own = {**row, "_id": document["_id"], "url": "https://a.nl/1", "via": "read-also", "found_on": pointer["_id"]}
        amp = {**row, "_id": "a" * 24, "url": "https://a.nl/a", "via": "feed", "found_on": "https://a.nl/rss"}
        prepared["pages"].insert_many([{**amp, "article_id": document["_id"]}, {**own, "article_id": document["_id"]}])
        found = one.article(prepared, document["_id"])
        assert found is not None
        first, second = found.trails
        assert (first.url, first.pointer and first.pointer.id, first.depth) == ("https://a.nl/1", pointer["_id"], 1)
        assert (second.found_on, second.pointer) == ("https://a.nl/rss", None)


class TestNeighbourhood:
    def test_two_steps_either_way(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        chain = [f"https://a.nl/{number}" for number in range(7)]
        for number, url in enumerate(chain):
            target = chain[number + 1] if number < 6 else "https://b.nl/weg"
            store(url, related=(link(target),))
        around = links.neighbourhood(prepared, article_id(chain[3]))
        assert around is not None
        steps = {node.id: node.step for node in around.nodes}
        assert steps == {article_id(chain[3 + step]): step for step in (-2, -1, 0, 1, 2)}
        assert len(around.links) == 4
        last = links.neighbourhood(prepared, article_id(chain[6]))
        assert last is not None
        (absent,) = [node for node in last.nodes if not node.ours]
        assert (absent.step, absent.title, absent.url) == (1, "https://b.nl/weg", "https://b.nl/weg")

    def test_a_circle_and_itself(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        one, two = "https://a.nl/1", "https://a.nl/2"
        store(one, related=(link(two), link(one)))
        store(two, related=(link(one),))
        around = links.neighbourhood(prepared, article_id(one))
        assert around is not None
        assert [(node.id, node.step) for node in around.nodes] == [(article_id(one), 0), (article_id(two), 1)]
        assert set(around.links) == {(article_id(one), article_id(two)), (article_id(two), article_id(one))}

    def test_crowds_are_counted(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        store("https://a.nl/0", related=tuple(link(f"https://b.nl/{number}") for number in range(40)))
        around = links.neighbourhood(prepared, article_id("https://a.nl/0"))
        assert around is not None
        assert (len(around.nodes), around.left_out) == (1 + links.PER_COLUMN, {1: 40 - links.PER_COLUMN})


class TestSite:
    def test_fill_rates_against_the_days_before(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        for day in range(12):
            for number in range(4):
                authors = ("A. Bakker",) if day and number else ()
                at = NOW - timedelta(days=day)
                store(f"https://a.nl/{day}/{number}", authors=authors, first_seen_at=at, word_count=100)
        fills = site.fills(prepared, "a.nl", now=NOW)
        assert (fills.articles, fills.read, len(fills.days)) == (48, 48, site.DAYS)
        by_name = {fill.field: fill for fill in fills.fields}
        authors, time = by_name["authors"], by_name["time"]
        assert (authors.latest, authors.baseline, authors.spread) == (0.0, 0.75, 0.0)
        assert (time.latest, time.baseline) == (1.0, 1.0)
        assert authors.shares[-13:] == (None, *([0.75] * 11), 0.0)
        assert fills.words[-1] == 100

    def test_of_many_articles_a_fair_share_is_read(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        for number in range(400):
            store(f"https://a.nl/{number}", first_seen_at=NOW - timedelta(days=number % 4))
        fills = site.fills(prepared, "a.nl", now=NOW, sample=200)
        assert fills.articles == 400
        assert 140 < fills.read < 260
        assert all(share == 1 for share in fills.fields[0].shares[-4:])

    def test_delays_of_what_a_scheduled_crawl_found(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        cases = [(10, Via.FEED, DatePrecision.SECOND), (200, Via.SITEMAP, DatePrecision.MINUTE)]
        others = [(1, Via.LIST, DatePrecision.SECOND), (1, Via.FEED, DatePrecision.DAY)]
        for number, (minutes, via, precision) in enumerate(cases + others):
            url = f"https://a.nl/{number}"
            published = NOW - timedelta(minutes=minutes)
            fetch = Fetch(requested_url=url, via=via)
            store(url, first_seen_at=NOW, published_at=published, published_precision=precision, fetch=fetch)
        delays = site.delays(prepared, "a.nl", now=NOW)
        assert (delays.articles, delays.median) == (2, (10 + 200) * 60 / 2)

    def test_feeds_and_sitemaps(self, prepared: Database[dict[str, Any]]) -> None:
        row = {"site": "a.nl", "kind": "feed", "period": 900.0, "looked_at": NOW, "next_look_at": NOW, "looks": 3,
               "news": 5, "failures": 2, "reason": "timeout"}  # fmt: skip
        new = {"site": "a.nl", "kind": "sitemap", "looks": 0, "news": 0, "failures": 0, "reason": None}
        prepared["listings"].insert_many([{**new, "url": "https://a.nl/s"}, {**row, "url": "https://a.nl/rss"}])
        first, second = site.sources(prepared, "a.nl")
        assert (first.url, first.period, first.news, first.failures) == ("https://a.nl/rss", 900.0, 5, 2)
        assert (second.period, second.looked_at, second.reason) == (None, None, None)
        assert site.sources(prepared, "b.nl") == []

    def test_lines_of_all_sites(self, store: Store, prepared: Database[dict[str, Any]]) -> None:
        for number in range(3):
            store(f"https://a.nl/{number}", first_seen_at=NOW - timedelta(days=number))
        prepared["pages"].insert_many([{"site": name, "state": "failed"} for name in ("a.nl", "b.nl", "b.nl")])
        one, two = sites.site_lines(sites.articles_by_site(prepared), sites.states_by_site(prepared))
        assert (one.site, one.articles, one.latest, one.pages["failed"]) == ("a.nl", 3, NOW, 1)
        assert (two.site, two.articles, two.latest, two.pages["failed"]) == ("b.nl", 0, None, 2)

    def test_what_is_broken(self, prepared: Database[dict[str, Any]]) -> None:
        finding = {
            "measure": "time", "state": "broken", "since": NOW, "hits": 0, "of": 14, "window": None,
            "usual": 0.98, "low": 0.9, "broken_share": 0.0,
        }  # fmt: skip
        well = {**finding, "measure": "authors", "state": "healthy", "hits": 14, "since": None}
        prepared["outlets"].insert_one({"_id": "a.nl", "findings": [finding, well]})
        found = standing.of_site(prepared, "a.nl")
        (alarm,) = found.alarms
        assert alarm.words == "a.nl: articles with date and time broke: 0 of 14, usually 98%"
        assert [(line.label, line.is_broken) for line in found.lines] == [
            ("articles with date and time", True),
            ("articles with an author", False),
        ]
        assert standing.of_site(prepared, "b.nl").lines == ()
