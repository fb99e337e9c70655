"""Try on: garments of the wardrobe put on a person in a photo; nothing is stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from ewardrobe.errors import UsageError
from ewardrobe.web.api.models import Answers, Problem
from ewardrobe.web.api.photos import check_photo
from ewardrobe.web.room import CurrentRoom

__all__ = ["router"]

router = APIRouter(tags=["trying on"])
_MOST = 6
_LARGEST = 2**63 - 1
_ANSWERS: Answers = {
    200: {
        "content": {"image/jpeg": {}},
        "description": "The picture, a JPEG of the photo's size without metadata",
    },
    404: {"model": Problem, "description": "There is no such photo or garment"},
    413: {"model": Problem, "description": "Larger than 64 MiB"},
    415: {"model": Problem, "description": "Not a photo, or a damaged one"},
    503: {"model": Problem, "description": "Too many at once; `Retry-After` says when to try again"},
}


@router.post("/try-on", response_class=Response, responses=_ANSWERS)
def try_on(
    room: CurrentRoom,
    garments: Annotated[list[int], Form(description="Numbers of garments in the wardrobe, at most six.")],
    photo: Annotated[UploadFile | None, File(description="A person's photo, at most 64 MiB.")] = None,
    photo_id: Annotated[
        int | None, Form(ge=1, le=_LARGEST, description="Or the number of a photo in the wardrobe.")
    ] = None,
    person: Annotated[
        int | None, Form(ge=1, le=100, description="Which of several people, from the left.")
    ] = None,
    seed: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """A person in a photo wearing garments of the wardrobe: bent to the body, in the photo's light."""
    if (photo is None) == (photo_id is None):
        raise UsageError("give a photo, or the number of one in the wardrobe, and not both")
    if not 1 <= len(garments) <= _MOST or len(set(garments)) < len(garments):
        raise UsageError(f"give one to {_MOST} different garments")
    if not all(1 <= number <= _LARGEST for number in garments):
        raise UsageError("a garment's number begins at 1")
    for number in garments:
        room.wardrobe.get(number)
    if photo is not None:
        check_photo(photo.file)
    else:
        room.wardrobe.photo(photo_id or 0)
    with room.place():
        source = photo.file.read() if photo is not None else photo_id or 0
        made = room.workshop.try_on(source, garments, person, seed)
    return Response(
        made, media_type="image/jpeg", headers={"Content-Disposition": 'inline; filename="try-on.jpg"'}
    )
