"""The way in: rows of the features' tables as JSON, NDJSON or CSV, and product feeds."""

from src.modules.integration.controllers import INTEGRATION
from src.modules.integration.dtos import Report as FeedReport
from src.modules.integration.feed_imports import import_feed

CONTROLLERS = (INTEGRATION,)

__all__ = ["CONTROLLERS", "FeedReport", "import_feed"]
