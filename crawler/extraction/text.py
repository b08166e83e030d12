"""Text as documents hold it: one line, no mark-up, nothing MongoDB or a terminal could choke on."""

from __future__ import annotations

import html
import re
import unicodedata

# Controls, lone surrogates, non-characters, and what typesetters hide inside words: the soft hyphen,
# zero-width space, word joiner, byte order mark and the direction marks that pages wrap around numbers.
# Zero-width (non-)joiners stay: Persian and the Indic scripts are misspelt without them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
    "\ufffe\uffff\ud800-\udfff]"
)
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]*>", re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]+\d*);")
# Scripts that put no space between words: Han, kana, Thai, Lao, Khmer, Burmese.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"\w+(?:['’.,·-]\w+)*")


def one_line(text: str | None) -> str:
    """Return text in NFC on one line: whitespace collapsed, ends stripped, invisible characters dropped."""
    if not text:
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if _INVISIBLE.search(text):
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def plain(text: str | None) -> str:
    """Return a value of a JSON-LD field or meta tag as one line of text: entities resolved, tags dropped.

    Publishers escape such values once or twice (`&amp;quot;`), and leave `<em>` in headlines.
    """
    if not text:
        return ""
    for _ in range(2):
        if not _ENTITY.search(text):
            break
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub("", text)
    return one_line(text)


def word_count(text: str) -> int:
    """Return the number of words; each character of a script without spaces counts as one, as word processors do."""
    spaced, characters = _UNSPACED.subn(" ", text)
    return len(_WORD.findall(spaced)) + characters
