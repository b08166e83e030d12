"""The Redis that nodes share: first contact, and errors said in one sentence with their remedy."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.console import printable
from crawler.mongodb.connection import redacted

if TYPE_CHECKING:
    import redis
    import redis.asyncio

SECONDS = 5.0
"""How long Redis may take to answer."""
_OLDEST = 7
"""Major version from which on XAUTOCLAIM leaves out what was deleted; Valkey says 7.2.4 of itself for this purpose."""


_DATABASE = re.compile(r"(/\d*)?")


class FrontierUnavailable(Exception):
    """No Redis to share the work by. Its text is one sentence for a person: what is wrong, and what to do about it."""


class FrontierLost(Exception):
    """Redis did not come back in time. Its text says so in one line."""


def check(url: str) -> None:
    """Return if the Redis at `url` can be worked with. Raises FrontierUnavailable, within seconds, if not."""
    with open_redis(url):
        pass


def open_redis(url: str) -> redis.Redis:
    """Return a client whose server has answered, to be used in a `with` statement. Raises FrontierUnavailable."""
    if find_spec("redis") is None:
        raise FrontierUnavailable("FRONTIER_REDIS_URL needs the package redis: pip install 'leesook[cluster]'")
    import redis
    from redis.retry import Retry

    try:
        if "://" in url and not url.startswith("unix:") and not _DATABASE.fullmatch(urlsplit(url).path):
            # redis-py would take the first database instead.
            raise ValueError
        client = redis.Redis.from_url(url, **_options(Retry))
    except (ValueError, TypeError, AttributeError):
        # Not the words of the error, which may have the password in them.
        raise FrontierUnavailable(
            f"FRONTIER_REDIS_URL: {redacted(url)} is not a valid Redis URL: "
            "write redis://:password@host:6379/0, or rediss://… for TLS, special characters percent-encoded"
        ) from None
    try:
        version = str(client.info("server")["redis_version"])
    except redis.RedisError as error:
        client.close()
        raise FrontierUnavailable(_no_contact(url, error)) from None
    if int(version.partition(".")[0]) < _OLDEST:
        client.close()
        raise FrontierUnavailable(f"Redis at {redacted(url)} is {version}: install Redis 7 or newer, or Valkey")
    return client


def connect(url: str) -> redis.asyncio.Redis:
    """Return a client for the event loop; it connects when it is first used, and again after a loss."""
    import redis.asyncio
    from redis.asyncio.retry import Retry

    return redis.asyncio.Redis.from_url(url, **_options(Retry))


def _options(retry: Any) -> dict[str, Any]:
    from redis.backoff import NoBackoff

    return {
        "decode_responses": True,
        "protocol": 2,
        "socket_timeout": SECONDS,
        "socket_connect_timeout": SECONDS,
        "client_name": "leesook",
        # None: a second XADD after a lost answer writes twice. Whoever asks knows what may be repeated.
        "retry": retry(NoBackoff(), 0),
    }


def _no_contact(url: str, error: Exception) -> str:
    import redis

    shown, words = redacted(url), str(error)
    if "Authentication required" in words:
        return f"Redis at {shown} asks for a password: write redis://:password@host:6379/0 in FRONTIER_REDIS_URL"
    if isinstance(error, redis.AuthenticationError):
        return f"Redis at {shown} refuses this login: check user and password in FRONTIER_REDIS_URL"
    if isinstance(error, redis.BusyLoadingError):
        return f"Redis at {shown} is still reading its data: try again in a moment"
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        remedy = "start redis-server there, or correct FRONTIER_REDIS_URL (unset, this machine works alone)"
        return f"no contact with Redis at {shown}: {remedy}"
    if isinstance(error, redis.InvalidResponse):
        return f"what answers at {shown} is no Redis: correct FRONTIER_REDIS_URL"
    return f"Redis at {shown} does not work: {type(error).__name__}: {printable(words)[:200]}"
