"""Clients of Valkey or Redis. Cache and queue have URLs of their own, so that each can grow on its own engine."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.exceptions import RedisClusterException, RedisError

from src.platform.redis_addresses import Address, read_address
from src.platform.settings import Settings

AnyRedis: TypeAlias = Redis | RedisCluster
# What clients of the cache raise when it is not there; the cluster's own exception is none of redis-py's others.
CACHE_AWAY = (RedisError, RedisClusterException, OSError)
CONNECTIONS = 16
# A cache that takes longer than this costs more than it saves.
CACHE_TIMEOUT_S = 0.25
HEALTH_CHECK_EVERY_S = 30


def create_cache_client(settings: Settings) -> AnyRedis:
    """A client of the cache that gives up quickly; close it with `aclose()`."""
    return create_client(read_address(settings.redis_url), connections=CONNECTIONS, timeout_s=CACHE_TIMEOUT_S)


def create_client(address: Address, *, connections: int, timeout_s: float) -> AnyRedis:
    """A client of whatever is at `address`, with so many connections to each server; close it with `aclose()`."""
    if address.kind == "cluster":
        return _Cluster(address, connections, timeout_s)  # type: ignore[abstract]
    return Redis.from_pool(create_pool(address, connections=connections, timeout_s=timeout_s))


def create_pool(address: Address, *, connections: int, timeout_s: float, **options: Any) -> BlockingConnectionPool:
    """Connections to one server, or to whichever Sentinel says is in charge; each step takes at most `timeout_s`."""
    chosen = {"timeout": timeout_s, **_limits(timeout_s), **options}
    if address.kind == "single":
        return BlockingConnectionPool.from_url(address.url, max_connections=connections, **chosen)
    return _SentinelPool(address, max_connections=connections, **chosen)


async def read_each(client: AnyRedis, names: Sequence[str]) -> Sequence[bytes | None]:
    """The values under `names`, in their order; raises one of CACHE_AWAY."""
    if isinstance(client, RedisCluster):
        # Keys of several slots: those of a node in one go, all nodes at once.
        async with client.pipeline() as pipeline:
            for name in names:
                pipeline.get(name)
            found: Sequence[bytes | None] = await pipeline.execute()
    else:
        found = await client.mget(names)
    return found


async def reach(client: AnyRedis) -> None:
    """Ask the server, or every master of a cluster, whether it is there; raises one of CACHE_AWAY."""
    if isinstance(client, RedisCluster):
        await client.ping(target_nodes=RedisCluster.PRIMARIES)
    else:
        await client.ping()


def _limits(timeout_s: float) -> dict[str, Any]:
    return {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "health_check_interval": HEALTH_CHECK_EVERY_S,
    }


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the server that is in charge of a service: each new one asks the Sentinels which it is."""

    def __init__(self, address: Address, **options: Any) -> None:
        limits = _limits(options["socket_timeout"])
        encrypted = {"ssl": True} if address.is_encrypted else {}
        encrypted |= {name: value for name, value in address.options.items() if name.startswith("ssl_")}
        sentinels = Sentinel(  # type: ignore[no-untyped-call]
            address.hosts, sentinel_kwargs={**limits, **encrypted, **address.sentinel_options}
        )
        super().__init__(  # type: ignore[no-untyped-call]
            address.service, sentinels, **{**options, **encrypted, **address.options}
        )

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close these connections, and when it is all of them, those to the Sentinels too."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()


class _Cluster(RedisCluster):
    """A client of a cluster that finds it again after all nodes it knew are gone."""

    def __init__(self, address: Address, connections: int, timeout_s: float) -> None:
        self._seeds = address.hosts
        super().__init__(
            startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
            ssl=address.is_encrypted,
            **{
                **_limits(timeout_s),
                "max_connections": connections,
                # A reader does not wait for another try: for them it is a miss.
                "cluster_error_retry_attempts": 1,
                "connection_error_retry_attempts": 0,
                **address.options,
            },
        )

    async def initialize(self) -> RedisCluster:
        """Learn who has which slots, unless that is known."""
        if self._initialize:
            # redis-py drops nodes that fail, and in the end has nobody left to ask.
            known = self.nodes_manager.startup_nodes
            for host, port in self._seeds:
                node = ClusterNode(host, port, **self.connection_kwargs)
                known.setdefault(node.name, node)
        return await super().initialize()
