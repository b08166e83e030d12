"""The embedded MongoDB: a real mongod on loopback, one per data directory, for as long as somebody uses it.

Every process that works with a data directory marks its use with a lock; the last one to leave stops the server.
So it ends with the process that started it, unless another one still works with it; and a server whose parent was
killed is found, used, and stopped by the next one.

In the data directory, beside MongoDB's own files: `leesook.json` (the port), `leesook.start` and `leesook.users`
(locks), `mongod.log` and two earlier ones.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from crawler.mongodb.binary import find_mongod
from crawler.mongodb.cache import UNWRITTEN, cache_bytes, machine_memory
from crawler.mongodb.errors import DatabaseUnavailable
from crawler.mongodb.locks import Usage, exclusive
from crawler.mongodb.log import LOG_BYTES, log_file_of, read_since, set_aside, size_of
from crawler.mongodb.problems import FailedStart, explain
from crawler.mongodb.process import STOP_TIMEOUT, serving_pid, started_by_us, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
REPLICA_SET = "rs0"
START_TIMEOUT = 120.0
"""Seconds until a server must answer: after a crash it first replays its journal."""
# Below the ports that systems hand out to outgoing connections (32768 and up on Linux, 49152 on macOS).
_FIRST_PORT, _LAST_PORT = 27100, 32000
_PORT_TAKEN = 48  # mongod's exit status when it cannot listen
_NOT_YET_INITIALIZED = 94  # error code of replSetGetConfig
_POLL = 0.05  # seconds
_ANSWER_TIMEOUT = 2_000  # milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A mongod that serves one data directory."""

    data_dir: Path
    """The directory, absolute."""
    port: int
    """The port on loopback, the same at every start unless somebody else took it."""
    pid: int
    """Its process id."""
    started_here: bool
    """This process started it; false where it was running already."""

    @property
    def uri(self) -> str:
        """How a client connects."""
        return uri_of(self.port)

    @property
    def log_file(self) -> Path:
        """Where it logs."""
        return log_file_of(self.data_dir)


def uri_of(port: int) -> str:
    """Return the URI of an embedded server; a direct connection, so that nobody looks for other members."""
    return f"mongodb://{HOST}:{port}/?directConnection=true"


def expected_uri(data_dir: Path) -> str:
    """Return the URI at which the server of a data directory is, or will be unless its port is taken meanwhile."""
    data_dir = data_dir.expanduser().resolve()
    return uri_of(_remembered_port(data_dir) or default_port(data_dir))


@contextmanager
def embedded_server(data_dir: Path) -> Iterator[EmbeddedServer]:
    """Give the server of a data directory, started if none runs, and stopped if nobody else uses it afterwards.

    Raises DatabaseUnavailable where there can be none.
    """
    if sys.platform == "win32":
        raise DatabaseUnavailable("the embedded MongoDB runs on Linux and macOS: set MONGODB_URI to a server")
    data_dir = prepared(data_dir)
    owner = os.getpid()
    with _start_lock(data_dir):
        usage = Usage(data_dir / "leesook.users")
        try:
            server = _running(data_dir) or _start(data_dir)
            _make_primary(server)
        except BaseException:
            if usage.end():
                stop(data_dir)
            raise
    try:
        rotate_log(server)
        yield server
    finally:
        # A forked child that unwinds this stack is not the one that came in.
        if os.getpid() == owner:
            with _start_lock(data_dir):
                if usage.end():
                    stop(data_dir)


def prepared(data_dir: Path) -> Path:
    """Return the data directory as an absolute path, made if it is not there.

    Raises DatabaseUnavailable if it cannot be made or written.
    """
    data_dir = data_dir.expanduser().resolve()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / "leesook.start").open("a"):
            pass
    except OSError as error:
        raise DatabaseUnavailable(
            f"cannot write in the data directory {data_dir} ({error.strerror}): "
            "set MONGODB_DATA_DIR to a directory this user may write, or MONGODB_URI to a server that runs"
        ) from error
    return data_dir


@contextmanager
def _start_lock(data_dir: Path) -> Iterator[None]:
    # Whoever has it may be starting one server after stopping another.
    with exclusive(data_dir / "leesook.start", timeout=START_TIMEOUT + STOP_TIMEOUT):
        yield


