"""Reporting what breaks the rules."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from msgspec import Meta

from api.person import Person
from domain.kit.idempotency import IdempotencyKey
from domain.reports import reporting
from domain.reports.reasons import Reason
from domain.reports.reporting import Report
from domain.reports.targets import TargetType

_AGAIN = {200: ResponseSpec(Report, generate_examples=False, description="It was reported before: the same report")}


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`target_id` is the thing's id; of a user their author id, a former one too."""

    target_type: TargetType
    target_id: UUID
    reason: Reason
    details: Annotated[str, Meta(description="Up to 1000 characters")] | None = None


@post("/v1/reports", operation_id="report", tags=["Community"], summary="Report something", responses=_AGAIN)
async def report(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewReport],
) -> Response[Report]:
    """Again, until it is reviewed, it answers 200 with the same report. The outcome comes as a notification."""
    made, fresh = await reporting.report(
        person.user_id, data.target_type, data.target_id, data.reason, data.details, idempotency_key
    )
    return Response(made, status_code=201 if fresh else 200)


HANDLERS = [report]
