"""Rounds of the same fault, and what they add up to, told at the end of the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.faults.rounds import REPEATS, ROUNDS

_TOLD = "faults:"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let each test that asks for a round have as many as are wanted."""
    if "round_" in metafunc.fixturenames:
        metafunc.parametrize("round_", range(ROUNDS if "kill" in metafunc.module.__name__ else REPEATS))


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return a function that adds numbers to what is told at the end; called before they are judged."""

    def add(**numbers: int) -> None:
        for name, number in numbers.items():
            record_property(f"{_TOLD}{name.replace('_', ' ')}", number)

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each test that has kept a tally: how many rounds, and what was counted in all of them."""
    tallies: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            counted = [(name, number) for name, number in report.user_properties if name.startswith(_TOLD)]
            if report.when == "call" and counted:
                tally = tallies.setdefault(report.nodeid.partition("[")[0].rpartition("::")[2], Counter())
                tally["rounds"] += 1
                tally["rounds failed"] += outcome == "failed"
                for name, number in counted:
                    tally[name.removeprefix(_TOLD)] += number
    if tallies:
        terminalreporter.write_sep("-", "faults, and what became of the pages")
        for name, tally in tallies.items():
            told = ", ".join(f"{what} {number:,}" for what, number in tally.items())
            terminalreporter.write_line(f"{name.removeprefix('test_').replace('_', ' ')}: {told}")
