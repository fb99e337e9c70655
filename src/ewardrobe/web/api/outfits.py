"""Outfits: list, show, make, lay out, change, clone, remove; and the picture of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.imaging import to_png_bytes
from ewardrobe.wardrobe import Outfit, OutfitItem
from ewardrobe.wardrobe.boards import arrange, draw_board, piece_of
from ewardrobe.web.api.editing import matches
from ewardrobe.web.api.images import Version, headers_of, unchanged
from ewardrobe.web.api.models import Answers, Number, Problem, Word
from ewardrobe.web.api.outfit_models import (
    ItemOut,
    LayoutIn,
    OutfitChange,
    OutfitIn,
    OutfitList,
    OutfitOut,
    items_of,
    version_of_outfit,
)
from ewardrobe.web.room import CurrentRoom, Room

__all__ = ["router", "told_of"]

router = APIRouter(tags=["outfits"])
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The outfit's `ETag`, as it was when it was looked at.")
]
Ground = Annotated[
    str, Query(pattern="^(#[0-9a-fA-F]{6})?$", description="`#rrggbb`; empty for transparent.")
]
_GONE: Answers = {404: {"model": Problem, "description": "There is no such outfit, or garment"}}
_CHANGED: Answers = {412: {"model": Problem, "description": "It was changed meanwhile"}}
_SMALL = 400  # up to this width the thumbnails are sharp enough


@router.get("/outfits")
def list_outfits(
    room: CurrentRoom,
    text: Word = None,
    garment: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    occasion: Word = None,
    season: Word = None,
    favourite: bool | None = None,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
) -> OutfitList:
    """Outfits that fit all that is asked for, newest first; `garment` keeps those with this one in them."""
    found = room.wardrobe.outfits.find(
        text, garment=garment, occasion=occasion, season=season, favourite=favourite
    )
    return OutfitList(total=len(found), outfits=told_of(room, found[offset : offset + limit]))


@router.post("/outfits", status_code=201, responses=_GONE)
def new_outfit(room: CurrentRoom, new: OutfitIn, response: Response) -> OutfitOut:
    """A new outfit."""
    outfit = room.wardrobe.outfits.new(new.placed() or new.garments or (), **new.fields())
    return _made(room, outfit, response)


@router.post("/outfits/layout", responses=_GONE)
def lay_out(room: CurrentRoom, asked: LayoutIn) -> list[ItemOut]:
    """A first layout by where each garment is worn, the lowest first. Nothing is stored."""
    found = room.wardrobe.get_all(asked.garments)
    for key in asked.garments:
        if key not in found or found[key].removed_at is not None:
            raise NotFoundError(f"there is no garment {key}")
    if len(found) != len(asked.garments):
        raise UsageError("an outfit holds each garment once")
    vocabulary = room.wardrobe.settings.read().vocabulary
    pieces = {key: piece_of(garment, vocabulary) for key, garment in found.items()}
    return items_of(arrange([pieces[key] for key in asked.garments]), found, pieces)


@router.get("/outfits/{outfit_id}", responses=_GONE)
def get_outfit(room: CurrentRoom, outfit_id: Number, response: Response) -> OutfitOut:
    """One outfit, also a removed one (`removed_at` says so)."""
    return _told(room, room.wardrobe.outfits.get(outfit_id), response)


@router.patch("/outfits/{outfit_id}", responses={**_GONE, **_CHANGED})
def edit_outfit(
    room: CurrentRoom,
    outfit_id: Number,
    change: OutfitChange,
    response: Response,
    if_match: IfMatch = None,
) -> OutfitOut:
    """Set fields, or the garments and their places."""
    with room.editing:
        _must_be(room, outfit_id, if_match)
        outfit = room.wardrobe.outfits.edit(outfit_id, change.placed(), **change.fields())
    return _told(room, outfit, response)


@router.post("/outfits/{outfit_id}/clone", status_code=201, responses=_GONE)
def clone_outfit(room: CurrentRoom, outfit_id: Number, response: Response) -> OutfitOut:
    """A second one like it, without the garments that are gone."""
    with room.editing:
        outfit = _must_be(room, outfit_id, None)
        here = {item.garment for item in told_of(room, [outfit])[0].items}
        items: list[int | OutfitItem] = [item for item in outfit.items if item.garment_id in here]
        copied = {name: getattr(outfit, name) for name in ("notes", "occasion", "season")}
        name = f"{outfit.name[:190]} (copy)" if outfit.name else None
        made = room.wardrobe.outfits.new(items, name=name, **copied)
    return _made(room, made, response)


@router.delete("/outfits/{outfit_id}", status_code=204, responses={**_GONE, **_CHANGED})
def remove_outfit(room: CurrentRoom, outfit_id: Number, if_match: IfMatch = None) -> None:
    """Take an outfit away; the days it was worn stay, and `POST /undo` brings it back."""
    with room.editing:
        _must_be(room, outfit_id, if_match)
        room.wardrobe.outfits.remove(outfit_id)


@router.get("/outfits/{outfit_id}/picture", response_class=Response, responses=_GONE)
def outfit_picture(
    request: Request,
    room: CurrentRoom,
    outfit_id: Number,
    width: Annotated[int, Query(ge=40, le=2400)] = 400,
    background: Ground = "",
    download: Annotated[bool, Query(description="As a file to keep.")] = False,
    v: Version = None,
) -> Response:
    """The board as a PNG of this width, 1.25 times as high: pixels alone, no place and no camera in it."""
    outfit = room.wardrobe.outfits.get(outfit_id)
    told = told_of(room, [outfit])[0]
    headers = headers_of(f"{told.picture[-12:]}-{width}-{background.lstrip('#')}", keep=v is not None)
    if download:
        headers["Content-Disposition"] = f'attachment; filename="outfit-{outfit_id}.png"'
    if unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    items = [OutfitItem(item.garment, n, item.x, item.y, item.scale) for n, item in enumerate(told.items)]
    colour = tuple(bytes.fromhex(background[1:]))
    picture = draw_board(
        items,
        room.wardrobe.get_all(item.garment_id for item in items),
        width=width,
        background=(colour[0], colour[1], colour[2]) if colour else None,
        small=width <= _SMALL,
    )
    return Response(to_png_bytes(picture, level=3), media_type="image/png", headers=headers)


def told_of(room: Room, outfits: Sequence[Outfit]) -> list[OutfitOut]:
    """Outfits as the API tells of them."""
    garments = room.wardrobe.get_all(item.garment_id for outfit in outfits for item in outfit.items)
    vocabulary = room.wardrobe.settings.read().vocabulary
    return [OutfitOut.of(outfit, garments, vocabulary) for outfit in outfits]


def _made(room: Room, outfit: Outfit, response: Response) -> OutfitOut:
    response.headers["Location"] = f"/api/v1/outfits/{outfit.id}"
    return _told(room, outfit, response)


def _told(room: Room, outfit: Outfit, response: Response) -> OutfitOut:
    response.headers["ETag"] = f'"{version_of_outfit(outfit)}"'
    return told_of(room, [outfit])[0]


def _must_be(room: Room, outfit_id: int, if_match: str | None) -> Outfit:
    """The outfit; 404 when it was removed, 412 when it is not in the state that the client looked at."""
    outfit = room.wardrobe.outfits.get(outfit_id)
    if outfit.removed_at is not None:
        raise NotFoundError(f"there is no outfit {outfit_id}")
    if not matches(if_match, version_of_outfit(outfit)):
        raise HTTPException(412, "this outfit was changed meanwhile; load it again to see how")
    return outfit
