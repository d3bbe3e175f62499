"""The operators' page: how the service is doing, live, and what can be done about it."""

from src.modules.operations.page.acts import Desk
from src.modules.operations.page.assets import AssetController
from src.modules.operations.page.board import Board
from src.modules.operations.page.controllers import ActController, PageController
from src.modules.operations.page.login import LoginController, LogoutController
from src.modules.operations.page.stream import StreamController

CONTROLLERS = (
    PageController,
    ActController,
    LoginController,
    LogoutController,
    StreamController,
    AssetController,
)

__all__ = ["CONTROLLERS", "Board", "Desk"]
