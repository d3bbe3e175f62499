"""What users choose about being told: /api/v1/notification-preferences and /api/v1/favourites/{pk}/alert."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.identity import Identity
from src.modules.notifications import preferences
from src.modules.notifications.dtos import AlertWish, Preferences
from src.platform.bodies import read_json
from src.platform.conditional import PRIVATE, answer
from src.platform.database import Database, Transaction
from src.platform.edge import Answer, write
from src.platform.errors import NotFound
from src.platform.ids import read_id
from src.platform.openapi import BODY, IF_NONE_MATCH, NOT_MODIFIED, answers, documented, problem_errors
from src.platform.wire import JSON_ENCODER

AnyRequest = Request[Any, Any, Any]
HEADERS = {"Cache-Control": PRIVATE}
TAGS = ("Notifications",)


class PreferencesController(Controller):
    """What a user is told, over which channels and when."""

    path = "/api/v1/notification-preferences"
    tags = TAGS

    @get(
        operation_id="getNotificationPreferences",
        summary="Show the notification preferences",
        responses={**answers(Preferences), **NOT_MODIFIED, **problem_errors()},
        operation_class=documented(headers=[IF_NONE_MATCH]),
    )
    async def show(
        self, request: AnyRequest, identity: NamedDependency[Identity], database: NamedDependency[Database]
    ) -> Response[bytes | None]:
        """What the user chose, or the defaults."""
        shopper = await identity.shopper(request)
        async with database.read() as connection:
            shown = await preferences.read_preferences(connection, shopper.id)
        return answer(request, JSON_ENCODER.encode(shown))

    @put(
        operation_id="changeNotificationPreferences",
        summary="Change the notification preferences",
        responses={**answers(Preferences), **problem_errors(*BODY)},
        operation_class=documented(json=Preferences),
    )
    async def change(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[Any]:
        """Choose anew; what is left out has its default. Without consent nothing is sent, whatever this says."""
        shopper = await identity.shopper(request)
        asked = await read_json(request, Preferences)

        async def use_case(work: Transaction) -> Answer:
            return Answer(200, await preferences.choose_preferences(work.connection, shopper.id, asked), HEADERS)

        return await write(request, use_case, actor=f"user:{shopper.id}")


class FavouriteAlertController(Controller):
    """What a user is told of one favourite, where it is not what the preferences say."""

    path = "/api/v1/favourites/{favourite:str}/alert"
    tags = TAGS

    @get(
        operation_id="getFavouriteAlert",
        summary="Show the alert of a favourite",
        responses={**answers(AlertWish), **NOT_MODIFIED, **problem_errors(404)},
        operation_class=documented(headers=[IF_NONE_MATCH]),
    )
    async def show(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        database: NamedDependency[Database],
        favourite: FromPath[str],
    ) -> Response[bytes | None]:
        """What the user chose for the favourite of this pk (or UUID), or the defaults."""
        shopper = await identity.shopper(request)
        async with database.read() as connection:
            shown = await preferences.read_wish(connection, shopper.id, _favourite(favourite))
        return answer(request, JSON_ENCODER.encode(shown))

    @put(
        operation_id="changeFavouriteAlert",
        summary="Change the alert of a favourite",
        responses={**answers(AlertWish), **problem_errors(404, *BODY)},
        operation_class=documented(json=AlertWish),
    )
    async def change(
        self, request: AnyRequest, identity: NamedDependency[Identity], favourite: FromPath[str]
    ) -> Response[Any]:
        """Choose anew for the favourite of this pk (or UUID); what is left out has its default."""
        shopper = await identity.shopper(request)
        asked = await read_json(request, AlertWish)
        named = _favourite(favourite)

        async def use_case(work: Transaction) -> Answer:
            return Answer(200, await preferences.choose_wish(work.connection, shopper.id, named, asked), HEADERS)

        return await write(request, use_case, actor=f"user:{shopper.id}")


def _favourite(text: str) -> int | UUID:
    number = read_id(text)
    if number is not None:
        return number
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
