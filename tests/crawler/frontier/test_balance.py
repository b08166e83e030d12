import pytest

from crawler.frontier.balance import Counts, agree, balance_of, sheet


def test_sheet() -> None:
    counts = {("stored", None): 10, ("rejected", "index-page"): 2, ("rejected", "video-page"): 1, ("pending", None): 4}
    assert sheet(balance_of(17, counts)).splitlines() == [
        "  discovered    17",
        "  stored        10",
        "  unchanged      0",
        "  duplicate      0",
        "  rejected       3   index-page 2, video-page 1",
        "  failed         0",
        "  pending        4",
        "  balance       17 = 10 + 0 + 0 + 3 + 0 + 4",
    ]


def test_sheet_that_does_not_balance_says_so() -> None:
    assert sheet(balance_of(3, {("stored", None): 2})).splitlines()[-1] == "  balance        3 ≠ 2 + 0 + 0 + 0 + 0 + 0"


FORGOTTEN = ("rejected", "forgotten")


@pytest.mark.parametrize(
    ("in_memory", "in_mongodb", "same"),
    [
        ({("stored", None): 4}, {("stored", None): 4}, True),
        ({("stored", None): 4}, {("stored", None): 3, FORGOTTEN: 1}, True),
        ({("failed", "timeout"): 1, ("pending", None): 1}, {FORGOTTEN: 2}, True),
        ({("rejected", "empty"): 2, FORGOTTEN: 1}, {("rejected", "empty"): 1, FORGOTTEN: 2}, True),
        ({("stored", None): 4}, {("stored", None): 3, ("pending", None): 1}, False),
        ({("stored", None): 4}, {("stored", None): 2, ("unchanged", None): 1, FORGOTTEN: 1}, False),
        ({("stored", None): 3, FORGOTTEN: 1}, {("stored", None): 4}, False),
        ({("rejected", "empty"): 1}, {("rejected", "empty"): 1, FORGOTTEN: 1}, False),
    ],
)
def test_what_was_forgotten_meanwhile_is_no_disagreement(in_memory: Counts, in_mongodb: Counts, *, same: bool) -> None:
    assert agree(balance_of(4, in_memory), balance_of(4, in_mongodb)) is same
