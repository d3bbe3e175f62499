"""What notifications refuse.

AppError
  Conflict
    NotDead   409  a delivery that can't be replayed, because it did not fail for good
"""

from src.platform.errors import Conflict


class NotDead(Conflict):
    code, message = "delivery_not_dead", "Only dead deliveries can be replayed"
