"""Photo in, result out; nothing is stored. For programs."""

from __future__ import annotations

import io
import zipfile
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, UploadFile
from fastapi.responses import Response

from ewardrobe.web.api.models import Answers, Problem
from ewardrobe.web.api.photos import check_photo
from ewardrobe.web.room import CurrentRoom

__all__ = ["router"]

router = APIRouter(tags=["photo in, result out"])
Photo = Annotated[UploadFile, File(description="One photo, at most 64 MiB.")]
_REFUSED: Answers = {
    413: {"model": Problem, "description": "Larger than 64 MiB"},
    415: {"model": Problem, "description": "Not a photo, or a damaged one"},
    503: {"model": Problem, "description": "Too many at once; `Retry-After` says when to try again"},
}
_PICTURES: Answers = {
    200: {
        "content": {"image/png": {}, "application/zip": {}},
        "description": "A PNG for `person`, else a ZIP of PNG files",
    },
    404: {"model": Problem, "description": "There is nobody in the photo"},
}


@router.post("/segment", responses=_REFUSED)
def segment(room: CurrentRoom, photo: Photo) -> dict[str, Any]:
    """The garments in a photo as a COCO document: boxes, scores, masks as compressed RLE."""
    check_photo(photo.file)
    with room.place():
        return room.workshop.segment(photo.file.read())


@router.post("/cutout", response_class=Response, responses={**_REFUSED, **_PICTURES})
def cutout(
    room: CurrentRoom,
    photo: Photo,
    of: Annotated[
        str, Form(max_length=60, description="`person`, `garments`, `parts`, or a class.")
    ] = "person",
    background: Annotated[str, Form(max_length=7, description="`#rrggbb`; empty for transparent.")] = "",
    crop: Annotated[bool, Form(description="Cut the pictures down to what is in them.")] = False,
) -> Response:
    """Backgrounds removed: one PNG of the person, or a ZIP with a PNG of each piece."""
    check_photo(photo.file)
    with room.place():
        pieces = room.workshop.cut_out(photo.file.read(), of, background, crop)
    if of == "person":
        if not pieces:
            raise HTTPException(404, "there is nobody, and no garment, in this photo")
        return Response(pieces[0][1], media_type="image/png")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in pieces:
            archive.writestr(name, data)
    return Response(target.getvalue(), media_type="application/zip")
