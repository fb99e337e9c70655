"""Two editors of one garment: the version that each looked at, and what the second is told."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, HTTPException, Response

from ewardrobe.wardrobe import OwnedGarment
from ewardrobe.web.api.models import Answers, GarmentOut, Problem, version_of
from ewardrobe.web.room import Room

__all__ = ["CHANGED", "IfMatch", "matches", "must_be", "told"]

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The garment's `ETag`, as it was when it was looked at.")
]
CHANGED: Answers = {412: {"model": Problem, "description": "It was changed meanwhile"}}


def told(garment: OwnedGarment, response: Response) -> GarmentOut:
    """A garment as an answer, with its version as the `ETag`."""
    response.headers["ETag"] = f'"{version_of(garment)}"'
    return GarmentOut.of(garment)


def matches(if_match: str | None, version: str) -> bool:
    """Whether an `If-Match` header, where there is one, names this version."""
    if if_match is None or if_match.strip() == "*":
        return True
    return version in {part.strip().removeprefix("W/").strip('"') for part in if_match.split(",")}


def must_be(room: Room, garment_id: int, if_match: str | None) -> None:
    """Refuse with 412 when the garment is not in the state that the client looked at."""
    if if_match is not None and not matches(if_match, version_of(room.wardrobe.get(garment_id))):
        raise HTTPException(412, "this garment was changed meanwhile; load it again to see how")
