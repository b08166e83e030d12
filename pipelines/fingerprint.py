"""What makes two texts the same: their words, whatever the type, the case or the mark-up around them. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from unicodedata import normalize

_WORD = re.compile(r"[^\W_]+")


# Two, as each text is asked for twice: by its hash and by its signature.
@lru_cache(maxsize=2)
def normalised(text: str) -> str:
    """Return the words of a text: NFKC, case folded, letters and digits only, one space between words.

    Typographic quotes, dashes, ligatures, full-width digits and line breaks make no difference.
    """
    # Folding may leave a text that is not normalised (U+0345), hence the second pass; Unicode, section 3.13.
    folded = normalize("NFKC", normalize("NFKC", text).casefold())
    return " ".join(_WORD.findall(folded))


def content_hash(text: str) -> str:
    """Return the fingerprint of a text: blake2b of its words in UTF-8, 12 bytes, as 24 hexadecimal digits."""
    return blake2b(normalised(text).encode(errors="surrogatepass"), digest_size=12).hexdigest()
