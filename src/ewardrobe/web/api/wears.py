"""What was worn when: log it, strike it, look at it day by day; and from a photo of the outfit."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, UploadFile

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import Wear
from ewardrobe.web.api.models import Answers, GarmentOut, Problem
from ewardrobe.web.api.outfit_models import (
    CandidateOut,
    DayOut,
    PhotoSeen,
    SeenGarment,
    WearsIn,
    WornOut,
    WornPhotoOut,
    days_of,
)
from ewardrobe.web.api.outfits import told_of
from ewardrobe.web.api.photos import check_photo
from ewardrobe.web.room import CurrentRoom, Room

__all__ = ["day_list", "router"]

router = APIRouter(tags=["what was worn"])
_GONE: Answers = {404: {"model": Problem, "description": "There is no such wear, garment or outfit"}}
_REFUSED: Answers = {
    413: {"model": Problem, "description": "Larger than 64 MiB"},
    415: {"model": Problem, "description": "Not a photo, or a damaged one"},
    503: {"model": Problem, "description": "Too many at once; `Retry-After` says when to try again"},
}
Photo = Annotated[UploadFile, File(description="One photo, at most 64 MiB.")]
Day = Annotated[date, Path(description="YYYY-MM-DD.")]
Since = Annotated[date | None, Query(description="The first day, YYYY-MM-DD.")]
Until = Annotated[date | None, Query(description="The last day, YYYY-MM-DD.")]
Key = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
_MOST_DAYS = 400


@router.get("/wears")
def list_wears(
    room: CurrentRoom,
    since: Since = None,
    until: Until = None,
    garment: Key = None,
    outfit: Key = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[WornOut]:
    """The latest first."""
    found = room.wardrobe.wears.find(since=since, until=until, garment=garment, outfit=outfit, limit=limit)
    return [WornOut.of(wear) for wear in found]


@router.post("/wears", status_code=201, responses=_GONE)
def log_wears(room: CurrentRoom, worn: WearsIn) -> list[WornOut]:
    """Log garments, or all those of an outfit; the same again on the same day changes nothing."""
    found = room.wardrobe.wears.add(worn.garments, outfit=worn.outfit, on=worn.on, notes=worn.notes)
    return [WornOut.of(wear) for wear in found]


@router.delete("/wears", status_code=204, responses=_GONE)
def strike_wears(
    room: CurrentRoom,
    id: Annotated[list[int], Query(min_length=1, max_length=200, description="Several may be given.")],
) -> None:
    """Strike wears, all of them or none; `POST /undo` brings them back in one step."""
    if any(not 1 <= key < 2**63 for key in id):
        raise UsageError("a wear's number is from 1")
    room.wardrobe.wears.remove(*id)


@router.get("/days")
def list_days(room: CurrentRoom, since: Since = None, until: Until = None) -> list[DayOut]:
    """The days on which something was worn, with their outfits and garments; the last 31 unless told."""
    last = until or date.today()
    first = since or last - timedelta(days=min(30, last.toordinal() - 1))
    if (last - first).days >= _MOST_DAYS:
        raise UsageError(f"at most {_MOST_DAYS} days at once")
    return day_list(room, first, last)


@router.get("/days/{day}")
def get_day(room: CurrentRoom, day: Day) -> DayOut:
    """What was worn on a day."""
    found = day_list(room, day, day)
    return found[0] if found else DayOut(day=day, outfits=[], garments=[])


@router.post("/photos/match", responses=_REFUSED)
def match_photo(room: CurrentRoom, photo: Photo) -> PhotoSeen:
    """Which owned garments are worn in a photo. Nothing is stored: hand the same photo to `/photos/worn` to log it."""
    check_photo(photo.file)
    with room.place():
        found = room.workshop.recognise(photo.file.read())
    keys = (match["garment"] for item in found["garments"] for match in item["candidates"])
    owned = {key: GarmentOut.of(garment) for key, garment in room.wardrobe.get_all(keys).items()}
    return PhotoSeen(
        photo=found["photo"],
        garments=[
            SeenGarment(
                **{
                    **item,
                    "thumbnail": base64.b64encode(item["thumbnail"]).decode(),
                    "candidates": [
                        CandidateOut(
                            garment=match["garment"],
                            title=owned[match["garment"]].title,
                            thumbnail=owned[match["garment"]].thumbnail,
                            score=match["score"],
                        )
                        for match in item["candidates"]
                        if match["garment"] in owned
                    ],
                }
            )
            for item in found["garments"]
        ],
    )


@router.post("/photos/worn", status_code=201, responses={**_REFUSED, **_GONE})
def log_photo(
    room: CurrentRoom,
    photo: Photo,
    garments: Annotated[
        str,
        Form(
            max_length=10_000,
            description="JSON: by a garment's `number` in the photo, the owned garment it is, or null for a new one.",
        ),
    ],
    on: Annotated[date | None, Form(description="The day; today where none is given.")] = None,
) -> WornPhotoOut:
    """Keep an outfit photo and log what is worn in it, in one step of undo.

    Owned garments get it as one more appearance, the others become new garments. 422 for a photo that is in the
    wardrobe already: log its garments with `POST /wears`.
    """
    chosen = _chosen(garments)
    check_photo(photo.file)
    with room.place():
        found = room.workshop.log_photo(
            photo.file.read(), photo.filename or "photo", chosen, None if on is None else on.isoformat()
        )
    return WornPhotoOut(photo=found["photo"], garments=[item["id"] for item in found["garments"]])


def day_list(room: Room, first: date, last: date) -> list[DayOut]:
    """The days from `first` to `last` on which something was worn."""
    wears = room.wardrobe.wears.find(since=first, until=last)
    garments = room.wardrobe.get_all(wear.garment_id for wear in wears)
    return list(days_of(wears, _outfits(room, wears), garments).values())


def _outfits(room: Room, wears: Iterable[Wear]) -> dict[int, Any]:
    keys = dict.fromkeys(wear.outfit_id for wear in wears if wear.outfit_id is not None)
    return {told.id: told for told in told_of(room, [room.wardrobe.outfits.get(key) for key in keys])}


def _chosen(text: str) -> dict[int, int | None]:
    try:
        found = json.loads(text)
        chosen = {int(number): garment for number, garment in found.items()}
    except (ValueError, AttributeError, RecursionError):
        raise UsageError('garments must be JSON such as {"1": 12, "2": null}') from None
    if not chosen or not all(
        garment is None or (type(garment) is int and 1 <= garment < 2**63) for garment in chosen.values()
    ):
        raise UsageError('garments must be JSON such as {"1": 12, "2": null}, with at least one')
    return chosen
