"""A crawl of the fixtures that keeps what it fetches, and the archive read again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastwarc.warc import ArchiveIterator
from warcio.archiveiterator import ArchiveIterator as Warcio

from crawler.archive.reading import files, pages
from crawler.discovery.warc import ArchivedPage
from fixtures.server import Access, FixtureServer
from tests.crawler.health.paper import HOST, SLUG, Paper, Template
from tests.running import ROOT, Ran, environment, scrapy

if TYPE_CHECKING:
    import pymongo
    from pymongo.database import Database

OPTIONS = ("-a", f"sites_file={ROOT / 'fixtures' / 'sites.toml'}", "-s", "SITEMAP_DAYS=0")
OLD = "0.0.9"


@dataclass
class Kept:
    """What a crawl with ARCHIVE_DIR left."""

    name: str
    env: dict[str, str]
    archive: Path
    access: list[Access]


@pytest.fixture(scope="module")
def kept(
    mongodb_uri: str,
    _mongodb_client: pymongo.MongoClient[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Kept]:
    name, archive = f"archived_{os.getpid()}", tmp_path_factory.mktemp("archive") / "warc"
    with FixtureServer() as server:
        env = environment(mongodb_uri=mongodb_uri, database=name, proxy=server.url) | {"ARCHIVE_DIR": str(archive)}
        ran = scrapy("crawl", "news", *OPTIONS, "-s", "ARCHIVE_FILE_MB=0.1", env=env)
        assert ran.exit_code == 0, ran.stderr
        access = list(server.access_log)
    yield Kept(name, env, archive, access)
    _mongodb_client.drop_database(name)


@dataclass
class Desk:
    """A copy of that database, and replays of the archive into it."""

    database: Database[dict[str, Any]]
    env: dict[str, str]

    def replay(self, *options: str) -> Ran:
        return scrapy("replay", "--sites-file", str(ROOT / "fixtures" / "sites.toml"), *options, env=self.env)

    def articles(self) -> dict[str, dict[str, Any]]:
        return {article["_id"]: article for article in self.database.articles.find()}

    def spoil(self) -> int:
        """Let all Dutch articles be read badly by an older extractor; return how many that are."""
        spoilt = {"authors": [], "section": None, "extractor.version": OLD}
        for article in list(self.database.articles.find({"language": "nl"})):
            text, body = "Bijschrift.\n\n" + article["text"], article["body"]
            body = [{"type": "paragraph", "text": "Bijschrift.", "level": None}, *body]
            change = {**spoilt, "text": text, "body": body, "title": f"{article['title']} | Krant"}
            self.database.articles.update_one({"_id": article["_id"]}, {"$set": change})
        return self.database.articles.count_documents({"extractor.version": OLD})


@pytest.fixture
def desk(kept: Kept, database: Database[dict[str, Any]]) -> Desk:
    source = database.client[kept.name]
    for name in source.list_collection_names(filter={"type": "collection"}):
        if not name.startswith("system."):
            source[name].aggregate([{"$out": {"db": database.name, "coll": name}}])
    return Desk(database, kept.env | {"MONGODB_DATABASE": database.name})


def counts(ran: Ran) -> dict[str, int]:
    """Return the sum at the end of a replay: articles by fate, and by field."""
    assert ran.exit_code == 0, ran.stderr
    lines = [line.rsplit(maxsplit=1) for line in ran.stdout.splitlines() if line.startswith("  ")]
    return {line[0].strip(): int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}


def test_every_answer_is_in_the_archive_and_other_tools_can_read_it(kept: Kept, desk: Desk) -> None:
    paths = files(kept.archive)
    assert len(paths) > 2
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    answered, kinds = Counter[tuple[str, int]](), Counter[str]()
    for path in paths:
        with path.open("rb") as stream:
            for record in Warcio(stream):
                kinds[record.rec_type] += 1
                if record.rec_type in {"response", "revisit"}:
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    answered[url, int(record.http_headers.get_statuscode())] += 1
                assert record.rec_headers.protocol == "WARC/1.1"
        with path.open("rb") as stream:
            assert sum(1 for _ in ArchiveIterator(stream)) > 1
    # What was cut short in the middle of a body was no answer, and what is reserved is not kept.
    sent = Counter((f"http://{access.host}{access.path}", access.status) for access in kept.access)
    missing = sent - answered
    left_out = desk.database.pages.find({"reason": {"$in": ["tdm-reserved", "connection"]}})
    assert {url for url, _ in missing} == {row["url"].partition("#")[0] for row in left_out}
    assert not answered - sent
    assert kinds["warcinfo"] == len(paths)
    assert kinds["request"] == kinds["response"] + kinds["revisit"]


def test_pages_come_out_as_they_were_read(kept: Kept, desk: Desk) -> None:
    answers = [found.what for found in pages(files(kept.archive)) if isinstance(found.what, ArchivedPage)]
    found = {(answer.url, answer.captured_at): len(answer.body) for answer in answers}
    for article in desk.articles().values():
        fetched = article["fetched_url"].partition("#")[0]
        assert found[fetched, article["fetch"]["at"]] == article["fetch"]["bytes"]


def test_the_same_extractor_reads_the_same(desk: Desk) -> None:
    before = desk.articles()
    ran = desk.replay()
    assert counts(ran) == {"same": len(before)}
    assert desk.articles() == before


def test_a_dry_run_shows_ten_changes_and_writes_nothing(desk: Desk) -> None:
    spoilt = desk.spoil()
    before = desk.articles()
    ran = desk.replay("--only-older-than", "0.1.0", "--dry-run")
    found = counts(ran)
    assert found["would be changed"] == spoilt
    assert found["title"] == found["text"] == spoilt
    assert ran.stdout.count("[- | Krant-]") == min(spoilt, 10)
    assert ran.stdout.count("[-Bijschrift.-]") == min(spoilt, 10)
    assert desk.articles() == before
    assert desk.database.replays.count_documents({}) == 0


def test_a_better_reading_is_no_revision(desk: Desk) -> None:
    good = desk.articles()
    spoilt = desk.spoil()
    found = counts(desk.replay("--only-older-than", "0.1.0"))
    assert found["changed"] == spoilt
    assert desk.articles() == good
    assert desk.database.revisions.count_documents({}) == 0
    assert "changed" not in counts(desk.replay("--only-older-than", "0.1.0"))


def test_one_site_and_one_day(desk: Desk) -> None:
    desk.spoil()
    counts(desk.replay("--site", "stadsbode.example"))
    left = {article["site"] for article in desk.database.articles.find({"extractor.version": OLD})}
    assert "noorderkoerier.example" in left
    assert "stadsbode.example" not in left
    assert counts(desk.replay("--since", "2090-01-01")) == {}


def test_killed_it_goes_on_where_it_was(desk: Desk) -> None:
    good = desk.articles()
    command = [sys.executable, "-m", "scrapy", "replay", "-s", "EXTRACTION_WORKERS=1"]
    command += ["--sites-file", str(ROOT / "fixtures" / "sites.toml")]
    for _ in range(8):
        # It may be over before it can be killed: then once more.
        spoilt = desk.spoil()
        running = subprocess.Popen(
            command,
            env=desk.env,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while desk.database.replays.find_one() is None and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        if desk.database.replays.count_documents({}):
            break
    assert desk.database.replays.count_documents({}) == 1, "it was over each time before it could be killed"
    ran = desk.replay()
    assert "going on after" in ran.stderr
    found = counts(ran)
    assert found["changed"] == spoilt
    assert found["changed"] + found.get("same", 0) == len(good)
    assert desk.articles() == good
    assert desk.database.replays.count_documents({}) == 0


def test_mistakes_are_named(desk: Desk, tmp_path: Path) -> None:
    for options, status, words in (
        (["--only-older-than", "new"], 2, "--only-older-than"),
        (["-s", "ARCHIVE_DIR="], 2, "ARCHIVE_DIR"),
        (["-s", f"ARCHIVE_DIR={tmp_path}"], 1, "no WARC file"),
    ):
        ran = scrapy("replay", *options, env=desk.env)
        assert ran.exit_code == status
        assert words in ran.stderr
        assert len(ran.stderr.splitlines()) == 1


def test_an_archive_that_cannot_be_written_ends_the_run_and_loses_nothing(
    mongodb_uri: str, database: Database[dict[str, Any]], tmp_path: Path
) -> None:
    paper, archive = Paper(tmp_path), tmp_path / "archive"
    reserved = paper.world / HOST / "nieuws" / f"{SLUG}-3.html"
    reserved.write_text(reserved.read_text().replace("<head>", '<head><meta name="robots" content="noai">'))
    options = ["crawl", "news", "-a", f"sites_file={paper.sites_file}", "-s", "DOWNLOAD_DELAY=0"]
    options += ["-s", "LISTING_PERIOD_MAX=0", "-s", f"ARCHIVE_DIR={archive}"]
    with FixtureServer(world=paper.world) as server:
        env = environment(mongodb_uri=mongodb_uri, database=database.name, proxy=server.url)
        ran = scrapy(*options, "-s", "ARCHIVE_FILE_MB=0.000001", env=env)
        assert ran.exit_code == 0, ran.stderr
        known = database.articles.count_documents({})
        archive.rename(tmp_path / "kept")
        archive.write_text("in the way")
        paper.set(Template.USUAL, run=1)
        ran = scrapy(*options, "-s", "REVISITS=0", env=env)
        assert ran.exit_code == 1
        assert "ARCHIVE_DIR: cannot write" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert database.articles.count_documents({}) == known
        assert database.pages.count_documents({"state": "failed"}) == 0
        archive.unlink()
        ran = scrapy(*options, "-s", "REVISITS=0", env=env)
        assert ran.exit_code == 0, ran.stderr
    # A page whose own head reserves it is not kept, neither as text nor as it came.
    urls = {found.what.url for found in pages(files(tmp_path / "kept")) if isinstance(found.what, ArchivedPage)}
    assert f"http://{HOST}/nieuws/{SLUG}-1" in urls
    assert f"http://{HOST}/nieuws/{SLUG}-3" not in urls
    # robots.txt, the feed, the articles: each needed a file of its own.
    assert len(files(tmp_path / "kept")) > len(urls)