# ---------------------------------------------------------------------------------------------- is it running?


def _running(data_dir: Path) -> EmbeddedServer | None:
    deadline = time.monotonic() + START_TIMEOUT
    while (pid := serving_pid(data_dir)) is not None:
        for port in {_remembered_port(data_dir), default_port(data_dir)} - {None}:
            if port is not None and _pid_behind(port) == pid:
                return EmbeddedServer(data_dir=data_dir, port=port, pid=pid, started_here=False)
        strange = pid and not started_by_us(pid, data_dir) and serving_pid(data_dir) == pid
        if strange or time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"a mongod (process {pid}) has {data_dir} open and is not reachable as ours: "
                "stop it, or set MONGODB_URI to its address"
            )
        time.sleep(_POLL)  # it starts, replays its journal, or goes down
    return None


def _pid_behind(port: int) -> int | None:
    """Return the process id of the mongod that answers on a port; None for a stranger or for silence."""
    if _is_free(port):
        return None
    try:
        with _client(port) as client:
            return int(client.admin.command("serverStatus")["pid"])
    except (PyMongoError, KeyError, ValueError):
        return None


# ------------------------------------------------------------------------------------------------------- start


def _start(data_dir: Path) -> EmbeddedServer:
    program = find_mongod()
    log_file = log_file_of(data_dir)
    if size_of(log_file) > LOG_BYTES:
        set_aside(log_file)
    remembered = _remembered_port(data_dir)
    for port in _ports(data_dir, remembered):
        if not (_is_free(port) or (port == remembered and _becomes_free(port))):
            if port == remembered:
                logger.warning("port %d of %s is taken by another program: choosing another", port, data_dir)
            continue
        status = _launch(program, data_dir, port)
        if status == _PORT_TAKEN:  # between our look and its own
            continue
        pid = serving_pid(data_dir)
        if pid is None:
            raise DatabaseUnavailable(f"MongoDB ended just after it started: see {log_file}")
        _remember_port(data_dir, port)
        logger.info("MongoDB started on %s, data in %s", uri_of(port), data_dir)
        return EmbeddedServer(data_dir=data_dir, port=port, pid=pid, started_here=True)
    raise DatabaseUnavailable(
        f"no free port between {_FIRST_PORT} and {_LAST_PORT} on {HOST}: end the programs that take them"
    )


def _launch(program: Path, data_dir: Path, port: int) -> int:
    """Start mongod as a daemon and return when it listens (0) or could not listen; raise for every other end."""
    log_file = log_file_of(data_dir)
    logged = size_of(log_file)
    status: int | None = None
    output = ""
    try:
        done = subprocess.run(
            arguments(program, data_dir, port),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_TIMEOUT,
            check=False,
            env={**os.environ, "LC_ALL": "C"},  # mongod aborts on a locale that is not installed
            start_new_session=True,  # a Ctrl-C at the terminal is for us alone, while it starts too
        )
        status, output = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        pass
    except OSError as error:  # another architecture, or another loader (Alpine's) than it was made for
        raise DatabaseUnavailable(
            f"{program} cannot run on this system ({error.strerror}): "
            "install a mongod for it on PATH, or set MONGODB_URI to a server that runs"
        ) from error
    if status in {0, _PORT_TAKEN}:
        return status
    raise DatabaseUnavailable(
        explain(
            FailedStart(
                program=program,
                data_dir=data_dir,
                log_file=log_file,
                status=status,
                output=output,
                log=read_since(log_file, logged),
                free_bytes=shutil.disk_usage(data_dir).free,
            )
        )
    )


def arguments(program: Path, data_dir: Path, port: int) -> list[str]:
    """Return the command line of the embedded server."""
    return [
        str(program),
        # As a daemon it is nobody's child: it has no terminal, and its end leaves no zombie with us.
        "--fork",
        *("--dbpath", str(data_dir)),
        *("--port", str(port)),
        *("--bind_ip", HOST),
        *("--replSet", REPLICA_SET),
        "--nounixsocket",
        *("--oplogSize", "64"),
        *("--wiredTigerCacheSizeGB", f"{cache_bytes(machine_memory()) / (1 << 30):.3f}"),
        *("--wiredTigerEngineConfigString", UNWRITTEN),
        # Not zlib: the build is of 2023, and a flaw in its zlib decompression can be reached before any login.
        *("--networkMessageCompressors", "snappy,zstd"),
        "--quiet",
        # Up to 200 MB of measurements for MongoDB's support, and a write every second.
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--logpath", str(log_file_of(data_dir))),
        *("--logappend", "--logRotate", "reopen"),
    ]


