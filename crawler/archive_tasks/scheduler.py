"""The Dask scheduler that hands out the archives: one that runs somewhere, or one of this process."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dask
from distributed import Client, LocalCluster

logger = logging.getLogger(__name__)

LOCAL = "local"
FIRST_CONTACT_SECONDS = 5
_ADDRESS = re.compile(r"(?:tcp|tls|wss?)://[\w.-]+:\d{1,5}|tcp://\[[0-9a-f:]+\]:\d{1,5}", re.IGNORECASE)
_DASHBOARD = "127.0.0.1:8787"


class SchedulerUnavailable(Exception):
    """There is no scheduler to work with. Its text is one line with the remedy."""


class NoAddress(ValueError):
    """What DASK_SCHEDULER says is no address of a scheduler."""


def check_address(address: str) -> None:
    """Raise NoAddress unless this is how DASK_SCHEDULER names a scheduler."""
    if address != LOCAL and not _ADDRESS.fullmatch(address):
        raise NoAddress(f"DASK_SCHEDULER={address}: write tcp://host:8786 (tls://… with Dask's own settings), or local")


@asynccontextmanager
async def connected(address: str, *, threads: int) -> AsyncIterator[Client]:
    """Give a client of the scheduler at `address`; for `local` of one in this process, with so many threads.

    A thread only watches over a process of its own, which reads one archive.
    Raises SchedulerUnavailable within seconds.
    """
    # What it has to say to a person is said by the run.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if address == LOCAL:
        async with _local(threads or os.cpu_count() or 1) as cluster, Client(cluster, asynchronous=True) as client:
            yield client
        return
    try:
        client = await Client(address, asynchronous=True, timeout=FIRST_CONTACT_SECONDS, name="leesook")
    except (OSError, TimeoutError) as error:
        raise SchedulerUnavailable(
            f"no contact with the Dask scheduler at {address} within {FIRST_CONTACT_SECONDS} seconds: start one with "
            "`dask scheduler`, correct DASK_SCHEDULER, or use the cores of this machine with DASK_SCHEDULER=local"
        ) from error
    async with client:
        yield client


@asynccontextmanager
async def _local(threads: int) -> AsyncIterator[LocalCluster]:
    with warnings.catch_warnings():
        # Another run has the port of the dashboard already: this one takes the next that is free.
        warnings.simplefilter("ignore")
        cluster = LocalCluster(
            processes=False,
            n_workers=1,
            threads_per_worker=threads,
            memory_limit=0,
            dashboard_address=_DASHBOARD,
            worker_dashboard_address="127.0.0.1:0",
            asynchronous=True,
        )
        # The archives are read by processes of their own; this one has little to keep in memory.
        with dask.config.set({"distributed.worker.memory.terminate": False}):
            await cluster
    # Dask would name this machine's address in its network, at which nobody listens.
    with dask.config.set({"distributed.dashboard.link": "http://127.0.0.1:{port}/status"}):
        async with cluster:
            yield cluster
