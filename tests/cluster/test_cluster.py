"""Three nodes, of which one is killed and one told to stop, and a Redis that is restarted: what the servers saw.

Small and quick by default. `make test-cluster` runs it with twenty hosts and 2,000 articles, and prints the figures.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo.database import Database

from crawler.frontier.cluster.connection import FrontierUnavailable, check
from crawler.frontier.cluster.node import IN_HAND
from crawler.frontier.cluster.overview import cluster_summary
from crawler.settings import READ_ALSO_BUDGET
from crawler.url import article_id
from tests.faults.crawling import Crawl, crawl, wait_until
from tests.politeness_world.world import World, gaps, percentile
from tests.redis_server import PASSWORD, RedisServer, redis_server

HOSTS = int(os.environ.get("CLUSTER_HOSTS", "6"))
ARTICLES = int(os.environ.get("CLUSTER_ARTICLES", "90")) // HOSTS
DELAY = float(os.environ.get("CLUSTER_DELAY", "0.25"))
PAGES = HOSTS * ARTICLES
SECONDS = 60 + PAGES * 0.5


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with redis_server(folder) as server:
        yield server


@dataclass(kw_only=True)
class Cluster:
    """Nodes that crawl one world into one database."""

    world: World
    redis: RedisServer
    start: Callable[..., Crawl]
    database: Any

    def fetched(self) -> Counter[str]:
        """How often each article was asked for."""
        paths = (f"{access.host}{access.path}" for access in self.world.log if access.path.startswith("/nieuws/"))
        return Counter(paths)

    def wait_for(self, share: float) -> None:
        """Wait until this share of the articles was asked for."""
        wait_until(lambda: len(self.fetched()) >= share * len(self.world.urls), seconds=SECONDS)

    def assert_all_stored_once(self) -> None:
        keys = {article_id(url) for url in self.world.urls}
        articles = list(self.database.articles.find({}, {"revision": 1}))
        assert {article["_id"] for article in articles} == keys
        assert {article["revision"] for article in articles} == {1}
        # Each article points to one more page, and what is beyond READ_ALSO_BUDGET waits for a later run.
        beyond = max(0, len(keys) - READ_ALSO_BUDGET)
        assert self.database.pages.count_documents({"state": "pending", "via": {"$ne": "read-also"}}) == 0
        assert self.database.pages.count_documents({"state": "pending"}) <= beyond

    def nodes_by_host(self) -> dict[str, list[str]]:
        """Which nodes took up pages of each host, in order; one that did again after another is named twice."""
        found: dict[str, list[str]] = {}
        for row in self.database.pages.find({}, {"url": 1, "run": 1}).sort("taken_at"):
            nodes = found.setdefault(str(urlsplit(row["url"]).hostname), [])
            if nodes[-1:] != [str(row["run"])]:
                nodes.append(str(row["run"]))
        return found


@pytest.fixture
def cluster(
    redis: RedisServer, mongodb_uri: str, database: Database[Any], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Cluster]:
    hosts, articles, delay = getattr(request, "param", (HOSTS, ARTICLES, DELAY))
    with World(hosts, articles) as world, ExitStack() as stack:
        file = world.sites_file(tmp_path, delay=delay)

        def start(**settings: object) -> Crawl:
            ours = {"FRONTIER_LEASE": 5, "EXTRACTION_WORKERS": 1, **settings}
            node = crawl(
                "news", "-a", f"sites_file={file}", uri=mongodb_uri, database=database.name,
                environ={"FRONTIER_REDIS_URL": redis.url}, **ours,
            )  # fmt: skip
            return stack.enter_context(node)

        yield Cluster(world=world, redis=redis, start=start, database=database)


def test_one_node_killed_one_stopped_redis_restarted(cluster: Cluster) -> None:
    killed, stopped, _ = nodes = [cluster.start() for _ in range(3)]
    cluster.wait_for(0.3)
    os.killpg(killed.process.pid, signal.SIGKILL)
    cluster.wait_for(0.5)
    os.kill(stopped.process.pid, signal.SIGTERM)
    cluster.wait_for(0.6)
    cluster.redis.stop()
    cluster.redis.start()
    ended = [node.end(SECONDS) for node in nodes]
    assert [ran.exit_code for ran in ended] == [-signal.SIGKILL, 128 + signal.SIGTERM, 0], ended[2].stderr
    for ran in ended[1:]:
        assert "Traceback" not in ran.stderr, ran.stderr
        assert ran.balance["discovered"] * 2 == sum(ran.balance.values())
    cluster.assert_all_stored_once()
    fetched, found = cluster.fetched(), gaps(cluster.world.log)
    twice, short = fetched.total() - len(fetched), sum(gap < DELAY for gap in found)
    print(
        f"\n{PAGES} articles of {HOSTS} hosts, delay {DELAY:g} s, three nodes: never stored 0, fetched twice {twice} "
        f"({twice / PAGES:.2%}); gaps {len(found)}, under the delay {short} ({short / len(found):.2%}), shortest "
        f"{found[0]:.4f} s, median {percentile(found, 0.5):.4f} s"
    )
    # What the killed node had fetched and not stored yet: a few pages of each of its hosts, however large the crawl.
    assert twice <= max(0.02 * PAGES, IN_HAND * -(-HOSTS // 3))
    assert short <= 0.005 * len(found)
    assert found[0] >= DELAY / 2


SMALL = pytest.mark.parametrize("cluster", [(4, 8, 0.3)], indirect=True, ids=["small"])


@SMALL
def test_each_host_is_asked_by_one_node_at_a_time_and_each_list_by_one_also_when_redis_forgets_all(
    cluster: Cluster,
) -> None:
    # Long enough that no node loses one because a busy machine has kept it waiting.
    nodes = [cluster.start(FRONTIER_LEASE=30) for _ in range(2)]
    cluster.wait_for(0.3)
    with cluster.redis.client() as client:
        seen = cluster_summary(client, cluster.database.name, now=datetime.now(UTC))
        cluster.wait_for(0.7)
        by_host = cluster.nodes_by_host()
        client.flushall()
    ended = [node.end(SECONDS) for node in nodes]
    assert [ran.exit_code for ran in ended] == [0, 0], [ran.stderr for ran in ended]
    assert not any("Traceback" in ran.stderr for ran in ended)
    cluster.assert_all_stored_once()
    assert set(cluster.fetched().values()) == {1}
    lists = Counter(
        (access.host, access.path) for access in cluster.world.log if access.path in {"/rss", "/sitemap.xml"}
    )
    assert len(lists) == 8
    assert set(lists.values()) == {1}
    # The node that comes first has all of them until the other is there, and does not get back what it gave away.
    assert all(len(nodes) == len(set(nodes)) for nodes in by_host.values()), by_host
    assert sum(ran.balance["stored"] for ran in ended) == 32
    assert gaps(cluster.world.log)[0] >= 0.3

    runs = {str(row["_id"]) for row in cluster.database.crawls.find()}
    assert {node.run for node in seen.nodes} <= runs
    # None: of a node that had no time to renew what it says of itself.
    assert {node.pid for node in seen.nodes} <= {*(node.process.pid for node in nodes), None}
    assert {partition.owner for partition in seen.partitions} <= {*runs, None}
    assert sum(partition.lag + partition.in_hand for partition in seen.partitions) > 0
    with cluster.redis.client() as client:
        # Nothing grows from crawl to crawl.
        assert not [key for key in client.scan_iter("*") if ":stream:" in key or ":lease:" in key]


@SMALL
def test_a_redis_that_stays_away_ends_the_run_and_loses_nothing(cluster: Cluster) -> None:
    node = cluster.start(FRONTIER_REDIS_WAIT=2)
    cluster.wait_for(0.3)
    cluster.redis.stop(signal.SIGKILL)
    ran = node.end(SECONDS)
    assert ran.exit_code == 3
    assert "Redis was away for 2 seconds (FRONTIER_REDIS_WAIT)" in ran.stderr
    assert "the Redis that shares out the work was lost" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert PASSWORD not in ran.stderr + ran.stdout
    assert ran.balance["discovered"] * 2 == sum(ran.balance.values())

    with pytest.raises(FrontierUnavailable, match=re.escape("no contact with Redis at redis://:***@127.0.0.1")):
        check(cluster.redis.url)

    cluster.redis.start()
    assert cluster.start().end(SECONDS).exit_code == 0
    cluster.assert_all_stored_once()
    assert set(cluster.fetched().values()) == {1}


@SMALL
def test_pages_left_over_and_pages_due_are_shared_as_well(cluster: Cluster) -> None:
    first = cluster.start(REVISITS=0, LISTING_PERIOD_MAX=0, LISTING_PERIOD_MIN=0)
    pages = cluster.database.pages
    wait_until(lambda: pages.count_documents({"state": "stored"}) >= 8, seconds=SECONDS)
    os.killpg(first.process.pid, signal.SIGKILL)
    first.end(SECONDS)
    settled = pages.count_documents({"state": "stored"})
    ran = cluster.start(REVISITS=0, LISTING_PERIOD_MAX=0, LISTING_PERIOD_MIN=0).end(SECONDS)
    assert ran.exit_code == 0, ran.stderr
    cluster.assert_all_stored_once()
    # What the killed node had settled is looked at again, conditionally, and nothing is asked for without end.
    assert ran.balance["unchanged"] >= settled
    assert max(cluster.fetched().values()) <= 2
