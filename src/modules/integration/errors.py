"""How the way in refuses.

AppError
  Invalid
    NoJsonArray       400  the body is no JSON array
    NoCsv             400  the body can't be taken apart into cells
    NoFeed            400  the body is no product feed
  Conflict
    StillInUse        409  other rows name the row that is to be deleted
  Unprocessable
    RowsRejected      422  `?atomic=true` and some rows can't go in: none does
    TooManyRejected   422  so many rows can't go in that the body must be something else
"""

from collections.abc import Sequence

import msgspec

from src.modules.integration.dtos import Rejection
from src.platform.errors import Conflict, Invalid, Unprocessable


class NoJsonArray(Invalid):
    code, message = "no_json_array", "The body must be a JSON array of rows"


class NoCsv(Invalid):
    code, message = "no_csv", "The body must be CSV with a header line of different names"


class NoFeed(Invalid):
    code, message = "no_feed", "The body must be a product feed: tab-separated values with a header line, or XML"


class StillInUse(Conflict):
    code, message = "still_in_use", "Other objects refer to this one"


class RowsRejected(Unprocessable):
    code, message = "rows_rejected", "Some rows were rejected, so nothing was changed"

    def __init__(self, rejected: Sequence[Rejection]) -> None:
        super().__init__(extra={"rejected": msgspec.to_builtins(rejected)})


class TooManyRejected(Unprocessable):
    code, message = "too_many_rejected", "Too many rows were rejected, so nothing was changed"
