"""Garments: list, show, make, change, remove; worn days; those like one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from ewardrobe.errors import UsageError
from ewardrobe.web.api.editing import CHANGED, IfMatch, must_be, told
from ewardrobe.web.api.models import (
    Answers,
    GarmentChange,
    GarmentList,
    GarmentOut,
    MergeIn,
    Number,
    Problem,
    WearIn,
    WearOut,
    Word,
)
from ewardrobe.web.room import CurrentRoom, Room

__all__ = ["router"]

router = APIRouter(tags=["garments"])

Sort = Literal[
    "added", "-added", "name", "-name", "type", "-type", "colour", "-colour", "price", "-price", "bought",
    "-bought", "worn", "-worn", "last-worn", "-last-worn", "id", "-id",
]  # fmt: skip
_GONE: Answers = {404: {"model": Problem, "description": "There is no such garment"}}


@router.get("/garments")
def list_garments(
    room: CurrentRoom,
    text: Word = None,
    type: Word = None,
    label: Word = None,
    colour: Word = None,
    pattern: Word = None,
    material: Word = None,
    style: Word = None,
    occasion: Word = None,
    season: Word = None,
    brand: Word = None,
    tag: Word = None,
    favourite: bool | None = None,
    status: Word = None,
    sort: Sort = "-added",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
) -> GarmentList:
    """Garments that fit all that is asked for; without `status`, those that can be worn now or soon."""
    page = room.wardrobe.browse(
        text,
        type=type,
        label=label,
        colour=colour,
        pattern=pattern,
        material=material,
        style=style,
        occasion=occasion,
        season=season,
        brand=brand,
        tag=tag,
        favourite=favourite,
        status=status,
        sort=sort,
        offset=offset,
        limit=limit,
    )
    return GarmentList(
        total=page.total,
        offset=page.offset,
        garments=[GarmentOut.of(garment) for garment in page.garments],
        facets=page.facets,
    )


@router.post("/garments", status_code=201)
def new_garment(room: CurrentRoom, fields: GarmentChange, response: Response) -> GarmentOut:
    """A garment without a photo."""
    garment = room.wardrobe.new(**_priced(room, fields.fields()))
    response.headers["Location"] = f"/api/v1/garments/{garment.id}"
    return told(garment, response)


@router.get("/garments/{garment_id}", responses=_GONE)
def get_garment(room: CurrentRoom, garment_id: Number, response: Response) -> GarmentOut:
    """One garment, also a removed one (`removed_at` says so)."""
    return told(room.wardrobe.get(garment_id), response)


@router.patch("/garments/{garment_id}", responses={**_GONE, **CHANGED})
def edit_garment(
    room: CurrentRoom,
    garment_id: Number,
    fields: GarmentChange,
    response: Response,
    if_match: IfMatch = None,
) -> GarmentOut:
    """Set fields; they are the owner's from then on, and no model overwrites them."""
    with room.editing:
        must_be(room, garment_id, if_match)
        known = room.wardrobe.get(garment_id).currency
        changed = _priced(room, fields.fields(), known)
        return told(room.wardrobe.edit(garment_id, **changed), response)


@router.delete("/garments/{garment_id}", status_code=204, responses={**_GONE, **CHANGED})
def remove_garment(
    room: CurrentRoom,
    garment_id: Number,
    purge: Annotated[bool, Query(description="Delete it and its pictures for good.")] = False,
    if_match: IfMatch = None,
) -> None:
    """Take a garment out of the wardrobe; `POST /undo` brings it back, unless it was purged."""
    with room.editing:
        must_be(room, garment_id, if_match)
        room.wardrobe.remove(garment_id, purge=purge)


@router.get("/garments/{garment_id}/similar", responses=_GONE)
def similar_garments(
    room: CurrentRoom, garment_id: Number, limit: Annotated[int, Query(ge=1, le=100)] = 12
) -> list[GarmentOut]:
    """The garments most like this one, most alike first; 422 for one without a photo."""
    return [GarmentOut.of(garment) for garment in room.wardrobe.similar(garment_id, limit=limit)]


@router.post("/garments/{garment_id}/merge", responses=_GONE)
def merge_garment(room: CurrentRoom, garment_id: Number, same: MergeIn, response: Response) -> GarmentOut:
    """Say that another garment is this one: its photos, wears and outfits come over, and it is removed."""
    if same.other == garment_id:
        raise UsageError(f"garment {garment_id} is itself already")
    with room.editing:
        return told(room.wardrobe.merge(garment_id, same.other), response)


@router.post("/garments/{garment_id}/wears", status_code=201, responses=_GONE)
def wear_garment(room: CurrentRoom, garment_id: Number, day: WearIn) -> WearOut:
    """Log that it was worn; the same day again changes nothing."""
    wear = room.wardrobe.wears.add([garment_id], on=day.on)[0]
    return WearOut(id=wear.id, worn_on=wear.worn_on)


def _priced(room: Room, fields: dict[str, Any], currency: str | None = None) -> dict[str, Any]:
    """The fields; a price whose currency nobody said is in that of the settings."""
    usual = room.wardrobe.settings.read().currency
    if usual and fields.get("price") not in (None, "") and not currency and "currency" not in fields:
        return {**fields, "currency": usual}
    return fields
