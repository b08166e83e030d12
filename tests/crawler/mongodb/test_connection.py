from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pymongo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

from crawler.mongodb.binary import find_mongod
from crawler.mongodb.connection import DatabaseUnavailable, open_database, redacted, target
from crawler.mongodb.embedded import default_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "Zeer-Geheim"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://127.0.0.1:27017/", "mongodb://127.0.0.1:27017/"),
        ("mongodb://a:1,b:2/?replicaSet=rs0", "mongodb://a:1,b:2/?replicaSet=rs0"),
        ("mongodb://me@host:27017/", "mongodb://me@host:27017/"),
        ("mongodb://me:pw@host:27017/news?w=1", "mongodb://me:***@host:27017/news?w=1"),
        ("mongodb+srv://me:pw@cluster.example/", "mongodb+srv://me:***@cluster.example/"),
        ("mongodb://me:pw@a:1,b:2,c:3/?replicaSet=rs0", "mongodb://me:***@a:1,b:2,c:3/?replicaSet=rs0"),
        ("mongodb://me:p@ss/w:rd?@host/", "mongodb://me:***@host/"),
        ("mongodb://a/b:pw@host/", "mongodb://a/b:***@host/"),
        ("me:pw@host", "me:***@host"),
        (
            "mongodb://h/?tls=true&tlsCertificateKeyFilePassword=pw",
            "mongodb://h/?tls=true&tlsCertificateKeyFilePassword=***",
        ),
        (
            "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:pw&w=1",
            "mongodb://h/?authMechanismProperties=***&w=1",
        ),
        ("mongodb://me:pw@h/\nforged log line", "mongodb://me:***@h/forged log line"),
    ],
)
def test_a_uri_is_shown_without_its_secrets(uri: str, shown: str) -> None:
    assert redacted(uri) == shown


@given(
    st.text(st.characters(exclude_characters=":@", codec="utf-8"), min_size=1),
    st.text(st.characters(codec="utf-8")),
    st.sampled_from(["mongodb://", "mongodb+srv://", ""]),
)
def test_no_password_survives_in_what_is_shown(user: str, noise: str, scheme: str) -> None:
    assert PASSWORD not in redacted(f"{scheme}{user}:{noise}{PASSWORD}{noise}@host.example:27017/news")


def test_the_settings_name_the_target(tmp_path: Path) -> None:
    named = target(Settings({"MONGODB_URI": " mongodb://host/ ", "MONGODB_DATABASE": "krant"}))
    assert (named.uri, named.database, named.embedded) == ("mongodb://host/", "krant", False)
    unset = target(Settings({"MONGODB_URI": "", "MONGODB_DATA_DIR": str(tmp_path)}))
    assert (unset.uri, unset.database, unset.embedded, unset.data_dir) == ("", "news", True, tmp_path)


@pytest.mark.parametrize("name", ["a.b", "a b", "a/b", "$a", 'a"b', "a\x00b", "x" * 64, "é" * 32, "admin", "Local"])
def test_an_impossible_database_name_is_refused(name: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="MONGODB_DATABASE"):
        target(Settings({"MONGODB_DATABASE": name}))


def test_a_named_server_is_used_and_its_instants_are_in_utc(mongodb_uri: str) -> None:
    with open_database(Settings({"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": "test_named"})) as opened:
        assert opened.uri == mongodb_uri
        assert not opened.started_here
        assert not opened.embedded
        assert opened.database.name == "test_named"
        assert opened.database.codec_options.tz_aware


def test_without_a_uri_the_embedded_server_runs(tmp_path: Path) -> None:
    with open_database(Settings({"MONGODB_DATA_DIR": str(tmp_path / "data")})) as opened:
        assert opened.started_here
        assert opened.embedded
        opened.database.articles.insert_one({"_id": "x"})
        with open_database(Settings({"MONGODB_DATA_DIR": str(tmp_path / "data")})) as second:
            assert not second.started_here
            assert second.uri == opened.uri
            assert second.database.articles.count_documents({}) == 1


def sentence_of(uri: str, **settings: str) -> str:
    with (
        pytest.raises(DatabaseUnavailable) as caught,
        open_database(Settings({"MONGODB_URI": uri, **settings})),
    ):
        pass
    text = str(caught.value)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    said = sentence_of(f"mongodb://me:{PASSWORD}@127.0.0.1:1/")
    assert "no contact with MongoDB at mongodb://me:***@127.0.0.1:1/" in said
    assert "nothing listens there" in said


def test_a_host_without_an_address() -> None:
    assert "host name has no address" in sentence_of(f"mongodb://me:{PASSWORD}@nowhere.invalid/")


@pytest.mark.parametrize(
    "uri",
    [
        f"http://me:{PASSWORD}@host/",
        f"mongodb://me:{PASSWORD}@/",
        f"mongodb://me:{PASSWORD}@host:99999/",
        f"mongodb://me:p@{PASSWORD}@host/",
        f"mongodb://me:p:{PASSWORD}@host/",
        f"mongodb://me:{PASSWORD}%@host/",
        "mongodb://",
    ],
)
def test_a_bad_uri_is_named_with_how_to_write_it(uri: str) -> None:
    said = sentence_of(uri)
    assert "MONGODB_URI" in said
    assert "write mongodb://user:password@host:27017/" in said


def test_a_server_of_another_replica_set(mongodb_uri: str) -> None:
    uri = re.sub(r"\?.*", "?replicaSet=elsewhere", mongodb_uri)
    assert "not a member of the replica set elsewhere" in sentence_of(uri)


@pytest.fixture(scope="module")
def guarded_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port of a server that wants a login; its one user is root with the password."""
    directory = tmp_path_factory.mktemp("guarded")
    port = default_port(directory)
    mongod = subprocess.Popen(
        [
            find_mongod(),
            "--auth",
            "--dbpath",
            directory,
            "--port",
            str(port),
            "--bind_ip",
            "127.0.0.1",
            "--nounixsocket",
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        with pymongo.MongoClient(f"mongodb://127.0.0.1:{port}/") as client:
            client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
            client.close()
        with pymongo.MongoClient(f"mongodb://root:{PASSWORD}@127.0.0.1:{port}/") as client:
            client.admin.command("createUser", "stranger", pwd=PASSWORD, roles=[])
        yield port
    finally:
        mongod.terminate()
        mongod.wait(30)


def test_wrong_credentials(guarded_port: int) -> None:
    said = sentence_of(f"mongodb://root:{PASSWORD}-not@127.0.0.1:{guarded_port}/")
    assert "refuses these credentials" in said
    assert "authSource" in said


def test_a_missing_login(guarded_port: int) -> None:
    assert "put user and password in MONGODB_URI" in sentence_of(f"mongodb://127.0.0.1:{guarded_port}/")


def test_the_right_credentials(guarded_port: int) -> None:
    with open_database(Settings({"MONGODB_URI": f"mongodb://root:{PASSWORD}@127.0.0.1:{guarded_port}/"})) as opened:
        opened.database.articles.insert_one({"_id": "x"})
        assert opened.database.articles.count_documents({}) == 1


def test_an_option_that_pymongo_does_not_know_is_logged(mongodb_uri: str, caplog: pytest.LogCaptureFixture) -> None:
    with open_database(Settings({"MONGODB_URI": f"{mongodb_uri}&colour=red"})):
        pass
    assert "Unknown option: colour" in caplog.text
