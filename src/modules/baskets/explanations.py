"""POST /api/v1/baskets/explain: what every offer does for a basket, or for one that is only thought of."""

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency

from src.modules.baskets.commerce import VISIT_HEADERS, VisitQuery
from src.modules.baskets.dtos import Explain, Explanation
from src.modules.baskets.explaining import explain
from src.modules.baskets.services import Baskets
from src.modules.baskets.visits import read_visit
from src.platform.bodies import read_json
from src.platform.database import Transaction
from src.platform.edge import Answer, write
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, documented, problem_errors

AnyRequest = Request[Any, Any, Any]


class ExplanationController(Controller):
    """Offers, explained."""

    path = "/api/v1/baskets/explain"
    tags = ("Baskets",)

    @post(
        status_code=200,
        operation_id="explainBasket",
        summary="Explain the offers of a basket",
        responses={**answers(Explanation), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=Explain, query=VisitQuery, headers=[IDEMPOTENCY_KEY, *VISIT_HEADERS]),
    )
    async def explain(self, request: AnyRequest, baskets: NamedDependency[Baskets]) -> Response[bytes | None]:
        """Say of every offer whether it applies, which others beat it or what it lacks; nothing is changed.

        Without a body it is about the shopper's own basket. `lines` takes the place of its lines, `voucher_code` that
        of its voucher, `currency` that of its currency.
        """
        visit = await read_visit(request, baskets.identity)
        asked = await read_json(request, Explain) if await request.body() else Explain()
        user_id = await baskets.arrive(visit)

        async def use_case(work: Transaction) -> Answer:
            whole, priced = await baskets.weigh(work.connection, visit, asked)
            return Answer(200, explain(whole.state.basket_id, priced, whole.voucher_code, visit.language))

        return await write(request, use_case, actor=visit.actor(user_id, request))
