"""The words by which newspapers announce other articles, and what each of them promises."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LABEL = 48
"""Characters; a longer text is never looked up."""


class LabelKind(StrEnum):
    """What stands behind a label. The first four announce read-also links, the others are traps."""

    READ_ALSO = "read-also"
    """Chosen for this article: `Lees ook`, `À lire aussi`."""
    RELATED = "related"
    """A heading over articles on the same subject: `Verwandte Artikel`."""
    MORE = "more"
    """`Read more`: a label when links follow it, else the button under a teaser."""
    MUST_READ = "must-read"
    """`Don't miss`: read-also before a link in the text, the desk's picks over a list at the end."""
    MOST_READ = "most-read"
    """A ranking by readers: `Meest gelezen`, `Trending`."""
    LATEST = "latest"
    """The news of the hour or of the section, whatever the article is about."""
    PICKS = "picks"
    """Chosen by the desk or by a machine for everyone: `Editors' picks`, `Recommended for you`."""
    TOPIC = "topic"
    """Subjects, tags, tables of contents."""
    NEWSLETTER = "newsletter"
    """An invitation to subscribe, install or follow."""
    SPONSORED = "sponsored"
    """Paid for."""
    MEDIA = "media"
    """Films, sound and picture galleries."""
    SOURCES = "sources"
    """What the article rests on, mostly elsewhere."""
    COMMENTS = "comments"
    """What readers say."""
    SHARE = "share"
    """Buttons that spread the page."""

    @property
    def announces(self) -> bool:
        """Whether links behind such a label are read-also links."""
        return self in _ANNOUNCING


