"""Words in articles, by MongoDB's text index: its keys, whose grammar a text follows, and what a search means. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

FIELD = "search_language"
"""Field of an article that names the grammar; MongoDB refuses a document where it names one it does not know."""

NO_GRAMMAR = "none"
"""Words as they are written, no endings taken off, no word left out: for every language MongoDB has no grammar of."""

INDEX = "words"
"""Name of the text index."""

KEYS = ((FIELD, 1), ("title", "text"), ("lead", "text"), ("text", "text"))
"""Its keys. The grammar first, so that a search by one never meets the words of another. Nothing behind: with
`published_at` there, the index of made news grew by half, and an article took two thirds longer to insert."""

OPTIONS = {"name": INDEX, "default_language": NO_GRAMMAR, "language_override": FIELD}
"""Its options."""

_SEARCHED = ("title", "lead", "text")
# https://www.mongodb.com/docs/manual/reference/text-search-languages/, by ISO 639-1 code.
_GRAMMARS = frozenset("da de en es fi fr hu it nb nl pt ro ru sv tr".split())
_SAME_GRAMMAR = {"no": "nb", "nn": "nb"}

_PART = re.compile(r'(?P<without>-)?"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+)')
_LETTERS = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody wants to find."""

    wanted: tuple[str, ...] = ()
    """Words and phrases, all of which must be there."""
    unwanted: tuple[str, ...] = ()
    """Words and phrases of which none may be there."""


def grammar_of(language: str | None) -> str:
    """Return the grammar by which MongoDB takes a text in this language (ISO 639-1) apart; `none` where it has none."""
    language = _SAME_GRAMMAR.get(language or "", language or "")
    return language if language in _GRAMMARS else NO_GRAMMAR


def words_of(text: str) -> Words:
    """Return what a search means: words, "a phrase" in quotes, and -what may not be there."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for part in _PART.finditer(text.replace("\\", " ")):
        found = part["phrase"] if part["phrase"] is not None else part["word"]
        without = bool(part["without"]) or (part["phrase"] is None and found.startswith("-"))
        if _LETTERS.search(found):
            (unwanted if without else wanted).append(" ".join(found.strip("-").split()))
    return Words(wanted=tuple(dict.fromkeys(wanted)), unwanted=tuple(dict.fromkeys(unwanted)))


def in_any_form(word: str, grammar: str | None) -> dict[str, Any]:
    """Return the filter for texts of one grammar that have a word in any form it knows (`brug` in `bruggen`).

    Anything but one word in letters and digits is a phrase, and found as written. Capitals and accents do not matter.
    grammar: None for articles that were stored before there was one in each. Nothing in a word is an operator.
    """
    searched = word if word.isalnum() else '"{}"'.format(word.replace('"', " "))
    return {FIELD: grammar, "$text": {"$search": searched, "$language": grammar or NO_GRAMMAR}}


def as_written(word: str) -> dict[str, Any]:
    """Return the filter for texts that have a word as it is written, within others too; capitals do not matter."""
    pattern = {"$regex": re.escape(word), "$options": "i"}
    return {"$or": [{field: pattern} for field in _SEARCHED]}
