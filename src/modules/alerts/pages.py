"""The page behind the link that guests get by mail. A GET changes nothing: programs that scan mails follow links."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.alerts.links import PATH
from src.modules.alerts.repositories import GuestAlert
from src.modules.alerts.services import Alerts
from src.modules.notifications import wake_deliverers
from src.platform.i18n import negotiate, translate
from src.platform.openapi import PUBLIC
from src.platform.pages import notice

AnyRequest = Request[Any, Any, Any]


class ConfirmationController(Controller):
    """Whoever holds the link may act, no login is asked for."""

    path = PATH
    security = PUBLIC
    include_in_schema = False

    @get("/{token:str}")
    async def show(self, request: AnyRequest, token: FromPath[str], alerts: NamedDependency[Alerts]) -> Response[str]:
        """What the guest asked for, and a button for what can be done about it."""
        return await _shown(request, token, alerts)

    @post("/{token:str}", status_code=200)
    async def confirm(
        self, request: AnyRequest, token: FromPath[str], alerts: NamedDependency[Alerts]
    ) -> Response[str]:
        """Let the guest wait for the product."""
        if (alert_id := await alerts.named(token)) is not None:
            state = request.app.state
            async with state.database.transaction() as work:
                work.after_commit(lambda: wake_deliverers(state.database, state.queue))
                await alerts.confirm(work.connection, alert_id)
        return await _shown(request, token, alerts)

    @post("/{token:str}/end", status_code=200)
    async def end(self, request: AnyRequest, token: FromPath[str], alerts: NamedDependency[Alerts]) -> Response[str]:
        """Let the guest wait no longer."""
        language = negotiate(request.headers.get("accept-language"))
        alert_id = await alerts.named(token)
        alert = None if alert_id is None else await alerts.of_guest(alert_id)
        if alert_id is None or alert is None or not alert.is_confirmed:
            return _gone(language)
        async with request.app.state.database.transaction() as work:
            await alerts.end(work.connection, alert_id)
        language = negotiate(alert.language)
        return notice(
            translate("The alert has ended", language),
            translate("We will not write to you about this product.", language),
            language=language,
        )


async def _shown(request: AnyRequest, token: str, alerts: Alerts) -> Response[str]:
    asked = negotiate(request.headers.get("accept-language"))
    alert_id = await alerts.named(token)
    alert = None if alert_id is None else await alerts.of_guest(alert_id)
    return _gone(asked) if alert is None else _page(token, alert)


def _page(token: str, alert: GuestAlert) -> Response[str]:
    language = negotiate(alert.language)
    product = {"product": alert.product_name}
    if alert.has_fired:
        return notice(
            translate("It is back in stock", language),
            translate("We have written to you: %(product)s is back in stock.", language, product),
            language=language,
        )
    if not alert.is_active:
        return _gone(language)
    if alert.is_confirmed:
        return notice(
            translate("We will tell you", language),
            translate("You get a mail as soon as %(product)s is back in stock.", language, product),
            language=language,
            button=translate("I no longer want it", language),
            # Relative, because a gateway may serve us below a path of its own.
            action=f"{token}/end",
        )
    return notice(
        translate("Shall we tell you?", language),
        translate("You asked to be told when %(product)s is back in stock.", language, product),
        language=language,
        button=translate("Yes, tell me", language),
    )


def _gone(language: str) -> Response[str]:
    return notice(
        translate("This link is not valid", language),
        translate("It is an old one, or the alert has ended.", language),
        language=language,
        status=404,
    )
