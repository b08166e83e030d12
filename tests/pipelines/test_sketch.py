from __future__ import annotations

import subprocess
import sys

import pytest

from tests.running import ROOT


def said(code: str) -> str:
    """Return what a Python of its own prints."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_signature_does_without_scipy() -> None:
    code = "import sys; from pipelines.minhash import signature; signature('een twee drie vier ' * 50)"
    assert said(f"{code}; print('scipy' in sys.modules)") == "False\n"


@pytest.mark.parametrize("before", ["import datasketch", "import sys"])
def test_the_package_is_there_whole_for_others(before: str) -> None:
    code = f"{before}; from pipelines.sketch import EMPTY; import datasketch; print(datasketch.MinHashLSH is not None"
    assert said(f"{code}, type(EMPTY) is datasketch.MinHash)") == "True True\n"
