"""Cut-outs: mended with a brush, made again, cut out of a stored photo, moved from one garment to another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, HTTPException, Response, UploadFile

from ewardrobe.imaging import mask_to_polygons
from ewardrobe.imaging.previews import preview_size, reduced_mask
from ewardrobe.jobs.mending import mask_png
from ewardrobe.wardrobe import Appearance
from ewardrobe.web.api.choosing import check_model
from ewardrobe.web.api.editing import CHANGED, IfMatch, must_be, told
from ewardrobe.web.api.models import Answers, GarmentOut, Number, Problem
from ewardrobe.web.api.requests import AimIn, MoveIn, OutlineOut, RedoIn
from ewardrobe.web.room import CurrentRoom, Room

__all__ = ["router"]

router = APIRouter(tags=["cut-outs"])
_GONE: Answers = {404: {"model": Problem, "description": "There is no such garment, photo or cut-out"}}
_PNG: Answers = {
    200: {"content": {"image/png": {}}, "description": "Grey PNG at the size of the photo's preview"}
}
_BASE = "/garments/{garment_id}/appearances/{appearance_id}"


@router.get(f"{_BASE}/mask/preview", response_class=Response, responses={**_GONE, **_PNG})
def mask_preview(room: CurrentRoom, garment_id: Number, appearance_id: Number) -> Response:
    """The mask at the size of the photo's preview: 255 inside, 0 outside."""
    item = _of(room, garment_id, appearance_id)
    photo = room.wardrobe.photo(item.photo_id)
    data = mask_png(room.wardrobe.appearances.mask(item.id), (photo.width, photo.height))
    return Response(data, media_type="image/png")


@router.put(f"{_BASE}/mask", responses={**_GONE, **CHANGED})
def set_mask(
    room: CurrentRoom,
    garment_id: Number,
    appearance_id: Number,
    mask: Annotated[UploadFile, File(description="PNG of the photo's form; from 128 on is the garment.")],
    response: Response,
    if_match: IfMatch = None,
) -> GarmentOut:
    """Set the mask. One smaller than the photo, such as a `mask/preview` painted over, changes only what differs.

    The soft edge, the cut-out and what is automatic about the garment are computed anew.
    """
    since = _since(room, garment_id, appearance_id, if_match)
    room.workshop.mend("set_mask", appearance_id, mask.file.read(), since)
    return told(room.wardrobe.get(garment_id), response)


@router.post(f"{_BASE}/mask/reset", responses={**_GONE, **CHANGED})
def reset_mask(
    room: CurrentRoom,
    garment_id: Number,
    appearance_id: Number,
    response: Response,
    if_match: IfMatch = None,
) -> GarmentOut:
    """Put back the cut-out that was first found; 422 when it was never changed."""
    since = _since(room, garment_id, appearance_id, if_match)
    room.workshop.mend("reset_mask", appearance_id, since)
    return told(room.wardrobe.get(garment_id), response)


@router.post(f"{_BASE}/mask/redo", responses={**_GONE, **CHANGED})
def redo_mask(
    room: CurrentRoom,
    garment_id: Number,
    appearance_id: Number,
    asked: RedoIn,
    response: Response,
    if_match: IfMatch = None,
) -> GarmentOut:
    """Find the garments in the photo again, and take over the one that lies where this one lay."""
    check_model(asked.model)
    since = _since(room, garment_id, appearance_id, if_match)
    room.workshop.mend("redo_mask", appearance_id, asked.model, since)
    return told(room.wardrobe.get(garment_id), response)


@router.post(f"{_BASE}/accept", responses=_GONE)
def accept_cutout(
    room: CurrentRoom, garment_id: Number, appearance_id: Number, response: Response
) -> GarmentOut:
    """Say that the cut-out is right as it is: it counts as checked in `ewardrobe corrections`."""
    with room.editing:
        room.wardrobe.appearances.accept(_of(room, garment_id, appearance_id).id)
    return told(room.wardrobe.get(garment_id), response)


@router.post(f"{_BASE}/move", responses={**_GONE, **CHANGED})
def move_cutout(
    room: CurrentRoom,
    garment_id: Number,
    appearance_id: Number,
    target: MoveIn,
    response: Response,
    if_match: IfMatch = None,
) -> GarmentOut:
    """Say that this photo shows another garment: the one named, or one of its own, which is made."""
    with room.editing:
        must_be(room, garment_id, if_match)
        _of(room, garment_id, appearance_id)
        if target.to is not None:
            return told(room.wardrobe.appearances.move(appearance_id, target.to), response)
    # A new garment is described first, which takes the model, and a while.
    return told(room.wardrobe.get(room.workshop.mend("split", appearance_id)), response)


@router.get("/photos/{photo_id}/outlines", responses=_GONE)
def photo_outlines(room: CurrentRoom, photo_id: Number) -> list[OutlineOut]:
    """The garments in a photo, each with its outline in pixels of the photo."""
    photo = room.wardrobe.photo(photo_id)
    small = preview_size(photo.width, photo.height)
    scale = photo.width / small[0], photo.height / small[1]
    found = []
    for item in room.wardrobe.appearances.of_photo(photo_id):
        mask = reduced_mask(room.wardrobe.appearances.mask(item.id), small)
        outlines = [
            [(round(x * scale[0]), round(y * scale[1])) for x, y in ring.tolist()]
            for polygon in mask_to_polygons(mask, tolerance=1.0)
            for ring in (polygon.outer, *polygon.holes)
        ]
        garment = GarmentOut.of(room.wardrobe.get(item.garment_id))
        found.append(OutlineOut(garment=garment, appearance_id=item.id, outlines=outlines))
    return found


@router.post("/photos/{photo_id}/pick", response_class=Response, responses={**_GONE, **_PNG})
def pick(room: CurrentRoom, photo_id: Number, aim: AimIn) -> Response:
    """The mask of what is in a box, at a point, or of a garment found again; nothing is stored.

    `X-Label`, `X-Score` and `X-By` ("model" or "colours") say what it was taken for.
    """
    check_model(aim.model)
    room.wardrobe.photo(photo_id)
    data, label, score, by = room.workshop.mend("propose", photo_id, aim.aim())
    headers = {"X-Label": label, "X-Score": f"{score:.3f}", "X-By": by}
    return Response(data, media_type="image/png", headers=headers)


@router.post("/photos/{photo_id}/garments", status_code=201, responses=_GONE)
def cut_out_that(room: CurrentRoom, photo_id: Number, aim: AimIn, response: Response) -> GarmentOut:
    """A new garment: what is in a box or at a point of a stored photo."""
    check_model(aim.model)
    room.wardrobe.photo(photo_id)
    number = room.workshop.mend("cut_out_that", photo_id, aim.aim(), aim.label)
    response.headers["Location"] = f"/api/v1/garments/{number}"
    return told(room.wardrobe.get(number), response)


def _of(room: Room, garment_id: int, appearance_id: int) -> Appearance:
    for item in room.wardrobe.get(garment_id).appearances:
        if item.id == appearance_id:
            return item
    raise HTTPException(404, f"garment {garment_id} has no appearance {appearance_id}")


def _since(room: Room, garment_id: int, appearance_id: int, if_match: str | None) -> datetime | None:
    """What the store checks once more when it writes: the work takes seconds, and others may go on meanwhile."""
    _of(room, garment_id, appearance_id)
    must_be(room, garment_id, if_match)
    return None if if_match is None or if_match.strip() == "*" else room.wardrobe.get(garment_id).changed_at
