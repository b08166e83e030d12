"""A desk on which the documentation is tried: My Paper on the fixtures' server, a database, a folder with its files."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.server import FixtureServer
from tests.docs.blocks import Block
from tests.docs.my_paper import ARTICLE, OUR_NAME, TABLE, my_paper
from tests.running import ROOT

if TYPE_CHECKING:
    import pymongo
    from pymongo.database import Database

_SCRAPY = """#!/bin/sh
# The real command, without the pauses that a paper elsewhere is owed, and with one worker for its eleven pages.
[ "$1" = crawl ] && set -- "$@" -s DOWNLOAD_DELAY=0.02 -s EXTRACTION_WORKERS=1
exec "{python}" -m scrapy "$@"
"""


@dataclass
class Desk:
    """Where a reader sits."""

    folder: Path
    """The working directory."""
    database: Database[dict[str, Any]]
    """What MONGODB_DATABASE names."""
    uri: str
    """What MONGODB_URI names."""
    env: dict[str, str]
    """The environment."""
    done: dict[tuple[str, ...], str] = field(default_factory=dict)
    """What blocks have printed that were run already, by their commands."""
    extracted: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Likewise what `scrapy extract` has printed: the same at every desk, as it knows of no database."""
    calls: set[str] = field(default_factory=set)
    """The calls of `scrapy` that were made already: what two pages show is run once, each takes a second or two."""

    def adapted(self, code: str) -> str:
        """Return what a page shows as it is tried here: another server and database, http in place of https."""
        code = code.replace(f"https://www.{OUR_NAME}", f"http://www.{OUR_NAME}")
        code = code.replace("mongodb://127.0.0.1:27017", self.uri)
        return re.sub(r'(?<=\[)"news"(?=\])', f'"{self.database.name}"', code)

    def shell(self, block: Block) -> str:
        """Run a block for the shell, with the variables that earlier ones exported; return what it prints."""
        commands = tuple(block.commands)
        done = self.extracted if all(line.startswith("scrapy extract http") for line in commands) else self.done
        if commands not in done:
            again = self.calls if block.output is None else set[str]()
            code = "\n".join(self.adapted(line) for line in commands if line not in again)
            script = f"set -eu\n[ -f .exported ] && . ./.exported\n{code}\nexport -p > .exported\n"
            done[commands] = self._run(["bash", "-c", script], block.where)
            self.calls.update(line for line in commands if line.startswith("scrapy "))
        return done[commands]

    def python(self, block: Block) -> str:
        """Run a program; return what it prints."""
        return self._run([sys.executable, "-c", self.adapted(block.code)], block.where)

    def _run(self, command: list[str], where: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"{where}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, f"{where}: {done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FixtureServer]:
    """Return the server of My Paper."""
    with FixtureServer(world=my_paper(tmp_path_factory.mktemp("world"))) as server:
        yield server


class Desks:
    """Makes desks."""

    def __init__(self, uri: str, client: Any, paper: FixtureServer, folder: Path) -> None:
        self._uri, self._client, self._paper, self._folder = uri, client, paper, folder
        self._made: list[str] = []
        self._extracted: dict[tuple[str, ...], str] = {}

    def make(self, name: str) -> Desk:
        """Return a desk with an empty database, and the files of which the pages speak."""
        folder = self._folder / name
        (folder / "bin").mkdir(parents=True)
        command = folder / "bin" / "scrapy"
        command.write_text(_SCRAPY.format(python=sys.executable), encoding="utf-8")
        command.chmod(0o755)
        (folder / "my_paper.toml").write_text(TABLE, encoding="utf-8")
        with gzip.open(folder / "urls.txt.gz", "wt", encoding="utf-8") as urls:
            urls.write(f"# from last year\n{ARTICLE}\n")
        (folder / "saved").mkdir()
        page = self._paper.hosts[f"www.{OUR_NAME}"].find(ARTICLE.partition(OUR_NAME)[2])
        (folder / "saved" / "1.html").write_bytes(page.body)
        shutil.copytree(ROOT / "examples", folder / "examples")
        database = self._client[f"docs_{name}_{os.getpid()}"]
        self._made.append(database.name)
        env = os.environ | {
            "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "SCRAPY_SETTINGS_MODULE": "crawler.settings",
            "MONGODB_URI": self._uri,
            "MONGODB_DATABASE": database.name,
            "ARCHIVE_DIR": "archive",
            "CONTACT": f"crawler@{OUR_NAME}",
            "http_proxy": self._paper.url,
            "no_proxy": "",
            "NO_PROXY": "",
        }
        return Desk(folder, database, self._uri, env, extracted=self._extracted)

    def clear(self) -> None:
        """Drop the databases."""
        for name in self._made:
            self._client.drop_database(name)


@pytest.fixture(scope="module")
def desks(
    mongodb_uri: str,
    _mongodb_client: pymongo.MongoClient[dict[str, Any]],
    paper: FixtureServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Desks]:
    """Return the maker of desks."""
    made = Desks(mongodb_uri, _mongodb_client, paper, tmp_path_factory.mktemp("desks"))
    yield made
    made.clear()


@pytest.fixture(scope="module")
def desk(desks: Desks) -> Desk:
    """Return the desk of all pages but the tutorial: My Paper was crawled there once, and its pages kept."""
    desk = desks.make("shared")
    crawl = Block(
        page=ROOT / "README.md",
        line=0,
        language="sh",
        code="scrapy crawl news -a sites_file=my_paper.toml",
        not_run=None,
        output=None,
    )
    desk.shell(crawl)
    return desk