_ANNOUNCING = frozenset({LabelKind.READ_ALSO, LabelKind.RELATED, LabelKind.MORE, LabelKind.MUST_READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label recognised at the start of a text."""

    text: str
    """As the page writes it, without the colon and the marks around it."""
    kind: LabelKind
    """What it announces."""
    rest: str = ""
    """What follows it in the same text: a headline, mostly."""


# What stands around a label: bullets, arrows, brackets, dashes, colons. Not % or €, which belong to headlines.
_AROUND = " \t\n\r\f\v\u00a0\u2002\u2003\u2009\u200b\u200e\u200f\u202f\u3000\ufeff"
_MARKS = _AROUND + (
    ":：︰﹕;；.…,、。!！？?·•●○◦▪■□◆◇★☆►▶▸▷▼▾▽△»«›‹≫≪><＞|│｜/\\*+~～〜#=_–—―-→➔➜➤➡⇒⟶↗↓"
    "☞☛※▣◈◉✔✓➠➢⮕＜＞⇨👉👇📌🔗📰📖📋✅❗‼\ufe0f'\"“”„‟‘’‚()[]{}【】［］（）《》「」『』〈〉"
)
_COLON = re.compile(r"[:：︰﹕|│｜›»]|\s[–—―-](?=\s)|】|］|\)|(?<=\w)-\s")
_WITHIN_WORD = frozenset(":：︰﹕|│｜›»】］)")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Typographic apostrophes, the Turkish ı, whose capital is everyone's I, and what nobody sees.
_SAME = str.maketrans({"’": "'", "ʼ": "'", "ı": "i", "\u00ad": None, "\u200b": None})
_FIRST_ACCENT = "\u0300"
# A label that names its topic or its genre: `Lees ook dit interview`, `Mehr zum Thema Gazastreifen`.
_EXTRA_WORDS = 4
_CHOICE = re.compile(r"\{([^}]*)\}")
_FULL_STOP = re.compile(r"\.\s+(?=\S)")
_OF_THE_PAPER = re.compile(r"(?:看?更多).{1,12}(?:報導|報道|新聞|文章|报道|新闻)")
_COUNT = re.compile(r"\s*[(\[]\s*\d{1,3}\s*[)\]]$")


def normalise(text: str) -> str:
    """Return the form in which lines are compared: no case, accents or marks around them, single spaces."""
    text = " ".join(text.strip(_MARKS).split())
    if text.isascii():
        return text.casefold().strip(_MARKS)
    folded = _folded(text)
    # Twice, since folding case can bring forth letters that decompose, and dropping accents marks at the ends.
    return folded if folded.isascii() else _folded(folded)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_SAME))
    bare = "".join([char for char in decomposed if char < _FIRST_ACCENT or not unicodedata.combining(char)])
    # Composed again for Hangul, which decomposes into its letters.
    return " ".join(unicodedata.normalize("NFC", bare.casefold()).strip(_MARKS).split())


@cache
def lexicon() -> dict[str, dict[LabelKind, tuple[str, ...]]]:
    """Return the labels by language (BCP 47) and kind, as `labels.toml` beside this module lists them.

    Raises ValueError where the file names an unknown kind.
    """
    source = resources.files(__package__).joinpath("labels.toml").read_text(encoding="utf-8")
    return {
        language: {
            LabelKind(kind): tuple(one for label in labels for one in _spelled_out(label))
            for kind, labels in kinds.items()
        }
        for language, kinds in tomllib.loads(source).items()
    }


def _spelled_out(label: str) -> Iterator[str]:
    """Yield each label that an entry of the lexicon stands for: `Lees {ook|verder}` are two."""
    parts = [part.split("|") if place % 2 else [part] for place, part in enumerate(_CHOICE.split(label))]
    return (" ".join("".join(words).split()) for words in product(*parts))


@cache
def _kinds() -> dict[str, LabelKind]:
    return {
        normalise(label): kind for kinds in lexicon().values() for kind, labels in kinds.items() for label in labels
    }


@cache
def _openers() -> tuple[frozenset[str], frozenset[str]]:
    """Return the first words of all labels, and the first two characters of those in scripts without spaces."""
    labels = _kinds()
    return (
        frozenset(label.split(" ")[0].rstrip(_MARKS) for label in labels),
        frozenset(label[:2] for label in labels if _UNSPACED.match(label)),
    )


@lru_cache(maxsize=8192)
def kind_of(text: str) -> LabelKind | None:
    """Return the kind of a text that is a label and nothing else; None for any other text."""
    if len(text) > LONGEST_LABEL + 16:
        return None
    line = normalise(text)
    kind = _kinds().get(line)
    if kind is None and _OF_THE_PAPER.fullmatch(line):
        # The paper's name stands within the label: `更多水報報導`.
        return LabelKind.RELATED
    return kind


def is_mark(text: str) -> bool:
    """Return whether a text is only bullets, arrows, brackets and the like."""
    return len(text) < LONGEST_LABEL and not text.strip(_MARKS)


def may_open_with_label(text: str) -> bool:
    """Return False, at little cost, for most texts that open with no label; True says nothing."""
    words = text[:LONGEST_LABEL].split(None, 1)
    while words:
        opens = _opens_label(words[0])
        if opens is not None:
            return opens
        words = words[1].split(None, 1) if len(words) > 1 else []
    return False


@lru_cache(maxsize=16_384)
def _opens_label(word: str) -> bool | None:
    """Return whether a word may be the first of a label; None where it is only marks."""
    first = word.strip(_MARKS).casefold()
    if not first:
        return None
    if not first.isascii():
        first = normalise(first)
    openers, wide_openers = _openers()
    return first in openers or first[:2] in wide_openers or not _WITHIN_WORD.isdisjoint(first)


def label_at_start(text: str) -> Label | None:
    """Return the label that a text is, or that it opens with and sets off by a colon, bar, bracket or dash."""
    if not may_open_with_label(text):
        return None
    text = text.strip(_AROUND)
    if len(text) <= LONGEST_LABEL + 16:
        if text.endswith((")", "]")):
            # How many there are: `Related articles (5)`.
            text = _COUNT.sub("", text)
        kind = kind_of(text)
        if kind is not None:
            return Label(text=text.strip(_MARKS), kind=kind)
    head = text[: LONGEST_LABEL + 16]
    for found in _COLON.finditer(head):
        if found.start() == 0:
            continue
        kind = kind_of(head[: found.start()])
        if kind is not None:
            return Label(text=head[: found.start()].strip(_MARKS), kind=kind, rest=text[found.end() :].strip(_AROUND))
    # A full stop sets off only what no sentence is: `LEES OOK. Brug gaat open`.
    stop = _FULL_STOP.search(head)
    if stop is not None and " " in (before := head[: stop.start()]) and kind_of(before) is LabelKind.READ_ALSO:
        return Label(text=before.strip(_MARKS), kind=LabelKind.READ_ALSO, rest=text[stop.end() :].strip(_AROUND))
    return None


def label_with_topic(text: str) -> Label | None:
    """Return the label of a heading that adds a few words to it: `Lees ook deze reportage`, `Mehr zum Thema Klima`.

    Only for labels of two words and more, whose opening is not common in prose.
    """
    text = text.strip(_AROUND)
    if len(text) > LONGEST_LABEL + 32 or text.endswith((".", "!", "?")):
        return None
    words = text.rstrip(_MARKS).split()
    if len(words) < 3 or not may_open_with_label(text):
        return None
    for extra in range(1, min(_EXTRA_WORDS, len(words) - 2) + 1):
        kind = kind_of(" ".join(words[:-extra]))
        if kind is not None and (kind.announces or kind in _TOPICAL_TRAPS):
            return Label(text=text.strip(_MARKS), kind=kind)
    return None


_TOPICAL_TRAPS = frozenset(
    {LabelKind.LATEST, LabelKind.MOST_READ, LabelKind.NEWSLETTER, LabelKind.PICKS, LabelKind.TOPIC}
)
