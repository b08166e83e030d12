"""compose.yaml and Dockerfile: as far as they can be checked without Docker."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import yaml

import crawler.settings
from crawler.mongodb.cache import UNWRITTEN
from tests.faults.crawling import wait_until
from tests.running import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "leesook"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
_SCRIPT_VARIABLES = {"COUNTRY", "PAUSE"}


def test_all_that_a_crawl_needs_is_there() -> None:
    assert {"mongodb", "redis", "crawler", "dask-scheduler", "dask-worker"} <= set(SERVICES)
    server = SERVICES["mongodb"]["command"]
    assert "--replSet" in server
    assert server[server.index("--wiredTigerEngineConfigString") + 1] == UNWRITTEN
    url = urlsplit(SERVICES["crawler"]["environment"]["FRONTIER_REDIS_URL"])
    assert (url.scheme, url.hostname) == ("redis", "redis")


def test_redis_takes_its_options(tmp_path: Path) -> None:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program, "neither redis-server nor valkey-server is installed: apt-get install redis-server"
    options = [
        *SERVICES["redis"]["command"][1:],
        "--port",
        "0",
        "--unixsocket",
        f"{tmp_path}/s",
        "--dir",
        str(tmp_path),
    ]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: server.poll() is not None or (tmp_path / "s").exists(), seconds=60)
        with redis.Redis(unix_socket_path=f"{tmp_path}/s", decode_responses=True, protocol=2) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_named_with_their_version(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[a-z/-]+:\d+(\.\d+)*", image) or SERVICES[name]["build"] == "."


@pytest.mark.parametrize("name", SERVICES)
def test_keys_are_those_of_the_compose_specification(name: str) -> None:
    # https://github.com/compose-spec/compose-spec/blob/main/spec.md, as far as used.
    known = {
        "image", "build", "command", "restart", "init", "stop_grace_period", "environment", "volumes", "depends_on",
        "healthcheck", "profiles", "ports",
    }  # fmt: skip
    assert set(SERVICES[name]) <= known


@pytest.mark.parametrize("name", OURS)
def test_what_is_set_for_a_crawl_is_a_setting(name: str) -> None:
    environment = set(SERVICES[name]["environment"])
    assert "MONGODB_URI" in environment
    assert environment - _SCRIPT_VARIABLES <= set(crawler.settings._FROM_ENVIRONMENT)


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_and_services_that_are_referred_to_exist(name: str) -> None:
    for volume in SERVICES[name].get("volumes", ()):
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or source.startswith(("./", "${"))
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "test" in SERVICES[other]["healthcheck"]


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_this_machine(name: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


def test_the_loop_of_the_crawler_is_a_script_that_ends_when_told(tmp_path: Any) -> None:
    shell = shutil.which("sh")
    assert shell
    command = SERVICES["crawler"]["command"]
    assert command[:2] == ["sh", "-c"]
    script = command[2].replace("$$", "$")
    assert subprocess.run([shell, "-n", "-c", script], check=False).returncode == 0
    # In the place of the crawl something else that takes its time; the loop is told to end, and ends with it.
    script = script.replace('scrapy crawl news -a country="$COUNTRY"', "sleep 60")
    loop = subprocess.Popen([shell, "-c", script], env={"PAUSE": "1", "PATH": "/usr/bin:/bin"})
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            loop.wait(1)
        loop.terminate()
        loop.wait(30)
    finally:
        loop.kill()


def test_what_the_image_copies_is_there_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [word for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.M) for word in line.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert f"!{path}" in ignored


def test_the_image_runs_as_nobody_in_particular() -> None:
    user = re.findall(r"^USER (.*)$", DOCKERFILE, re.M)[-1]
    assert user != "root"
    assert f"useradd --create-home --uid 10001 {user}" in DOCKERFILE
