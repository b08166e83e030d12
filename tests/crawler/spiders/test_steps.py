"""The steps that workers take for the item pipelines, and that they leave these nothing to do."""

from __future__ import annotations

from typing import Any

from scrapy.settings import Settings

import crawler.settings
from crawler.article import Article
from crawler.extraction.work import read_page
from crawler.extraction.workers import Workers
from crawler.spiders.steps import steps_of
from fixtures.world import WORLD
from pipelines.dedupe import DedupePipeline, fingerprinted
from pipelines.language import LanguagePipeline, in_language
from pipelines.validate import ValidatePipeline, valid
from tests.crawler.spiders.expected import expected_pages

OURS = crawler.settings.ITEM_PIPELINES


class Own:
    """Somebody's pipeline, which changes items in a way of its own."""

    def process_item(self, item: Any) -> Any:
        return item


def steps(**more: int | None) -> Any:
    added = {f"{__name__}.{name}": place for name, place in more.items()}
    return steps_of(Settings({"ITEM_PIPELINES": OURS | added}))


def test_the_pipelines_that_cost_cpu_have_one() -> None:
    assert steps().functions == (valid, in_language, fingerprinted)
    assert "pipelines.language_models" in steps().modules


def test_what_stands_behind_a_pipeline_without_one_waits_for_it() -> None:
    assert steps(Own=250).functions == (valid, in_language)
    assert steps(Own=50).functions == ()
    assert steps(Own=500).functions == (valid, in_language, fingerprinted)


async def test_a_worker_leaves_the_pipelines_nothing_to_do() -> None:
    url = next(url for url, page in expected_pages().items() if "url" in page)
    body = (WORLD / f"{url.removeprefix('http://')}").with_suffix(".html").read_bytes()
    workers = Workers(1, timeout=60, memory_bytes=0, preload=steps().modules)
    try:
        done = await workers.run_then(steps().functions, read_page, body, url)
    finally:
        workers.stop()
    assert isinstance(done, Article)
    assert done.language
    assert done.content_hash
    alone = read_page(body, url)
    for pipeline in (ValidatePipeline(), LanguagePipeline(), DedupePipeline()):
        assert pipeline.process_item(done) is done
        alone = pipeline.process_item(alone)  # type: ignore[assignment]
    assert isinstance(alone, Article)
    assert (alone.language, alone.content_hash, alone.signature) == (done.language, done.content_hash, done.signature)
