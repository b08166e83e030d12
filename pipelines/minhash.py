"""How much two texts have in common, told from 512 bytes of each: MinHash over runs of words. Pure, the same anywhere.

Everything here stands in every document: another number or another hash would part each text from its repeats, so that
a change is a change of the schema.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from functools import cache, lru_cache
from hashlib import blake2b
from operator import eq
from typing import TYPE_CHECKING

from pipelines.fingerprint import normalised

if TYPE_CHECKING:
    import numpy as np

    Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]
    Places = np.ndarray[tuple[int], np.dtype[np.intp]]
    Numbers = np.ndarray[tuple[int], np.dtype[np.uint64]]

FEWEST_WORDS = 50
"""A shorter text has no signature: a headline and a caption are soon alike, and tell nothing about each other."""

SHINGLE = 4
"""Words in a run. Three make reports of one form look alike, five make too much of a word changed here and there."""

PERMUTATIONS = 256
"""Values in a signature: the estimate is off by 0.03 at a likeness of 0.7 (standard deviation), by 0.04 with 128."""

BANDS = 25
"""Keys by which a text is found. With a likeness of 0.7 two texts have one in common 99 times in 100."""

ROWS = 5
"""Values in a key. With a likeness of 0.5 two texts have a key in common 55 times in 100, with 0.3 six times."""

SEED = 1
"""By which datasketch chooses its permutations."""

_AT_ONCE = 256
"""Runs that are permuted at once: with those of a long text, which leave the cache, each takes four times as long."""
_FACTOR = 0x9E3779B97F4A7C15  # odd, 2**64 by the golden ratio: Knuth, The Art of Computer Programming, 6.4
_USUAL = 1 << 15
"""Bytes of a text for which the powers of that are kept."""
_FIRST_SIGN = 0xE0
"""UTF-8 of the signs below begins with this byte, or a later one."""
# Written without spaces, so that each sign counts as a word: Thai and Lao, Burmese, Khmer, Kana, Han.
_SIGN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_SIGN}]|[^ {_SIGN}]+")


def signature(text: str) -> str | None:
    """Return what tells how like a text is to others: 256 MinHash values of 16 bits, base64; None for a short one."""
    # Only who signs texts needs these, and what they load.
    import numpy as np

    from pipelines.sketch import EMPTY

    written = _words(text)
    ends = np.flatnonzero(written == ord(" "))
    if len(ends) < FEWEST_WORDS:
        return None
    sketch = EMPTY.copy()
    runs = _runs(written, ends)
    for start in range(0, len(runs), _AT_ONCE):
        sketch.update_batch(runs[start : start + _AT_ONCE])
    # The lower half of each value: that two texts meet in it by chance happens once in 65,536 times.
    return b64encode((sketch.hashvalues & 0xFFFF).astype("<u2").tobytes()).decode()


@lru_cache(maxsize=4096)
def bands(signed: str) -> tuple[str, ...]:
    """Return the keys that a text of this signature has in common with those like it: 5 bytes each, in hex."""
    values, size = b64decode(signed), 2 * ROWS
    return tuple(
        blake2b(values[size * band : size * (band + 1)], digest_size=5, salt=bytes((band,))).hexdigest()
        for band in range(BANDS)
    )


def likeness(one: str, other: str) -> float:
    """Return the estimated share of two texts' runs of words that they have in common (Jaccard), 0 to 1."""
    return float(sum(map(eq, _values(one), _values(other))) / PERMUTATIONS)


def jaccard(one: str, other: str) -> float:
    """Return what `likeness` estimates, from the texts themselves: 0 where one of them is too short."""
    texts = [_words(text).tobytes().split() for text in (one, other)]
    if min(map(len, texts)) < FEWEST_WORDS:
        return 0.0
    first, second = (set(zip(*(words[n:] for n in range(SHINGLE)), strict=False)) for words in texts)
    return len(first & second) / len(first | second)


def _words(text: str) -> Bytes:
    """Return the words of a text in UTF-8, a space behind each."""
    import numpy as np

    whole = normalised(text)
    written = np.frombuffer(whole.encode(errors="surrogatepass") + b" ", np.uint8)
    if written.max() < _FIRST_SIGN:
        return written if whole else written[:0]
    return np.frombuffer(" ".join((*_WORD.findall(whole), "")).encode(errors="surrogatepass"), np.uint8)


def _runs(written: Bytes, ends: Places) -> list[int]:
    """Return the hash of each run of words, 32 bits: a polynomial over its bytes (Karp and Rabin, 1987).

    ends: where the spaces stand, one behind each word.
    """
    import numpy as np

    # Sums up to each place, from which those of any run follow: modulo 2**64, whose upper half depends on all bits.
    powers, inverse = _powers(_USUAL) if len(written) <= _USUAL else _powers.__wrapped__(len(written))
    sums = np.zeros(len(written) + 1, np.uint64)
    np.cumsum(written * powers[: len(written)], out=sums[1:])
    first, behind = np.concatenate(([0], ends[:-SHINGLE] + 1)), ends[SHINGLE - 1 :]
    hashes = (sums[behind] - sums[first]) * inverse[first]
    return (hashes >> np.uint64(32)).tolist()  # type: ignore[no-any-return]


@cache
def _powers(count: int) -> tuple[Numbers, Numbers]:
    """Return the powers of the factor modulo 2**64 from the first on, and by what each is multiplied to be that."""
    import numpy as np

    powers, inverse = np.full((2, count), _FACTOR, np.uint64)
    inverse[0], inverse[1:] = 1, pow(_FACTOR, -1, 1 << 64)
    return np.multiply.accumulate(powers), np.multiply.accumulate(inverse)


@lru_cache(maxsize=4096)
def _values(signed: str) -> memoryview:
    # Whatever the order of bytes on this machine: values are only ever compared.
    return memoryview(b64decode(signed)).cast("H")
