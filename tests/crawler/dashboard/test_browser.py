"""The dashboard in a real browser, on what a real crawl of the invented newspapers brought."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pymongo
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright
from pymongo.database import Database

from fixtures.server import FixtureServer
from tests.running import ROOT, environment, scrapy

NEWS = ("crawl", "news", "-a", f"sites_file={ROOT / 'fixtures' / 'sites.toml'}", "-s", "SITEMAP_DAYS=0")
AGAIN = ("-s", "REVISITS=0", "-s", "LISTING_PERIOD_MAX=0", "-s", "READ_ALSO_DEPTH=0", "-a", "sites=noorderkoerier")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 780}
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Tab:
    """A page of the browser, and whatever went wrong in it."""

    page: Page
    base: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.base):
            self.problems.append(f"asked elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        # What the browser itself drops when it leaves for the next page, an icon mostly, nobody misses. A server that
        # refuses, breaks off or says nothing has an error of its own.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def go(self, path: str) -> None:
        """Go to a page, and find it in order."""
        self.page.goto(self.base + path)
        self.in_order()

    def in_order(self) -> None:
        """Assert that nothing went wrong, and that nobody has to scroll sideways."""
        assert self.problems == []
        width = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], self.page.url


@dataclass(frozen=True)
class Newsroom:
    """What a crawl brought, and a dashboard on it."""

    base: str
    database: Database[dict[str, Any]]

    def one(self, **query: Any) -> str:
        """Return the `_id` of an article that is like this."""
        found = self.database["articles"].find_one(query, sort=[("published_at", -1), ("_id", -1)])
        assert found is not None, query
        return str(found["_id"])

    def paths(self) -> list[str]:
        """Return a path to a page of every kind."""
        linked = self.one(**{"related.1": {"$exists": True}, "language": "nl"})
        revised = self.one(revision=2)
        return [
            "/",
            "/articles",
            "/articles?q=sluis+-storm&links=yes&repeats=hide",
            "/articles?q=nergenstevinden&since=nooit",
            f"/articles/{linked}",
            f"/articles/{linked}/graph",
            f"/articles/{revised}",
            f"/articles/{self.one(duplicate_of={'$ne': None})}",
            f"/articles/{self.one(language='ar')}",
            "/sites",
            "/sites/noorderkoerier.example",
        ]


@pytest.fixture(scope="module")
def newsroom(mongodb_uri: str) -> Iterator[Newsroom]:
    """Return the dashboard of a database that two crawls fill while it runs; the second finds texts that changed."""
    name = f"test_{uuid.uuid4().hex}"
    with (
        FixtureServer() as papers,
        pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client,
    ):
        env = environment(mongodb_uri=mongodb_uri, database=name, proxy=papers.url)
        command = [sys.executable, "-m", "scrapy", "dashboard", "--port", "0"]
        with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                base = process.stdout.readline().split()[-1].rstrip("/")
                for edition, options in ((1, ()), (2, AGAIN)):
                    papers.edition = edition
                    ran = scrapy(*NEWS, *options, env=env)
                    assert ran.exit_code == 0, ran.stderr
                yield Newsroom(base, client[name])
            finally:
                process.terminate()
                client.drop_database(name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a chromium of this system."""
    names = [os.environ.get("CHROMIUM") or "chromium", *NAMES]
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail("there is no chromium: apt-get install chromium fonts-liberation, or name one with CHROMIUM=/path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def tab(newsroom: Newsroom, browser: Browser) -> Iterator[Tab]:
    """Return a wide, light page that has nothing on it yet."""
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    yield Tab(context.new_page(), newsroom.base)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_is_in_order(newsroom: Newsroom, browser: Browser, size: Any, scheme: Any) -> None:
    # Without movement: axe would now and then look at a button halfway between two colours.
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    tab = Tab(context.new_page(), newsroom.base)
    backgrounds = set()
    for path in newsroom.paths():
        tab.go(path)
        tab.page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        # Two of the four have each width and each scheme; axe takes half a second a page.
        if (size is WIDE) == (scheme == "light"):
            violations = Axe().run(tab.page).response["violations"]
            found = [(v["id"], v["impact"], [node["target"] for node in v["nodes"]][:3]) for v in violations]
            assert found == [], (path, scheme, found)
        assert len(tab.page.query_selector_all("h1")) == 1, path
        backgrounds.add(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        tab.in_order()
    (background,) = backgrounds
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 150) == (scheme == "dark")
    context.close()


def test_from_the_front_page_to_an_article_and_around(newsroom: Newsroom, tab: Tab) -> None:
    page = tab.page
    tab.go("/")
    expect(page.locator(".lede")).to_contain_text("articles")
    stored = newsroom.database["articles"].count_documents({})
    expect(page.locator(".lede b").first).to_have_text(str(stored))
    # The crawl's balance sheets, the later one first.
    expect(page.locator(".runs tbody tr")).to_have_count(2)
    expect(page.locator(".runs tbody tr").first).to_contain_text("finished")
    expect(page.locator(".runs tbody tr").last).to_contain_text("balances")
    assert page.locator(".chart rect").count() == 3  # one day, three papers
    page.get_by_text("The same as a table").first.click()
    expect(page.get_by_role("rowheader", name=re.compile(r"^\d{4}-")).first).to_be_visible()
    page.get_by_role("link", name="Articles", exact=True).click()
    expect(page.locator(".list > li")).to_have_count(25)
    first = page.locator(".list h2 a").first.text_content()
    page.get_by_role("link", name="Older →").click()
    expect(page.locator(".list h2 a").first).not_to_have_text(first or "")
    page.get_by_role("link", name="← Newer").click()
    expect(page.locator(".list h2 a").first).to_have_text(first or "")
    page.locator(".list h2 a").first.click()
    expect(page.locator("article h1")).to_have_text(first or "")
    tab.in_order()


def test_search_and_filters(newsroom: Newsroom, tab: Tab) -> None:
    page = tab.page
    tab.go("/")
    page.get_by_label("Search all articles").fill("zeedijken")
    page.keyboard.press("Enter")
    # By the grammar of Dutch: no text has the plural.
    expect(page.locator(".list h2").first).to_contain_text("zeedijk")
    expect(page.locator("#q")).to_have_value("zeedijken")
    page.locator("#q").fill("xylofoontoernooi")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("status")).to_contain_text("No article is like that")
    page.get_by_role("link", name="Start anew").click()
    page.get_by_label("Language").select_option("fr")
    page.get_by_label("Read-also links").select_option("yes")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".list > li")).to_have_count(
        newsroom.database["articles"].count_documents({"language": "fr", "related.0": {"$exists": True}})
    )
    assert tab.page.url.endswith("/articles?language=fr&links=yes")
    expect(page.get_by_label("Language")).to_have_value("fr")
    page.get_by_label("From").fill("gisteren")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("“gisteren” is not a date")
    tab.in_order()


