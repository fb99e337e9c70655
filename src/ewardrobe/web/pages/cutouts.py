"""The pages on which photos are worked on: mending a cut-out, and cutting more out of a photo."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe import taxonomy
from ewardrobe.segmentation import models
from ewardrobe.web.api.models import GarmentOut, Number, PhotoOut
from ewardrobe.web.pages.showing import show
from ewardrobe.web.room import CurrentRoom

__all__ = ["router"]

router = APIRouter()


@router.get("/garments/{garment_id}/mask", response_class=HTMLResponse)
def mask_page(
    request: Request,
    room: CurrentRoom,
    garment_id: Number,
    appearance: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """The brush, for one of a garment's photos; the one it is shown by unless told."""
    garment = GarmentOut.of(room.wardrobe.get(garment_id))
    if garment.removed_at is not None or not garment.appearances:
        raise HTTPException(404, "this garment has no cut-out to mend")
    chosen = [item for item in garment.appearances if appearance in (None, item.id)]
    if not chosen:
        raise HTTPException(404, f"garment {garment_id} has no cut-out {appearance}")
    item = next((item for item in chosen if item.cutout == garment.cutout), chosen[0])
    return show(
        request,
        "mask.html",
        garment=garment,
        item=item,
        photo=PhotoOut.of(room.wardrobe.photo(item.photo_id)),
        changed=room.wardrobe.appearances.was_changed(item.id),
        models=[model for model in models() if model.installed and model.name != "default"],
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


@router.get("/photos/{photo_id}", response_class=HTMLResponse)
def photo_page(request: Request, room: CurrentRoom, photo_id: Number) -> Response:
    """A photo with its garments outlined; a box or a click cuts out what else is in it."""
    photo = room.wardrobe.photo(photo_id)
    there = [room.wardrobe.get(item.garment_id) for item in room.wardrobe.appearances.of_photo(photo_id)]
    classes = taxonomy.load("wardrobe")
    return show(
        request,
        "photo.html",
        photo=PhotoOut.of(photo),
        garments=[GarmentOut.of(garment) for garment in there],
        labels=[classes[index].name for index in classes.garments],
        last_change=next(iter(room.wardrobe.history(1)), None),
    )
