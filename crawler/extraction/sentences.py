"""Whether a text is a sentence, in any script."""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…。！？؟।॥։።៕:;][\s'\"’”»“›)\]）」』]*$")


def ends_sentence(text: str) -> bool:
    """Return whether a text ends as a sentence does. Thai and Lao have no full stop: there it never does."""
    return bool(_END.search(text[-8:]))
