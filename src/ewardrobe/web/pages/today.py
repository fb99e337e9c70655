"""The pages of the stylist: what to wear today, what to pack, a sheet to sell a garment by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.errors import UsageError
from ewardrobe.stylist import OCCASIONS, Day, ResaleSheet, Stylist, lay_out, pack
from ewardrobe.stylist.board import HEIGHT, WIDTH
from ewardrobe.stylist.slots import PLACES
from ewardrobe.web.api.models import GarmentOut, Number
from ewardrobe.web.api.stylist import PackingOut, SuggestionsOut
from ewardrobe.web.pages.showing import show
from ewardrobe.web.room import CurrentRoom

__all__ = ["router"]

router = APIRouter()

_WINDS = {0: "calm", 20: "breezy", 45: "stormy"}
_OCCASIONS = {
    "everyday": "An ordinary day",
    "work": "Work",
    "celebration": "A celebration",
    "sport": "Sport",
}
_LAST_SEED = 2**31
_BOARD = {"width": WIDTH, "height": HEIGHT, "lay_out": lay_out}

assert set(_OCCASIONS) < set(OCCASIONS)


@router.get("/today", response_class=HTMLResponse)
def today_page(request: Request, room: CurrentRoom) -> Response:
    """Three outfits for the day, and the fields that say what kind of day it is."""
    params = request.query_params
    day = _day(params, date.today())
    seed = _whole(params, "seed", 0, _LAST_SEED, day.on.toordinal())
    wearing = [room.wardrobe.get(_whole(params, "wearing", 1, 2**63 - 1, 0))] if params.get("wearing") else []
    stylist = Stylist(room.wardrobe)
    found = stylist.suggest(day, seed=seed, wearing=[item.id for item in wearing])
    kept = {name: value for name, value in params.items() if name != "seed" and value}
    return show(
        request,
        "today.html",
        found=SuggestionsOut.of(room.wardrobe, found),
        day=day,
        wearing=wearing,
        board=_BOARD,
        occasions=_OCCASIONS,
        winds=_WINDS,
        places=PLACES,
        others=f"/today?{urlencode({**kept, 'seed': (seed + 1) % _LAST_SEED})}",
        forecast=stylist.tastes.forecast,
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


@router.get("/pack", response_class=HTMLResponse)
def pack_page(request: Request, room: CurrentRoom) -> Response:
    """What to pack for a trip, and what each day wears."""
    params = request.query_params
    count = _whole(params, "days", 1, 31, 3)
    first = _day(params, date.today() + timedelta(days=1))
    special = {name: _whole(params, name, 0, 31, 0) for name in ("work", "celebration", "sport")}
    if sum(special.values()) > count:
        raise UsageError(
            f"{sum(special.values())} days of work, celebration and sport do not fit into {count}"
        )
    occasions = [name for name, days in special.items() for _ in range(days)]
    occasions += ["everyday"] * (count - len(occasions))
    trip = [
        Day(first.on + timedelta(days=number), occasion, first.temperature, first.rain, first.wind)
        for number, occasion in enumerate(occasions)
    ]
    seed = _whole(params, "seed", 0, _LAST_SEED, 0)
    kept = {name: value for name, value in params.items() if name != "seed" and value}
    return show(
        request,
        "pack.html",
        found=PackingOut.of(room.wardrobe, pack(room.wardrobe, trip, seed=seed)),
        first=first,
        count=count,
        special=special,
        board=_BOARD,
        occasions=_OCCASIONS,
        places=PLACES,
        others=f"/pack?{urlencode({**kept, 'seed': (seed + 1) % _LAST_SEED})}",
    )


@router.get("/garments/{garment_id}/sheet", response_class=HTMLResponse)
def sheet_page(request: Request, room: CurrentRoom, garment_id: Number) -> Response:
    """The sheet to sell a garment by, to copy or to take along as PDF."""
    garment = room.wardrobe.get(garment_id)
    if garment.removed_at is not None:
        raise HTTPException(404, f"there is no garment {garment_id}")
    return show(request, "sheet.html", garment=GarmentOut.of(garment), sheet=ResaleSheet.of(garment))


def _day(params: Mapping[str, str], usual: date) -> Day:
    """The day that an address speaks of; raises `UsageError` for what makes no sense."""
    try:
        on = date.fromisoformat(params["on"]) if params.get("on") else usual
    except ValueError:
        raise UsageError("the date must be one such as 2026-05-31") from None
    values: dict[str, Any] = {"occasion": params.get("occasion") or "everyday"}
    if params.get("temperature"):
        values["temperature"] = _number(params["temperature"], "the temperature")
    if params.get("wind"):
        values["wind"] = _number(params["wind"], "the wind")
    return Day(on, rain=params.get("rain") == "yes", **values)


def _number(text: str, what: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{what} must be a number, not {text[:20]!r}")
    return value


def _whole(params: Mapping[str, str], name: str, least: int, most: int, usual: int) -> int:
    text = params.get(name) or str(usual)
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise UsageError(f"{name} must be a whole number from {least}")
    return int(text)
