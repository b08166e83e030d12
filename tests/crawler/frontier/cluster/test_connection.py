import socket
from urllib.parse import urlsplit

import pytest

from crawler.frontier.cluster.connection import FrontierUnavailable, check


def test_a_server_that_answers(redis_url: str) -> None:
    check(redis_url)


def complaint(url: str) -> str:
    with pytest.raises(FrontierUnavailable) as raised:
        check(url)
    assert raised.value.__cause__ is None
    return str(raised.value)


def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        said = complaint(f"redis://:geheim@127.0.0.1:{free.getsockname()[1]}/0")
    assert "no contact" in said
    assert "start redis-server" in said
    assert "geheim" not in said


def test_a_wrong_password(redis_url: str) -> None:
    said = complaint(f"redis://:geheim@127.0.0.1:{urlsplit(redis_url).port}/0")
    assert "refuses this login" in said
    assert "geheim" not in said


def test_no_password(redis_url: str) -> None:
    assert "asks for a password" in complaint(f"redis://127.0.0.1:{urlsplit(redis_url).port}/0")


def test_a_database_that_is_not_there(redis_url: str) -> None:
    assert complaint(redis_url.removesuffix("/0") + "/99").endswith("DB index is out of range")


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:6379",
        "http://:geheim@a.example/",
        "redis://:geheim@a.example:port/",
        "redis://:geheim@a.example/nieuws",
    ],
)
def test_what_is_no_redis_url(url: str) -> None:
    said = complaint(url)
    assert "FRONTIER_REDIS_URL" in said
    assert "redis://:password@host" in said
    assert "geheim" not in said
