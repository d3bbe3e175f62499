"""For those who run the service: health, metrics, settings."""

from typing import Any

from litestar import Controller, Request, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.audit import Revision, audited, heard
from src.modules.identity import Identity
from src.modules.operations import services
from src.modules.operations.dtos import Live, Ready, SettingList, SettingRead, SettingWrite
from src.modules.operations.exposing import current_gauges
from src.modules.operations.health import examine
from src.platform.bodies import read_json
from src.platform.database import Database, Transaction
from src.platform.edge import Answer, write
from src.platform.metrics import CONTENT_TYPE, exposition
from src.platform.openapi import BODY, PUBLIC, answers, documented, problem_errors
from src.platform.version import VERSION

AnyRequest = Request[Any, Any, Any]
SCOPE = "ops"
# Health and metrics are of the moment.
NO_STORE = {"Cache-Control": "no-store"}


class HealthController(Controller):
    """For load balancers and supervisors; needs no credentials."""

    path = "/health"
    tags = ("Operations",)
    security = PUBLIC

    @get("/live", operation_id="healthLive", summary="Is the process alive?", responses=answers(Live))
    async def live(self) -> Response[Live]:
        """The process answers. It says nothing about the servers behind it: restarting would not bring them back."""
        return Response(Live("ok", VERSION), headers=NO_STORE)

    @get(
        "/ready",
        operation_id="healthReady",
        summary="Can the service do its work?",
        responses={**answers(Ready), **answers(Ready, 503)},
    )
    async def ready(self, request: AnyRequest, database: NamedDependency[Database]) -> Response[Ready]:
        """503 while the database is away or older than this release, and when the process is about to stop.

        Without cache or queue the service is only slower.
        """
        state = request.app.state
        checks = await examine(database, state.cache, state.queue)
        if checks.database.state != "ok" or checks.migrations.state == "behind":
            return Response(Ready("unavailable", VERSION, checks), status_code=503, headers=NO_STORE)
        if state.get("leaving"):
            return Response(Ready("leaving", VERSION, checks), status_code=503, headers=NO_STORE)
        well = checks.cache.state == checks.queue.state == "ok"
        return Response(Ready("ok" if well else "degraded", VERSION, checks), headers=NO_STORE)


class MetricsController(Controller):
    """For Prometheus."""

    path = "/metrics"
    tags = ("Operations",)

    @get(
        operation_id="metrics",
        summary="Metrics",
        media_type="text/plain",
        responses={**answers(str, media_type="text/plain"), **problem_errors()},
    )
    async def metrics(self, request: AnyRequest) -> Response[bytes]:
        """The numbers of all processes in the text format of Prometheus; public if METRICS_PUBLIC is set."""
        state = request.app.state
        if not state.settings.metrics_public:
            await state.scrapers.admit(request)
        told = exposition() + await current_gauges(state.overviews)
        return Response(told, media_type=CONTENT_TYPE, headers=NO_STORE)


class SettingController(Controller):
    """Settings that change while the service runs, in all its processes at once."""

    path = "/api/v1/settings"
    tags = ("Operations",)

    @get(
        operation_id="listSettings",
        summary="List settings",
        responses={**answers(SettingList), **problem_errors()},
    )
    async def list_settings(
        self, request: AnyRequest, identity: NamedDependency[Identity], database: NamedDependency[Database]
    ) -> Response[SettingList]:
        """All settings that can be changed at run time, with their present values."""
        await identity.shopper(request, SCOPE)
        async with database.read() as connection:
            shown = await services.list_settings(connection)
        return Response(SettingList(len(shown), None, None, shown), headers=NO_STORE)

    @get(
        "/{name:str}",
        operation_id="getSetting",
        summary="Show a setting",
        responses={**answers(SettingRead), **problem_errors(404)},
    )
    async def get_setting(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        database: NamedDependency[Database],
        name: FromPath[str],
    ) -> Response[SettingRead]:
        """One setting with its present value."""
        await identity.shopper(request, SCOPE)
        async with database.read() as connection:
            return Response(await services.get_setting(connection, name), headers=NO_STORE)

    @put(
        "/{name:str}",
        operation_id="changeSetting",
        summary="Change a setting",
        responses={**answers(SettingRead), **problem_errors(404, *BODY)},
        operation_class=documented(json=SettingWrite),
    )
    async def change_setting(
        self, request: AnyRequest, identity: NamedDependency[Identity], name: FromPath[str]
    ) -> Response[Any]:
        """Give a setting a new value; every answer that begins after this one goes by it."""
        operator = await identity.shopper(request, SCOPE)
        asked = await read_json(request, SettingWrite)
        call = heard(request, operator.id, operator.email)

        async def use_case(work: Transaction) -> Answer:
            revision = Revision(work.connection, comment=call.told, author=operator.id)
            return Answer(200, await services.change_setting(work.connection, name, asked.value, revision), NO_STORE)

        told = await audited(
            request, use_case, user_id=operator.id, email=operator.email, content_type=services.CONTENT_TYPE
        )
        return await write(request, told, actor=f"user:{operator.id}")
