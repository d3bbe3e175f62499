"""Valkey as large shops run it: a cluster of three masters with a replica each, and servers under Sentinel."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from src.platform.embedded.binaries import valkey_program

HOST = "127.0.0.1"
SERVICE = "wishkeep"
SLOTS = 16_384
MASTERS, SENTINELS = 3, 3
PATIENCE_S = 60
# Much less than in production, where a pause of the machine must not be taken for a death.
DEAD_AFTER_MS = 700


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(happened: Callable[[], object]) -> None:
    """Wait until `happened` is true; fails when that takes too long."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(RedisError):
            if happened():
                return
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


async def until(happened: Callable[[], object]) -> None:
    """The same, while other tasks go on."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():  # noqa: ASYNC110  (what happens, happens in other processes)
            await asyncio.sleep(0.02)


@dataclass
class Node:
    """A server that may be killed, stopped for a while, and started again."""

    folder: Path
    options: dict[str, str]
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Node":
        """Start it, with what it left on disk."""
        self.folder.mkdir(exist_ok=True)
        options = {"port": str(self.port), "bind": HOST, "dir": str(self.folder), "save": "", **self.options}
        command = [str(valkey_program(None)), *self.arguments]
        for name, value in options.items():
            command += [f"--{name}", *value.split(" ")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        return self

    def kill(self) -> None:
        """End it as the loss of its machine does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:  # redis-py's types are those of its two kinds of clients at once
        """A client of this very server."""
        with Redis(host=HOST, port=self.port, socket_timeout=2) as client:
            yield client

    def ask(self, *command: str) -> Any:
        """What it answers to a command."""
        with self.client() as client:
            return client.execute_command(*command)

    @property
    def is_master(self) -> bool:
        """Whether it is in charge of data."""
        with self.client() as client:
            return bool(client.info("replication")["role"] == "master")

    @property
    def has_replica(self) -> bool:
        """Whether somebody follows it closely."""
        with self.client() as client:
            found = client.info("replication")
            return any(
                isinstance(value, dict) and value.get("state") == "online" and value["lag"] <= 1
                for value in found.values()
            )


class Cluster:
    """Three masters with a replica each."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [
            Node(
                folder / str(place),
                {
                    "cluster-enabled": "yes",
                    "cluster-node-timeout": str(DEAD_AFTER_MS),
                    "cluster-port": str(free_port()),
                    "cluster-replica-validity-factor": "0",
                    "repl-diskless-sync-delay": "0",
                },
            )
            for place in range(2 * MASTERS)
        ]

    @property
    def url(self) -> str:
        """Its address by two of its nodes."""
        return f"redis+cluster://{','.join(f'{HOST}:{node.port}' for node in self.nodes[:2])}"

    @property
    def masters(self) -> list[Node]:
        """Those in charge now."""
        return [node for node in self.nodes if node.process and node.is_master]

    def start(self) -> None:
        """Start all and make them one cluster."""
        for node in self.nodes:
            node.start()
        eventually(lambda: all(node.ask("PING") for node in self.nodes))
        for place, node in enumerate(self.nodes[:MASTERS]):
            node.ask("CLUSTER ADDSLOTSRANGE", str(SLOTS * place // MASTERS), str(SLOTS * (place + 1) // MASTERS - 1))
        for place, node in enumerate(self.nodes):
            node.ask("CLUSTER SET-CONFIG-EPOCH", str(place + 1))
        first = self.nodes[0]
        for node in self.nodes[1:]:
            first.ask("CLUSTER MEET", HOST, str(node.port), node.options["cluster-port"])
        eventually(lambda: all(self._known(node) == len(self.nodes) for node in self.nodes))
        for master, replica in zip(self.nodes[:MASTERS], self.nodes[MASTERS:], strict=True):
            replica.ask("CLUSTER REPLICATE", master.ask("CLUSTER MYID").decode())
        eventually(self.is_whole)

    def is_whole(self) -> bool:
        """Whether every slot is served, and every master has a replica."""
        states = [node.ask("CLUSTER INFO")["cluster_state"] for node in self.nodes if node.process]
        return all(state == "ok" for state in states) and all(node.has_replica for node in self.masters)

    def flush(self) -> None:
        """Lose everything."""
        for node in self.masters:
            node.ask("FLUSHALL")

    def restore(self) -> None:
        """Start whoever was killed."""
        for node in self.nodes:
            if node.process is None:
                node.start()
        eventually(self.is_whole)

    def stop(self) -> None:
        """End all."""
        for node in self.nodes:
            node.kill()

    @staticmethod
    def _known(node: Node) -> int:
        return sum(1 for each in node.ask("CLUSTER NODES").values() if each["connected"])


class Watched:
    """A master with a replica, watched by three Sentinels."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Who is cut off from replicas stops taking writes, which nobody else would know of.
        options = {"repl-diskless-sync-delay": "0", "repl-ping-replica-period": "1"}
        self.servers = [Node(folder / f"server{place}", options) for place in range(2)]
        self.sentinels: list[Node] = []

    @property
    def url(self) -> str:
        """The address of whoever is in charge."""
        return f"redis+sentinel://{','.join(f'{HOST}:{each.port}' for each in self.sentinels)}/{SERVICE}"

    @property
    def master(self) -> Node:
        """Who the Sentinels say is in charge."""
        with self.sentinels[0].client() as client:
            _, port = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.servers if server.port == int(port))

    def start(self) -> None:
        """Start all."""
        master, replica = self.servers
        for server in self.servers:
            server.start()
        eventually(lambda: all(server.ask("PING") for server in self.servers))
        replica.ask("REPLICAOF", HOST, str(master.port))
        eventually(lambda: master.has_replica)
        for place in range(SENTINELS):
            rules = self._folder / f"sentinel{place}.conf"
            rules.write_text(
                f"sentinel monitor {SERVICE} {HOST} {master.port} 2\n"
                f"sentinel down-after-milliseconds {SERVICE} {DEAD_AFTER_MS}\n"
                f"sentinel failover-timeout {SERVICE} 3000\n"
            )
            folder = self._folder / f"sentinel{place}"
            self.sentinels.append(Node(folder, {}, (str(rules), "--sentinel")).start())
        eventually(self.is_whole)

    def is_whole(self) -> bool:
        """Whether the Sentinels know each other, and a replica that could take over."""
        return all(self._sees_all(each) for each in self.sentinels) and self.master.has_replica

    def restore(self) -> None:
        """Start whoever was killed."""
        for server in self.servers:
            if server.process is None:
                server.start()
        eventually(self.is_whole)

    def stop(self) -> None:
        """End all."""
        for node in (*self.sentinels, *self.servers):
            node.kill()

    @staticmethod
    def _sees_all(sentinel: Node) -> bool:
        with sentinel.client() as client:
            state = client.sentinel_master(SERVICE)
            replicas = client.sentinel_slaves(SERVICE)
        is_well = state["flags"] == "master" and any(each["flags"] == "slave" for each in replicas)
        return is_well and state["num-other-sentinels"] == SENTINELS - 1


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="wkc") as folder:
        made = Cluster(Path(folder))
        try:
            made.start()
            yield made
        finally:
            made.stop()


@contextlib.contextmanager
def running_watched() -> Iterator[Watched]:
    """Servers under Sentinel for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="wks") as folder:
        made = Watched(Path(folder))
        try:
            made.start()
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster; who kills one of it calls `restore`."""
    with running_cluster() as made:
        yield made


@pytest.fixture(scope="session")
def sentinel() -> Iterator[Watched]:
    """Servers under Sentinel; who kills one of them calls `restore`."""
    with running_watched() as made:
        yield made
