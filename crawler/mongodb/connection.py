"""Which MongoDB a run works with, and the first contact with it."""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo import AsyncMongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from crawler.mongodb.embedded import embedded_server
from crawler.mongodb.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from pymongo.asynchronous.database import AsyncDatabase
    from pymongo.database import Database
    from scrapy.settings import BaseSettings

__all__ = ["DatabaseUnavailable", "MongoTarget", "OpenDatabase", "open_database", "redacted", "target"]

logger = logging.getLogger(__name__)

DEFAULT_DATABASE = "news"
DEFAULT_DATA_DIR = "./data/mongodb"
FIRST_CONTACT_SECONDS = 5
"""How long a server may take to show itself, at first contact and whenever it was lost."""

_GOODBYE_SECONDS = 0.5

# https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions, the stricter set of Windows included:
# a database must be restorable anywhere.
_FORBIDDEN_IN_NAME = re.compile(r'[/\\. "$*<>:|?\x00-\x1f\x7f]')
_NAME_BYTES = 63
_SYSTEM_DATABASES = frozenset({"admin", "config", "local"})

_USER_INFO = re.compile(
    r"^(?P<scheme>[a-z0-9+]*://)?+(?P<user>[^:@]*)(?P<secret>:.*)@(?P<rest>.*)$", re.IGNORECASE | re.DOTALL
)
_SECRET_OPTION = re.compile(
    r"(?<=[?&])([^=&]*(?:password|secret|token|authMechanismProperties)[^=&]*)=[^&]*", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_AUTHENTICATION_FAILED = frozenset({18, 8000})  # 8000: the same, by MongoDB Atlas
_UNAUTHORIZED = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoTarget:
    """Where the database is, as the settings say it."""

    uri: str
    """The server's URI, password and all; empty for the embedded one, whose port is known when it runs."""
    database: str
    """Name of the database."""
    embedded: bool
    """No server was named: the embedded one serves `data_dir`."""
    data_dir: Path
    """The data directory of the embedded server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDatabase:
    """A database that answered."""

    uri: str
    """How to connect to its server, password and all: never to be printed but through `redacted`."""
    database: Database[dict[str, Any]]
    """The database; instants come out of it as aware datetimes in UTC."""
    embedded: bool
    """Its server is the embedded one."""
    started_here: bool
    """Its server was started by this process."""

    @asynccontextmanager
    async def asynchronous(self) -> AsyncIterator[AsyncDatabase[Mapping[str, Any]]]:
        """Give the same database to code that awaits it; a server that has gone keeps nobody from the end."""
        client: AsyncMongoClient[Mapping[str, Any]] = AsyncMongoClient(self.uri, tz_aware=True, appname="leesook")
        try:
            yield client[self.database.name]
        finally:
            await close_within(2 * _GOODBYE_SECONDS, client, goodbye=_GOODBYE_SECONDS)


async def close_within(seconds: float, client: AsyncMongoClient[Any], *, goodbye: float) -> None:
    """Close a client, for so many seconds at most; whether it is closed by then or not, nothing is kept from its end.

    goodbye: seconds in which it may look for its server, to tell it so. A call that was cancelled while it waited for
    the server may have left a lock behind (PyMongo 4.20), so that closing has no end of its own.
    """
    with pymongo.timeout(goodbye):
        closing = asyncio.ensure_future(client.close())
    await asyncio.wait({closing}, timeout=seconds)


def redacted(uri: str) -> str:
    """Return a MongoDB URI as it may be shown: its password, and options that are secrets, as `***`.

    For any text, also for what is no valid URI: whatever stands between the first colon after the scheme and the last
    `@` may be a password that somebody forgot to escape.
    """
    shown = _CONTROL.sub("", uri)
    found = _USER_INFO.match(shown)
    if found:
        shown = f"{found['scheme'] or ''}{found['user']}:***@{found['rest']}"
    return _SECRET_OPTION.sub(r"\1=***", shown)


def target(settings: BaseSettings) -> MongoTarget:
    """Return what MONGODB_URI, MONGODB_DATABASE and MONGODB_DATA_DIR say.

    Raises DatabaseUnavailable for a name that no database can have.
    """
    uri = str(settings.get("MONGODB_URI") or "").strip()
    return MongoTarget(
        uri=uri,
        database=_valid_name(str(settings.get("MONGODB_DATABASE") or DEFAULT_DATABASE)),
        embedded=not uri,
        data_dir=Path(str(settings.get("MONGODB_DATA_DIR") or DEFAULT_DATA_DIR)),
    )


def _valid_name(name: str) -> str:
    problem = None
    if found := _FORBIDDEN_IN_NAME.search(name):
        problem = f"{found[0]!r} may not be in it"
    elif len(name.encode(errors="surrogatepass")) > _NAME_BYTES:
        problem = f"it is longer than {_NAME_BYTES} bytes"
    elif name.lower() in _SYSTEM_DATABASES:
        problem = "it is MongoDB's own"
    if problem:
        raise DatabaseUnavailable(f"MONGODB_DATABASE: {name!r} cannot be the name of a database ({problem})")
    return name


@contextmanager
def open_database(settings: BaseSettings) -> Iterator[OpenDatabase]:
    """Give the database the settings name, seen to answer; the embedded server runs meanwhile where no URI is set.

    Raises DatabaseUnavailable, within seconds, where there is none to work with.
    """
    where = target(settings)
    if not where.embedded:
        with _connected(where.uri, where) as database:
            yield OpenDatabase(uri=where.uri, database=database, embedded=False, started_here=False)
        return
    with embedded_server(where.data_dir) as server, _connected(server.uri, where) as database:
        yield OpenDatabase(uri=server.uri, database=database, embedded=True, started_here=server.started_here)


@contextmanager
def _connected(uri: str, where: MongoTarget) -> Iterator[Database[dict[str, Any]]]:
    try:
        client = _client(uri)
    except (PyMongoError, ValueError, TypeError) as error:
        raise DatabaseUnavailable(_bad_uri(uri, error)) from None
    try:
        database = client[where.database]
        try:
            # A server that wants a login answers a ping without one.
            database.command({"listCollections": 1, "nameOnly": True, "authorizedCollections": True})
        except (PyMongoError, ValueError) as error:
            # Without its context: a chained traceback may show what the sentence hides.
            raise DatabaseUnavailable(_no_contact(uri, where.database, error)) from None
        yield database
    finally:
        # It says goodbye to the server, for which it would look for as long as at first contact.
        with pymongo.timeout(_GOODBYE_SECONDS):
            client.close()


def _client(uri: str) -> pymongo.MongoClient[dict[str, Any]]:
    # PyMongo warns of options it does not know and goes on without them.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            uri,
            tz_aware=True,
            serverSelectionTimeoutMS=FIRST_CONTACT_SECONDS * 1000,
            connectTimeoutMS=FIRST_CONTACT_SECONDS * 1000,
            appname="leesook",
        )
    for warning in caught:
        logger.warning("MONGODB_URI: %s", _without_secret(uri, str(warning.message)) or "an option is not understood")
    return client


def _bad_uri(uri: str, error: Exception) -> str:
    if isinstance(error, ConfigurationError) and "DNS" in str(error):
        return f"MONGODB_URI: {redacted(uri)} is not in the DNS: check the host name after mongodb+srv://"
    why = _without_secret(uri, str(error)) or "a part of it is not escaped"
    return (
        f"MONGODB_URI: {redacted(uri)} is not a valid MongoDB URI ({why}): "
        "write mongodb://user:password@host:27017/, with special characters of the password percent-encoded"
    )


def _no_contact(uri: str, database: str, error: Exception) -> str:
    shown = redacted(uri)
    if isinstance(error, OperationFailure):
        if error.code in _AUTHENTICATION_FAILED:
            return (
                f"MongoDB at {shown} refuses these credentials: check user name and password in MONGODB_URI, "
                "and name the database that holds the user with ?authSource=… (often admin)"
            )
        if error.code == _UNAUTHORIZED:
            return (
                f"MongoDB at {shown} does not let this user into the database {database}: put user and password "
                f"in MONGODB_URI, and grant the user the role readWrite on {database}"
            )
    if isinstance(error, ServerSelectionTimeoutError):
        return f"no contact with MongoDB at {shown} within {FIRST_CONTACT_SECONDS} seconds: {_remedy(str(error))}"
    why = _without_secret(uri, str(error)) or type(error).__name__
    return f"MongoDB at {shown} does not work: {why}"


_REMEDIES = (
    # PyMongo puts one text per host into one message; the first line here that fits any of them is given.
    (
        re.compile(
            r"configured to connect to a replica set named '([^']*)'|available for replica set name \"([^\"]*)\""
        ),
        "the server is not a member of the replica set {0}: correct replicaSet= in MONGODB_URI, or leave it out",
    ),
    (
        re.compile(r"certificate|CERTIFICATE"),
        "the server's TLS certificate is not trusted: name its authority with tlsCAFile=… in MONGODB_URI",
    ),
    (
        re.compile(r"SSL|TLS|handshake"),
        "the TLS handshake failed: check whether the server wants tls=true or tls=false in MONGODB_URI",
    ),
    (
        re.compile(r"[Nn]ame or service not known|nodename nor servname|getaddrinfo|name resolution"),
        "its host name has no address: check the host in MONGODB_URI",
    ),
    (
        re.compile(r"refused"),
        "nothing listens there: start the server or correct host and port in MONGODB_URI "
        "(unset, the embedded MongoDB is used)",
    ),
    (
        re.compile(r"No primary|No replica set members"),
        "the replica set has no primary now: see rs.status() on a member",
    ),
    (
        re.compile(r"connection closed|reset by peer"),
        "the server closes the connection: check that the port is MongoDB's, and whether it wants tls=true",
    ),
)


def _remedy(error: str) -> str:
    for pattern, remedy in _REMEDIES:
        if found := pattern.search(error):
            return remedy.format(next(filter(None, found.groups()), ""))
    return "check host and port in MONGODB_URI, the server's bindIp, and any firewall between"


def _without_secret(uri: str, text: str) -> str:
    """Return the text on one line; nothing if a part of the URI's password may be in it."""
    found = _USER_INFO.match(uri)
    parts = re.split(r"[:@/?]", found["secret"]) if found else []
    if any(part and part in text for part in parts):
        return ""
    return " ".join(text.split()).rstrip(".")
