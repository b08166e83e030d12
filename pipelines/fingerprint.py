"""What makes two texts the same: their words, whatever the type, the case or the mark-up around them. Pure."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    import numpy as np

_WORD = re.compile(r"[^\W_]+")
_PLANE = 1 << 16
"""Characters of the plane in which nearly all texts are written."""


# Two, as each text is asked for twice: by its hash and by its signature.
@lru_cache(maxsize=2)
def normalised(text: str) -> str:
    """Return the words of a text: NFKC, case folded, letters and digits only, one space between words.

    Typographic quotes, dashes, ligatures, full-width digits and line breaks make no difference.
    """
    # Folding may leave a text that is not normalised (U+0345), hence the second pass; Unicode, section 3.13.
    folded = normalize("NFKC", normalize("NFKC", text).casefold())
    return _spaced(folded)


def content_hash(text: str) -> str:
    """Return the fingerprint of a text: blake2b of its words in UTF-8, 12 bytes, as 24 hexadecimal digits."""
    return blake2b(normalised(text).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _spaced(text: str) -> str:
    """Return the words of a text with one space between two."""
    # Only who has texts to compare needs it.
    import numpy as np

    codes = np.frombuffer(text.encode("utf-16-le", errors="surrogatepass"), "<u2")
    if len(codes) > len(text):
        return " ".join(_WORD.findall(text))
    # The same in a quarter of the time: of what stands between two words, the first character becomes a space.
    within = _in_words()[codes]
    kept = within.copy()
    kept[1:] |= within[:-1]
    spaced: str = np.where(within, codes, np.uint16(ord(" ")))[kept].tobytes().decode("utf-16-le")
    return spaced.strip(" ")


@cache
def _in_words() -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return for each character of the basic plane whether it is a letter or a digit."""
    import numpy as np

    return np.fromiter(map(str.isalnum, map(chr, range(_PLANE))), bool, _PLANE)
