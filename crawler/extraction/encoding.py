"""From bytes to text: which encoding a page is really in, whatever it claims."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes
from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

_HEAD_BYTES = 4096
"""How far into the page a declaration is looked for. The HTML standard says 1,024; papers need more."""
_SAMPLE_BYTES = 20_000
"""How much of the page's non-ASCII text the detector sees."""

# One pass over the head for <?xml encoding="…"?>, <meta charset=…> and <meta http-equiv content="…charset=…">.
_DECLARED = re.compile(
    rb"""<\?xml\s[^>]*?encoding\s*=\s*["']?([\w.:-]+)|<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_RUN = re.compile(rb"[^<>\x80-\xff]{0,40}[\x80-\xff][^<>]{0,200}")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")

# What Python calls the supersets in which such pages are really written (WHATWG Encoding Standard, labels).
_SUPERSETS = {
    "ascii": "cp1252",
    "latin-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_SHIFTED = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_ext", "iso2022_kr", "hz"})
"""Encodings that look like ASCII: only a declaration can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A page's text and how it was read."""

    text: str
    """The text; no byte order mark, no NUL."""
    encoding: str
    """Python's name of the encoding."""


def decode(data: bytes, charset: str | None = None) -> Decoded:
    """Return the text of a page.

    `charset` is what the HTTP header declares: a bare name or a whole Content-Type value. In order: a byte order
    mark; UTF-8 if the bytes are valid UTF-8, for text in another encoding hardly ever is; the header; the page's own
    declaration; a detector. A declaration that does not fit the bytes is passed over. Never raises: bytes that mean
    nothing become U+FFFD.
    """
    marked, mark = read_bom(data)
    if marked and mark is not None:
        return _read(data[len(mark) :], marked)
    if b"\x00" in data and (wide := _wide(data)):
        return _read(data, wide)
    declared = [_python_name(charset), _python_name(_declaration(data))]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        for name in declared:
            # Declared UTF-16 is ignored here: a page whose declaration we can read as ASCII is not in it.
            if name in _SHIFTED and not _HIGH.search(data):
                return _read(data, name)
        return Decoded(text=text.replace("\x00", ""), encoding="utf-8")
    if _mostly_utf8(data):
        return Decoded(text=data.decode("utf-8", "leesook-cp1252").replace("\x00", ""), encoding="utf-8")
    for name in declared:
        if name and name != "utf-8" and _fits(data, name):
            return _read(data, name)
    return _read(data, _detected(data))


def declared_charset(content_type: str | None) -> str | None:
    """Return the charset that a Content-Type header names, as written; None where there is none."""
    return http_content_type_encoding(content_type) if content_type else None


def _read(data: bytes, name: str) -> Decoded:
    return Decoded(text=data.decode(name, "replace").replace("\x00", ""), encoding=name)


def _declaration(data: bytes) -> str | None:
    match = _DECLARED.search(data[:_HEAD_BYTES])
    return (match[1] or match[2]).decode("ascii") if match else None


def _python_name(label: str | None) -> str | None:
    """Return the superset that a label stands for; None for a label nobody knows or that cannot be true."""
    if not label:
        return None
    if "=" in label or "/" in label:
        label = declared_charset(label)
    name = resolve_encoding(label) if label else None
    if name is None:
        return None
    name = codecs.lookup(name).name
    return _SUPERSETS.get(name, name)


def _wide(data: bytes) -> str | None:
    """Return UTF-16's variant for text in it without a byte order mark: every other byte of its mark-up is zero."""
    head = data[:_HEAD_BYTES]
    if head.count(0) < len(head) // 4:
        return None
    low, high = head[::2].count(0), head[1::2].count(0)
    return "utf-16-le" if high > 4 * low else "utf-16-be" if low > 4 * high else None


def _mostly_utf8(data: bytes) -> bool:
    """Tell whether the page is UTF-8 with a few foreign bytes in it: a cut character, a pasted latin-1 comment."""
    good = sum(len(match) for match in _MULTIBYTE.findall(data))
    high = len(_HIGH.findall(data))
    return good >= 0.8 * high


def _fits(data: bytes, name: str) -> bool:
    """Tell whether nearly all of the page can be read in an encoding; a few broken bytes are let pass."""
    try:
        text = data.decode(name, "replace")
    except (LookupError, UnicodeError):
        return False
    return text.count("\ufffd") <= max(2, len(_HIGH.findall(data)) // 50)


def _detected(data: bytes) -> str:
    """Return the likeliest encoding of the page's non-ASCII text; windows-1252 where there is no telling."""
    sample = b" ".join(_HIGH_RUN.findall(data))[:_SAMPLE_BYTES]
    best = from_bytes(sample).best()
    name = _python_name(best.encoding) if best else None
    return name if name and _fits(data, name) else "cp1252"


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: read what is not UTF-8 as windows-1252, as what was pasted into such pages mostly is."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("leesook-cp1252", _as_cp1252)
