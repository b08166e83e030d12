"""The empty MinHash that all others are copies of, made when this module is loaded: with the workers, or by a text."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

from pipelines.minhash import PERMUTATIONS, SEED


def _minhash() -> ModuleType:
    """Return datasketch's module of that name, without its package, which loads scipy: 0.4 s and 60 MB for each crawl.

    Whoever imports the package afterwards gets it whole.
    """
    whole = "datasketch" in sys.modules
    if not whole:
        found = importlib.util.find_spec("datasketch")
        assert found is not None
        sys.modules["datasketch"] = importlib.util.module_from_spec(found)
    try:
        return importlib.import_module("datasketch.minhash")
    finally:
        if not whole:
            del sys.modules["datasketch"]


EMPTY: Any = _minhash().MinHash(num_perm=PERMUTATIONS, seed=SEED, hashfunc=int, scheme="affine32")
