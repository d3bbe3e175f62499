"""A cache that has lost everything, as it may at any moment."""

from litestar import Litestar
from redis.asyncio import Redis

from src.platform.settings import Settings


async def flush(settings: Settings) -> None:
    """Empty Redis."""
    redis = Redis.from_url(settings.redis_url)
    await redis.flushall()
    await redis.aclose()


async def forget(app: Litestar, settings: Settings) -> None:
    """Empty the cache everywhere, this process included."""
    app.state.cache._local.clear()
    await flush(settings)
