"""What tries the documentation has to notice what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.docs.blocks import PAGES, blocks_of, is_what_the_page_says
from tests.docs.commands import cron_faults, faults
from tests.docs.queries import ask_as_mongosh, ask_as_r
from tests.running import ROOT

PAGE = """
<!-- not run: needs a moon -->
```sh
scrapy status \\
    --json      # all of it
# nothing else
```

```sh
echo een; echo twee
```
<!-- output -->
```text
een
twee
```

```toml
# my_paper.toml
a = 1
```
"""


def test_blocks_are_read_with_what_is_said_of_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    first, second, third = blocks_of(page)
    assert (first.line, first.not_run, first.output) == (3, "needs a moon", None)
    assert [" ".join(command.split()) for command in first.commands] == ["scrapy status --json"]
    assert (second.not_run, second.output) == (None, "een\ntwee\n")
    assert (first.file_name, second.file_name, third.file_name) == (None, None, "my_paper.toml")


@pytest.mark.parametrize(
    ("printed", "said", "same"),
    [
        ("een\ntwee\n", "een\ntwee\n", True),
        ("een  \ntwee\n", "een\ntwee\n", True),
        ("een\ndrie\n", "een\ntwee\n", False),
        ("een\ntwee\ndrie\n", "een\ntwee\n", False),
        ("een 12 s\n", "een … s\n", True),
        ("een\ntwee\ns\n", "een … s\n", False),
        ("een\ntwee\ndrie\n", "een\n…\ndrie\n", True),
        ("een\ntwee\n", "een\n…\n", True),
        ("nul\neen\n", "een\n…\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_output_is_compared(printed: str, said: str, same: bool) -> None:
    assert is_what_the_page_says(printed, said) == same


@pytest.mark.parametrize(
    "line",
    [
        "scrapy statsu",
        "scrapy status --jsn",
        "cd /srv && .venv/bin/scrapy crawl nieuws",
        "scrapy crawl news -a site=nrc.nl",
        "scrapy crawl news -s REVISIT=0",
        "CONTACT=a@b.example scrapy export --format text | scrapy tale",
        "make dcos",
    ],
)
def test_what_does_not_exist_is_noticed(line: str) -> None:
    assert len(faults(line)) == 1


@pytest.mark.parametrize(
    "line",
    ["scrapy status --json > x", "scrapy crawl news -a sites=nrc.nl -s REVISITS=0 --logfile x", "make PYTHON=x docs"],
)
def test_what_exists_is_let_through(line: str) -> None:
    assert faults(line) == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("*/20 * * * *  scrapy health", False),
        ("5,35 6-20 * * 1-5  scrapy health", False),
        ("*/20 * * *  scrapy health", True),
        ("61 * * * *  scrapy health", True),
        ("* 25 * * *  scrapy health", True),
        ("* * * * *  scrapy helth", True),
    ],
)
def test_lines_of_a_crontab(line: str, wrong: bool) -> None:
    assert bool(cron_faults(line)) == wrong


def test_queries_for_other_shells_are_asked(database: Database[dict[str, Any]]) -> None:
    database.articles.insert_many([{"_id": n, "site": "a.nl", "n": n} for n in range(3)])
    assert ask_as_mongosh(database, 'db.articles.find({site: "a.nl"}, {n: 1}).sort({n: -1}).limit(2)') == [
        {"_id": 2, "n": 2},
        {"_id": 1, "n": 1},
    ]
    assert ask_as_mongosh(database, "db.articles.findOne({n: 1}).site") == "a.nl"
    grouped = 'db.articles.aggregate([{$match: {site: "a.nl"}}, {$group: {_id: "$site", pages: {$sum: 1}}}])'
    assert ask_as_mongosh(database, grouped) == [{"_id": "a.nl", "pages": 3}]
    with pytest.raises(ValueError, match="no query"):
        ask_as_mongosh(database, "db articles")
    code = 'x <- mongo("articles", db = "news")\nx$find(\'{"site": "a.nl"}\', fields = \'{"n": 1}\', limit = 1)'
    assert list(ask_as_r(database, code)) == [[{"_id": 0, "n": 0}]]


def test_no_page_is_left_out() -> None:
    assert {ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "tutorial.md"} <= set(PAGES)
