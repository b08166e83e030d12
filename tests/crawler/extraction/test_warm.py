"""That workers are forked from a process in which the first page has been read, and which has no Scrapy."""

from __future__ import annotations

import subprocess
import sys

from crawler.extraction.workers import PRELOADED
from tests.crawler.extraction.newspage import FIRST, SECOND, THIRD, URL

PAGE = f"""<!doctype html><html lang="nl"><head><title>Nieuwe brug over de Vliet gaat open</title></head><body><article>
<h1>Nieuwe brug over de Vliet gaat open</h1><p>12 mei 2024</p><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></article>
</body></html>"""


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout


def test_a_page_read_afterwards_compiles_no_pattern() -> None:
    script = (
        "import importlib, re, sys\n"
        "compiled, compile_ = [], re._compiler.compile\n"
        "re._compiler.compile = lambda *known: compiled.append(known[0]) or compile_(*known)\n"
        "for name in sys.argv[3:]: importlib.import_module(name)\n"
        "before = len(compiled)\n"
        "from crawler.extraction.work import read_page\n"
        "print(read_page(sys.argv[1].encode(), sys.argv[2]).title, len(compiled) - before)\n"
    )
    *title, cold = run(script, PAGE, URL, "crawler.extraction.work").split()
    assert " ".join(title) == "Nieuwe brug over de Vliet gaat open"
    assert int(cold) > 10
    assert run(script, PAGE, URL, *PRELOADED).split() == [*title, "0"]


def test_the_stop_words_of_justext_are_read() -> None:
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "import trafilatura.external\n"
        "print(len(trafilatura.external.JT_STOPLIST or ()) > 1000)\n"
    )
    assert run(script, *PRELOADED) == "True\n"
    assert run(script, "crawler.extraction.reading") == "False\n"


def test_workers_do_without_scrapy() -> None:
    script = (
        "import importlib, sys\n"
        "from scrapy.settings import Settings\n"
        "import crawler.settings\n"
        "from crawler.spiders.steps import steps_of\n"
        "print(*steps_of(Settings({'ITEM_PIPELINES': crawler.settings.ITEM_PIPELINES})).modules)\n"
    )
    loaded = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(sorted({'scrapy', 'twisted', 'pymongo'} & set(sys.modules)))\n"
    )
    steps = run(script).split()
    assert "pipelines.validate" in steps
    assert run(loaded, *PRELOADED, *steps) == "[]\n"
    assert run(loaded, "crawler.spiders.steps") == "['scrapy', 'twisted']\n"