def default_port(data_dir: Path) -> int:
    """Return the port a data directory gets if it is free: the same for the same path, so that URIs keep."""
    return _FIRST_PORT + zlib.crc32(os.fsencode(data_dir)) % (_LAST_PORT - _FIRST_PORT)


def _ports(data_dir: Path, remembered: int | None) -> Iterator[int]:
    if remembered is not None:
        yield remembered
    first = default_port(data_dir)
    for step in range(_LAST_PORT - _FIRST_PORT):
        yield _FIRST_PORT + (first - _FIRST_PORT + step) % (_LAST_PORT - _FIRST_PORT)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as mongod does: TIME_WAIT does not count
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _becomes_free(port: int) -> bool:
    """Whether a port is let go within two seconds: a process that was killed may hold it for longer than its locks."""
    deadline = time.monotonic() + 2
    while not (free := _is_free(port)) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return free


def _remembered_port(data_dir: Path) -> int | None:
    try:
        port = json.loads((data_dir / "leesook.json").read_text(encoding="utf-8"))["port"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return port if isinstance(port, int) and 0 < port < 65536 else None


def _remember_port(data_dir: Path, port: int) -> None:
    state = data_dir / "leesook.json"
    temporary = state.with_suffix(".new")
    temporary.write_text(json.dumps({"port": port}) + "\n", encoding="utf-8")
    temporary.replace(state)


# ------------------------------------------------------------------------------------------------- replica set


def _client(port: int) -> pymongo.MongoClient[dict[str, Any]]:
    return pymongo.MongoClient(uri_of(port), serverSelectionTimeoutMS=_ANSWER_TIMEOUT, connectTimeoutMS=_ANSWER_TIMEOUT)


def _make_primary(server: EmbeddedServer) -> None:
    """Make the server the primary of a replica set of one, under the port it has now, and wait until it is.

    A server that finds its old port in the hands of a stranger asks that stranger first whether they are the same,
    for up to 30 seconds; until then it takes no configuration, and then it drops its connections.
    """
    deadline = time.monotonic() + START_TIMEOUT
    problem: PyMongoError | None = None
    with _client(server.port) as client:
        while time.monotonic() < deadline and serving_pid(server.data_dir) == server.pid:
            try:
                state = client.admin.command("hello")
                if state["isWritablePrimary"]:
                    return
                if "setName" not in state:  # never initiated, or initiated under another port
                    _configure(client, {"_id": 0, "host": f"{HOST}:{server.port}"})
            except PyMongoError as error:
                problem = error
            time.sleep(_POLL)
    why = f" ({' '.join(str(problem).split())[:300]})" if problem else ""
    raise DatabaseUnavailable(
        f"MongoDB in {server.data_dir} started, but did not become primary: see {server.log_file}{why}"
    )


def _configure(client: pymongo.MongoClient[dict[str, Any]], member: dict[str, Any]) -> None:
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
    else:
        _move(client, config, member)


def _move(client: pymongo.MongoClient[dict[str, Any]], config: dict[str, Any], member: dict[str, Any]) -> None:
    if [m.get("host") for m in config["members"]] == [member["host"]]:
        return  # right already: the server is still reading it
    changed = {**config, "version": config["version"] + 1, "members": [{**config["members"][0], **member}]}
    client.admin.command("replSetReconfig", changed, force=True)
    logger.info("the replica set of the embedded MongoDB moved to %s", member["host"])


# --------------------------------------------------------------------------------------------------------- log


def rotate_log(server: EmbeddedServer) -> None:
    """Set the log of a running server aside if it has grown beyond `LOG_BYTES`; at most `LOGS_KEPT` are kept."""
    if size_of(server.log_file) <= LOG_BYTES:
        return
    with _start_lock(server.data_dir):
        if size_of(server.log_file) <= LOG_BYTES:
            return
        set_aside(server.log_file)
        with suppress(PyMongoError), _client(server.port) as client:
            client.admin.command("logRotate", "server")  # it opens the file anew (--logRotate reopen)
