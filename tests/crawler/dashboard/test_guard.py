from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from crawler.dashboard.guard import HEADERS, is_welcome
from tests.crawler.dashboard.serving import Dashboard, serving


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8017", "127.0.0.1:8017", "[::1]:8017", "192.168.1.4", "10.0.0.1:80", "localhost."]
)
def test_who_is_welcome(host: str) -> None:
    assert is_welcome(host, [])


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8017", "evil.example:127", "[evil]",
     "0x7f.1", "evil@localhost", "localhost/", "127.0.0.1, evil.example"],
)  # fmt: skip
def test_who_is_not(host: str) -> None:
    assert not is_welcome(host, ["newsroom.example"])


def test_a_name_that_was_given() -> None:
    assert is_welcome("Newsroom.example:8017", ["newsroom.EXAMPLE"])


def test_another_name_gets_nothing(dashboard: Dashboard) -> None:
    for path in ("/", "/articles", "/static/dashboard.css", "/nowhere", "/metrics"):
        answer = dashboard.get(path, host="evil.example")
        assert (answer.status, answer.headers["Content-Type"]) == (421, "text/plain; charset=utf-8"), path
        assert "leesook" not in answer.text


def test_names_given_on_the_command_line(prepared: Database[dict[str, Any]]) -> None:
    with serving(prepared, names=("newsroom.example",)) as dashboard:
        assert dashboard.get("/", host="newsroom.example:8017").status == 200
        assert dashboard.get("/", host="other.example").status == 421


def test_every_answer_has_the_headers(dashboard: Dashboard) -> None:
    for path in ("/", "/articles?q=x", "/static/dashboard.css", "/nowhere", "/articles/%00", "/static/"):
        answer = dashboard.get(path)
        assert HEADERS.items() <= answer.headers.items(), path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        unsafe = {"script-src", "'unsafe-inline'", "'unsafe-eval'", "http:", "https:", "data:", "*"}
        assert not unsafe & set(policy.replace(";", " ").split())
        assert answer.headers["Server-Timing"].startswith("page;dur=")
        assert "Server" not in answer.headers


def test_it_is_only_for_reading(dashboard: Dashboard) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert dashboard.get("/articles", method=method).status == 405, method


def test_no_file_but_its_own(dashboard: Dashboard) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fsettings.py"):
        assert dashboard.get(path).status == 404, path
