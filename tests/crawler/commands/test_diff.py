from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from crawler.article import to_document
from tests.running import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import Article
    from tests.crawler.commands.conftest import Desk

PAGE = "https://www.polderbode.example/sluis"
AMP = "https://amp.polderbode.example/sluis?v=1"


@pytest.fixture
def revised(desk: Desk, make_article: Callable[..., Article]) -> Desk:
    """Return a database with an article in its third revision, and another in its first."""
    texts = ("De sluis gaat dicht.", "De sluis gaat open.", "De sluis gaat weer \x1b[31m open.")
    versions: list[dict[str, Any]] = [
        to_document(make_article(PAGE, text=text, revision=number, aliases=(AMP,)))
        for number, text in enumerate(texts, 1)
    ]
    desk.database.articles.insert_many([versions[2], to_document(make_article(f"{PAGE}/2"))])
    for version in versions[:2]:
        key, number = version["_id"], version["revision"]
        desk.database.revisions.insert_one({**version, "_id": f"{key}:{number}", "article_id": key})
    return desk


def test_the_last_two_revisions_by_any_name(revised: Desk) -> None:
    key = revised.database.revisions.distinct("article_id")[0]
    for name in (PAGE, AMP, key):
        ran = revised.run("diff", name)
        assert (ran.exit_code, ran.stderr) == (0, "")
        assert ran.stdout.splitlines() == [
            PAGE,
            "revision 2, an unknown day → revision 3, an unknown day",
            "",
            "text",
            "De sluis gaat {+weer  [31m +}open.",
        ]


def test_two_chosen_ones(revised: Desk) -> None:
    ran = revised.run("diff", PAGE, "--revisions", "1", "2")
    assert ran.stdout.splitlines()[-1] == "De sluis gaat [-dicht-]{+open+}."
    ran = revised.run("diff", PAGE, "--revisions", "1", "7")
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr == f"scrapy diff: {PAGE} has no revision 7; there are: 1, 2, 3\n"
    assert "Title, lead and text are the same." in revised.run("diff", PAGE, "--revisions", "2", "2").stdout


def test_an_article_with_one_revision(revised: Desk) -> None:
    ran = revised.run("diff", f"{PAGE}/2")
    assert (ran.exit_code, ran.stdout) == (0, f"{PAGE}/2 has one revision only, of an unknown day.\n")


def test_no_such_article(revised: Desk) -> None:
    revised.database.pages.insert_one({"_id": "0" * 24, "state": "rejected", "reason": "too-short"})
    for name, complaint in (
        ("0" * 24, f"there is no article {'0' * 24}: its page is rejected (too-short)"),
        (f"{PAGE}/3", f"there is no article {PAGE}/3, and no page of that name"),
        ("sluis", "sluis is neither the URL nor the _id of an article"),
    ):
        ran = revised.run("diff", name)
        assert (ran.exit_code, ran.stdout, ran.stderr) == (1, "", f"scrapy diff: {complaint}\n")


def test_on_a_terminal_it_is_coloured(revised: Desk, mongodb_uri: str) -> None:
    env = environment(mongodb_uri=mongodb_uri, database=revised.database.name) | {"TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    screen, keyboard = pty.openpty()
    command = [sys.executable, "-m", "scrapy", "diff", PAGE, "--revisions", "1", "2"]
    subprocess.run(command, cwd=ROOT, env=env, stdout=keyboard, check=True, timeout=60)
    os.close(keyboard)
    shown = os.read(screen, 65536).decode()
    os.close(screen)
    assert "\x1b[9;31mdicht\x1b[0m" in shown
    assert "\x1b[32mopen\x1b[0m" in shown
    assert "[-" not in shown
