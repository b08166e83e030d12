import json
from datetime import UTC, datetime, timedelta
from typing import Any

import redis as redis_py
from pymongo.database import Database

from crawler.frontier.cluster.keys import Keys
from crawler.frontier.cluster.leases import Leases
from crawler.frontier.cluster.overview import cluster_summary
from crawler.frontier.cluster.streams import Streams
from tests.redis_server import PASSWORD
from tests.running import environment, scrapy

RUN = "65a1b2c3d4e5f60718293a4b"


async def two_partitions(client: Any, keys: Keys) -> None:
    """One that a node owns and has begun, one that nobody owns and nobody has read."""
    node, streams = Leases(client, keys, node=RUN, seconds=60), Streams(client, keys, node=RUN)
    await node.join({"host": "noord", "pid": 12, "started_at": datetime.now(UTC).timestamp()})
    await streams.push_pages([(1, "p1"), (1, "p2"), (1, "p3"), (2, "q1")])
    await node.take(1)
    await streams.prepare(1)
    assert len(await streams.read([1], count=1, milliseconds=1000)) == 1


async def test_nodes_partitions_and_their_lag(client: Any, keys: Keys, redis_url: str) -> None:
    await two_partitions(client, keys)
    with redis_py.Redis.from_url(redis_url, decode_responses=True, protocol=2) as redis:
        found = cluster_summary(redis, "news", now=datetime.now(UTC) + timedelta(seconds=5))
        other = cluster_summary(redis, "other", now=datetime.now(UTC))
    (node,) = found.nodes
    assert (node.run, node.host, node.pid, node.partitions, node.in_hand, node.alive) == (RUN, "noord", 12, 1, 1, True)
    assert [(one.partition, one.owner, one.lag, one.in_hand) for one in found.partitions] == [
        (1, RUN, 2, 1),
        (2, None, 1, 0),
    ]
    assert all(one.oldest_seconds > 4 for one in found.partitions)
    assert (other.nodes, other.partitions) == ([], [])


async def test_the_command(client: Any, redis_url: str, mongodb_uri: str, database: Database[Any]) -> None:
    await two_partitions(client, Keys(database=database.name, scope="0123"))
    env = environment(mongodb_uri=mongodb_uri, database=database.name)
    asked = {**env, "FRONTIER_REDIS_URL": redis_url}
    lines = [line.split() for line in scrapy("status", "--cluster", env=asked).stdout.splitlines()]
    assert next(line[:3] for line in lines if line[:1] == [RUN]) == [RUN, "noord", "12"]
    assert ["1", RUN, "2", "1"] in [line[:4] for line in lines]
    assert ["2", "nobody", "1", "0"] in [line[:4] for line in lines]
    said = json.loads(scrapy("status", "--cluster", "--json", env=asked).stdout)["cluster"]
    assert [node["run"] for node in said["nodes"]] == [RUN]
    assert [one["lag"] for one in said["partitions"]] == [2, 1]

    unset = scrapy("status", "--cluster", env=env)
    assert unset.exit_code == 2
    assert "FRONTIER_REDIS_URL" in unset.stderr
    wrong = scrapy("status", "--cluster", env={**env, "FRONTIER_REDIS_URL": redis_url.replace(PASSWORD, "geheim")})
    assert wrong.exit_code == 1
    assert "refuses this login" in wrong.stderr
    assert "geheim" not in wrong.stderr
