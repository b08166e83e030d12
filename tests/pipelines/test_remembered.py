from __future__ import annotations

from pipelines.remembered import Remembered


def test_what_was_found_is_not_looked_for_again() -> None:
    asked: list[str] = []

    def find(key: str) -> bytes:
        asked.append(key)
        return key.encode()

    remembered = Remembered(find, most=3)
    assert [remembered[key] for key in "abab"] == [b"a", b"b", b"a", b"b"]
    assert asked == ["a", "b"]


def test_there_is_never_more_of_it_than_there_may_be() -> None:
    remembered = Remembered(str.encode, most=3)
    for key in "abcdefgabc":
        assert remembered[key] == key.encode()
        assert 0 < len(remembered) <= 3
