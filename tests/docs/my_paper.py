"""My Paper, the newspaper of the documentation: the invented Stadsbode under the name that a reader puts there."""

from __future__ import annotations

import shutil
from pathlib import Path

from fixtures.world import WORLD

ITS_NAME = "stadsbode.example"
OUR_NAME = "mypaper.example"
ARTICLE = f"http://www.{OUR_NAME}/2026/03/16/kerkuilen-broeden-in-stadhuistoren/"
"""One of its articles."""
TABLE = f"""\
[my_paper]
name = "My Paper"
domains = ["{OUR_NAME}"]
country = "be"
language = "nl"
feeds = ["http://www.{OUR_NAME}/feed/atom/"]
delay = 0.02
"""
"""Its table, as the README has it, with the address and the pace of a server of one's own."""
_FEED = '<link rel="alternate" type="application/atom+xml" href="/feed/atom/" />'


def my_paper(folder: Path) -> Path:
    """Make a world of `www.mypaper.example` alone in a folder and return it, for `FixtureServer(world=…)`."""
    made = folder / f"www.{OUR_NAME}"
    shutil.copytree(WORLD / f"www.{ITS_NAME}", made)
    shutil.copy(WORLD / f"www.{ITS_NAME}.toml", folder / f"www.{OUR_NAME}.toml")
    for path in (*made.rglob("*"), folder / f"www.{OUR_NAME}.toml"):
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace(ITS_NAME, OUR_NAME).replace("De Stadsbode", "My Paper")
            path.write_text(text, encoding="utf-8")
    # A paper of today says on its home page where its feed is.
    home = made / "index.html"
    home.write_text(home.read_text(encoding="utf-8").replace("</head>", f"{_FEED}\n</head>"), encoding="utf-8")
    return folder
