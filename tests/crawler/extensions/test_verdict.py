import signal
from dataclasses import replace

import pytest

from crawler.extensions.verdict import Evidence, verdict

GOOD = Evidence(
    reason="finished", signal=None, spider_errors=0, item_errors=0, refused=0, pending=0, balances=True, asked=9, got=9
)


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({}, 0, "finished"),
        ({"reason": "max-articles", "pending": 3}, 0, "3 pages stay pending"),
        ({"asked": 0, "got": 0}, 0, "finished"),
        ({"got": 1}, 0, "finished"),
        ({"got": 0}, 1, "nothing could be fetched (9 tried)"),
        ({"reason": "database-lost", "pending": 2}, 3, "the database was lost; 2 pages stay pending"),
        ({"reason": "shutdown", "signal": signal.SIGINT, "pending": 5}, 130, "stopped by SIGINT; 5 pages"),
        ({"reason": None, "signal": signal.SIGINT}, 130, "stopped at once by SIGINT"),
        ({"reason": "shutdown", "signal": signal.SIGTERM}, 143, "stopped by SIGTERM"),
        ({"refused": 2}, 1, "2 items could not be written"),
        ({"item_errors": 1}, 1, "1 items could not be written"),
        ({"spider_errors": 1}, 1, "the spider raised 1 times"),
        ({"reason": "start_error"}, 1, "could not be started"),
        ({"balances": False}, 1, "does not balance"),
        ({"problems": ("x.warc: not a WARC file",)}, 1, "x.warc: not a WARC file"),
        ({"problems": ("x.warc: not a WARC file", "y"), "got": 0}, 1, "x.warc: not a WARC file (and 1 more)"),
        ({"reason": "closespider_timeout"}, 1, "closed early: closespider_timeout"),
    ],
)
def test_verdict(change: dict[str, object], code: int, says: str) -> None:
    end = verdict(replace(GOOD, **change))  # type: ignore[arg-type]
    assert end.exit_code == code
    assert says in end.line
    assert "\n" not in end.line
