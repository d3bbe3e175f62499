"""Privacy: one shopper's data, told and erased, wherever it is kept.

Every feature declares what its tables hold of people (`personal.py`); here the declarations are put together.
"""

from src.modules.privacy.controllers import UserDataController
from src.modules.privacy.erasing import AddressOfUser, NoAddress, erase_guest, erase_user, erasures, finish_erasures
from src.modules.privacy.personal import IMPERSONAL, PERSONAL
from src.modules.privacy.registry import ALL_IMPERSONAL, ALL_PERSONAL
from src.modules.privacy.repositories import Ended, Erased
from src.modules.privacy.telling import Telling

CONTROLLERS = (UserDataController,)

__all__ = (
    "ALL_IMPERSONAL",
    "ALL_PERSONAL",
    "CONTROLLERS",
    "IMPERSONAL",
    "PERSONAL",
    "AddressOfUser",
    "Ended",
    "Erased",
    "NoAddress",
    "Telling",
    "erase_guest",
    "erase_user",
    "erasures",
    "finish_erasures",
)
