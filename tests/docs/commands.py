"""Whether a command that cannot be run here could be meant: the command, its options, arguments and settings exist."""

from __future__ import annotations

import re
import shlex

from scrapy.settings import default_settings

import crawler.settings
from docs.reference.from_code import commands, parser_of, spiders
from tests.running import ROOT

_CRON_FIELD = r"(?:\*|\d+(?:-\d+)?)(?:/\d+)?(?:,\d+(?:-\d+)?)*"
_CRON = re.compile(rf"^(?P<when>(?:{_CRON_FIELD}\s+){{5}})(?P<command>\S.*)$")


def faults(line: str) -> list[str]:
    """Return what is wrong with the calls of `scrapy` and `make` in a line of shell."""
    found: list[str] = []
    for part in re.split(r"&&|\|\||;|\|(?!\|)|\$\(|\)", line):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:
            continue
        for at, word in enumerate(words):
            if word.rsplit("/", 1)[-1] == "scrapy":
                found += _scrapy(words[at + 1 :])
                break
            if word == "make" and at == 0:
                found += _make(words[1:])
                break
    return found


def _scrapy(words: list[str]) -> list[str]:
    if not words or words[0] not in commands():
        return [f"there is no command scrapy {' '.join(words[:1])}"]
    name, command = words[0], commands()[words[0]]
    words = [word for word in words[1:] if not re.match(r"[<>]|\d?>", word)]
    options, rest = parser_of(name, command).parse_known_args(words)
    found = [f"scrapy {name}: there is no option {word}" for word in rest if word.startswith("-") and word != "-"]
    known = {**vars(default_settings), **vars(crawler.settings)}
    found += [f"no setting {given}" for given in options.set if given.partition("=")[0] not in known]
    if name == "crawl":
        spider = rest[0] if rest else ""
        arguments = spiders().get(spider, ("", ()))[1]
        found += [] if arguments else [f"there is no spider {spider}"]
        found += [f"{spider} takes no -a {a}" for a in options.spargs if a.partition("=")[0] not in arguments]
    return found


def _make(words: list[str]) -> list[str]:
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [word for word in words if "=" not in word and not word.startswith("-")]
    return [f"no target {target} in the Makefile" for target in targets if not re.search(rf"^{target}:", made, re.M)]


def cron_faults(line: str) -> list[str]:
    """Return what is wrong with a line of a crontab: five fields (crontab(5)), then a command."""
    found = _CRON.match(line)
    if found is None:
        return [f"not five fields and a command: {line}"]
    tops = (59, 23, 31, 12, 7)
    late = [
        f"{field} is beyond {top}"
        for field, top in zip(found["when"].split(), tops, strict=True)
        if any(int(number) > top for number in re.findall(r"(?<![/\d])\d+", field))
    ]
    return late + faults(found["command"])
