"""The pages behind the links of our mails; whoever holds the link may act, no login is asked for."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.notifications.mail.unsubscribing import PATH, Reader, open_cipher, set_mails_wanted, unseal
from src.platform.database import Database
from src.platform.i18n import negotiate, translate
from src.platform.openapi import PUBLIC
from src.platform.pages import notice

AnyRequest = Request[Any, Any, Any]


class UnsubscribeController(Controller):
    """One click of a mail program is a POST (RFC 8058); a GET, which programs that scan mails do, changes nothing."""

    path = PATH
    security = PUBLIC
    include_in_schema = False

    @get("/{token:str}")
    async def show(
        self, request: AnyRequest, token: FromPath[str], database: NamedDependency[Database]
    ) -> Response[str]:
        """A page with a button."""
        reader = unseal(await open_cipher(database), token)
        if reader is None:
            return _unknown(request)
        return notice(
            translate("No more mails?", reader.language),
            translate(
                "We will write no more about products that you saved or asked about. You can change your mind later.",
                reader.language,
            ),
            language=reader.language,
            button=translate("Unsubscribe", reader.language),
        )

    @post("/{token:str}", status_code=200)
    async def unsubscribe(
        self, request: AnyRequest, token: FromPath[str], database: NamedDependency[Database]
    ) -> Response[str]:
        """No more mails from now on; whatever the body says, because the link alone says enough."""
        reader = await _act(database, token, wanted=False)
        if reader is None:
            return _unknown(request)
        return notice(
            translate("You are unsubscribed", reader.language),
            translate("We will not write to you any more.", reader.language),
            language=reader.language,
            button=translate("Subscribe again", reader.language),
            # Relative, because a gateway may serve us below a path of its own.
            action=f"{token}/undo",
        )

    @post("/{token:str}/undo", status_code=200)
    async def undo(
        self, request: AnyRequest, token: FromPath[str], database: NamedDependency[Database]
    ) -> Response[str]:
        """As if nothing had been."""
        reader = await _act(database, token, wanted=True)
        if reader is None:
            return _unknown(request)
        return notice(
            translate("You are subscribed again", reader.language),
            translate("We will write to you as before.", reader.language),
            language=reader.language,
        )


async def _act(database: Database, token: str, *, wanted: bool) -> Reader | None:
    reader = unseal(await open_cipher(database), token)
    if reader is not None:
        async with database.transaction() as work:
            await set_mails_wanted(work.connection, reader, wanted=wanted)
    return reader


def _unknown(request: AnyRequest) -> Response[str]:
    language = negotiate(request.headers.get("accept-language"))
    return notice(
        translate("This link is not valid", language),
        translate("Open it once more from the mail, or copy the whole of it.", language),
        language=language,
        status=404,
    )