def test_along_the_links(newsroom: Newsroom, tab: Tab) -> None:
    page = tab.page
    linked = newsroom.one(**{"related.1": {"$exists": True}, "language": "nl"})
    tab.go(f"/articles/{linked}")
    page.get_by_role("link", name="The read-also links around it").click()
    expect(page.locator("svg .centre")).to_have_count(1)
    neighbour = page.locator("svg a.node").first
    title = neighbour.locator("title").text_content()
    neighbour.click()
    expect(page.locator("article h1")).to_have_text(title or "")
    expect(page.get_by_role("heading", name="Who points to it")).to_be_visible()
    tab.in_order()


def test_revisions_word_by_word(newsroom: Newsroom, tab: Tab) -> None:
    page = tab.page
    tab.go(f"/articles/{newsroom.one(revision=2)}")
    expect(page.locator(".revisions summary")).to_contain_text("Revision 2")
    assert page.locator(".revisions ins").count() > 0
    page.get_by_text("In the founding shape").click()
    expect(page.locator(".raw pre").first).to_contain_text("date 2026-")
    page.get_by_text("As JSON").click()
    page.get_by_role("link", name="Only the JSON").click()
    assert '"_id"' in page.content()


def test_with_the_keyboard_alone(newsroom: Newsroom, tab: Tab) -> None:
    page = tab.page
    tab.go("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab.go("/articles")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.list h2 a')"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("article h1")).to_be_visible()
    tab.in_order()


def test_without_scripts_nothing_is_missing(newsroom: Newsroom, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=WIDE)
    page = context.new_page()
    page.goto(f"{newsroom.base}/articles?q=sluis")
    page.locator(".list h2 a").first.click()
    expect(page.locator("article h1")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    ("error", "is_one"),
    [("aborted", False), ("connectionrefused", True), ("connectionreset", True), ("timedout", True)],
)
def test_what_counts_as_a_problem(tab: Tab, error: str, is_one: bool) -> None:
    tab.page.route("**/*.svg", lambda route: route.abort(error))
    with tab.page.expect_event("requestfailed"):
        tab.page.goto(tab.base + "/sites")
        tab.page.evaluate("document.body.appendChild(new Image()).src = '/static/another.svg'")
    assert any(problem.startswith("failed: ") for problem in tab.problems) == is_one


def test_what_is_not_there_counts_as_a_problem(tab: Tab) -> None:
    tab.go("/sites")
    with tab.page.expect_response("**/none.svg"):
        tab.page.evaluate("document.body.appendChild(new Image()).src = '/static/none.svg'")
    assert f"404: {tab.base}/static/none.svg" in tab.problems


def test_a_page_that_is_not_here(tab: Tab) -> None:
    tab.page.goto(f"{tab.base}/nowhere")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Not here")
    tab.page.get_by_role("link", name="To the overview").click()
    expect(tab.page.locator(".lede")).to_be_visible()
