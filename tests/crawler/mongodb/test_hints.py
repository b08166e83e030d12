from __future__ import annotations

import shlex
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from crawler.article import to_document
from crawler.mongodb.hints import shell_hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.article import Article


def section(hint: str, name: str) -> str:
    """Return the lines of one tool."""
    (found,) = (part for part in hint.split("\n\n") if part.startswith(name))
    return textwrap.dedent(found.partition("\n")[2])


def test_the_python_lines_run_as_they_are(
    database: Database[dict[str, Any]], mongodb_uri: str, make_article: Callable[..., Article]
) -> None:
    database.articles.insert_one(to_document(make_article()))
    program = section(shell_hint(mongodb_uri, database.name), "Python")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "2022-01 polderbode.example De sluis gaat dicht\n"


def test_a_uri_is_quoted_for_the_shell() -> None:
    uri = "mongodb://me:it's&$HOME@host/?a=b&c=d"
    first_line = section(shell_hint(uri, "news"), "mongosh").splitlines()[0]
    assert shlex.split(first_line) == ["mongosh", uri]


def test_every_tool_is_there() -> None:
    hint = shell_hint("mongodb://127.0.0.1:27100/?directConnection=true", "krant")
    assert [part.split()[0] for part in hint.split("\n\n")] == ["mongosh", "Compass", "Python", "R"]
    assert all("mongodb://127.0.0.1:27100/?directConnection=true" in part for part in hint.split("\n\n"))
    assert all("krant" in part for part in hint.split("\n\n"))
