"""The pages of outfits: all of them as boards, one on its canvas, and the calendar of what was worn."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.web.api.models import Number
from ewardrobe.web.api.outfits import told_of
from ewardrobe.web.api.wears import day_list
from ewardrobe.web.pages.showing import show
from ewardrobe.web.room import CurrentRoom, Room
from ewardrobe.web.security import MAX_UPLOAD

__all__ = ["router"]

router = APIRouter()

_PER_PAGE = 48
_AT_HAND = 8
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_OCCASIONS = ("everyday", "work", "sport", "celebration", "travel")


@router.get("/outfits", response_class=HTMLResponse)
def outfits_page(
    request: Request, room: CurrentRoom, text: str = "", season: str = "", page: int = 1
) -> Response:
    """Outfits as boards, newest first."""
    everything = room.wardrobe.outfits.find()
    found = room.wardrobe.outfits.find(text[:200] or None, season=season[:200] or None)
    pages = max(1, -(-len(found) // _PER_PAGE))
    if not 1 <= page <= pages:
        raise NotFoundError(f"there is no page {page}")
    return show(
        request,
        "outfits.html",
        outfits=told_of(room, found[(page - 1) * _PER_PAGE : page * _PER_PAGE]),
        total=len(found),
        any=bool(everything),
        seasons=sorted({outfit.season for outfit in everything if outfit.season}),
        text=text[:200],
        season=season[:200],
        page=page,
        pages=pages,
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


@router.get("/outfits/new", response_class=HTMLResponse)
def new_outfit_page(request: Request, room: CurrentRoom) -> Response:
    """An empty canvas; garments named in the address (`?garment=3`) are laid out on it."""
    return show(request, "outfit.html", outfit=None, worn=[], **_choices(room))


@router.get("/outfits/{outfit_id}", response_class=HTMLResponse)
def outfit_page(request: Request, room: CurrentRoom, outfit_id: Number) -> Response:
    """One outfit on its canvas."""
    outfit = told_of(room, [room.wardrobe.outfits.get(outfit_id)])[0]
    days = dict.fromkeys(wear.worn_on for wear in room.wardrobe.wears.find(outfit=outfit_id, limit=1000))
    return show(
        request,
        "outfit.html",
        outfit=outfit,
        worn=list(days),
        **_choices(room),
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


@router.get("/calendar", response_class=HTMLResponse)
def calendar_page(request: Request, room: CurrentRoom, month: str = "") -> Response:
    """A month, with what was worn on each day."""
    today = date.today()
    first = _first_of(month, today)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    days = {day.day: day for day in day_list(room, first, last)}
    return show(
        request,
        "calendar.html",
        first=first,
        today=today,
        days=[first + timedelta(days=number) for number in range(last.day)],
        worn=days,
        count=sum(len(day.outfits) + len(day.garments) for day in days.values()),
        earlier=f"{_before(first):%Y-%m}" if first > date(1900, 1, 1) else None,
        later=f"{last + timedelta(days=1):%Y-%m}" if last < date(2200, 1, 1) else None,
        at_hand=_at_hand(room),
        max_upload=MAX_UPLOAD,
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


def _at_hand(room: Room) -> list[object]:
    """Outfits to log with one tap: those worn lately, then the newest."""
    lately = dict.fromkeys(wear.outfit_id for wear in room.wardrobe.wears.find(limit=200))
    here = {outfit.id: outfit for outfit in room.wardrobe.outfits.find()}
    keys = dict.fromkeys([*(key for key in lately if key in here), *here])
    return list(told_of(room, [here[key] for key in list(keys)[:_AT_HAND] if key is not None]))


def _choices(room: Room) -> dict[str, object]:
    from ewardrobe.attributes.garment_types import type_vocabulary

    used = room.wardrobe.outfits.find()
    return {
        "occasions": sorted({*_OCCASIONS, *(outfit.occasion for outfit in used if outfit.occasion)}),
        "seasons": [*type_vocabulary().seasons, "all year"],
        "today": date.today(),
    }


def _first_of(month: str, today: date) -> date:
    if not month:
        return today.replace(day=1)
    found = _MONTH.fullmatch(month)
    if found is None or not 1900 <= int(found[1]) < 2200:
        raise UsageError(f"there is no month {month[:20]!r}")
    return date(int(found[1]), int(found[2]), 1)


def _before(first: date) -> date:
    return first - timedelta(days=1)
