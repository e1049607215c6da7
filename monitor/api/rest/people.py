"""Who the token is, and the erasure of a person."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from monitor.api.tokens import caller, needs
from monitor.privacy import services as privacy

router = Router(tags=["people"])


class CallerShape(Schema):
    brand: str
    role: str
    token: str
    acts_for: str


class PersonShape(Schema):
    """`author`: the platform's id, or the handle."""

    platform: str
    author: str


class ProofShape(Schema):
    """Rows changed, by room and kind."""

    erasure: str
    done_at: str
    total: int
    rooms: dict[str, dict[str, int]]


@router.get("/me", response=CallerShape, summary="Whom this token stands for")
@needs("view")
def get_me(request: HttpRequest) -> dict[str, Any]:
    who = caller(request)
    return {
        "brand": who.brand.slug,
        "role": who.token.role,
        "token": who.token.prefix,
        "acts_for": str(who.user),
    }


@router.post("/erasures", response=ProofShape, summary="Erase a person from this brand, with proof")
@needs("manage")
def erase_person(request: HttpRequest, person: PersonShape) -> dict[str, Any]:
    who = caller(request)
    return privacy.erase_author(
        platform=person.platform, author=person.author, brand=who.brand, asked_by=who.user, source="api"
    )
