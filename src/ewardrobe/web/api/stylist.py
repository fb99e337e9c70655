"""What to wear: suggestions, thumbs, worn today, saved as an outfit; packing; the forecast; a sheet to sell by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from ewardrobe.stylist import (
    Day,
    ForecastChoice,
    ForecastError,
    Packing,
    ResaleSheet,
    Stylist,
    Suggestion,
    Suggestions,
    Vote,
    pack,
)
from ewardrobe.wardrobe import OwnedGarment, Wardrobe
from ewardrobe.web.api.models import Answers, GarmentOut, Number, Problem
from ewardrobe.web.room import CurrentRoom

__all__ = ["PackingOut", "SuggestionsOut", "router"]

router = APIRouter(tags=["stylist"])

Occasion = Literal["everyday", "work", "celebration", "sport", "sleep"]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Degrees = Annotated[float, Field(ge=-60, le=60, description="Degrees Celsius")]
Wind = Annotated[float, Field(ge=0, le=400, description="km/h")]
Seed = Annotated[int, Field(ge=0, le=2**31)]
_GONE: Answers = {404: {"model": Problem, "description": "There is no such garment"}}
_OFF: Answers = {
    409: {"model": Problem, "description": "The owner has not allowed it"},
    503: {"model": Problem, "description": "There is no network, or no answer"},
}


class WornOut(BaseModel):
    """A garment of an outfit; `slot` says where it is worn, `hex` is its main colour."""

    slot: str
    id: int
    title: str
    type: str | None
    thumbnail: str | None
    hex: str | None

    @classmethod
    def of(cls, slot: str, garment: GarmentOut) -> WornOut:
        """What is told of it."""
        colour = garment.colours[0].hex if garment.colours else None
        return cls(
            slot=slot,
            id=garment.id,
            title=garment.title,
            type=garment.type or garment.label,
            thumbnail=garment.thumbnail,
            hex=colour,
        )


class VoteOut(BaseModel):
    """A thumb up (`liked`) or down, on an outfit."""

    id: int
    liked: bool

    @classmethod
    def of(cls, vote: Vote) -> VoteOut:
        """What is told of it."""
        return cls(id=vote.id, liked=vote.liked)


class OutfitOut(BaseModel):
    """A suggested outfit; `missing` names slots for which there is nothing."""

    garments: list[WornOut]
    sentence: str
    score: float
    missing: list[str]
    vote: VoteOut | None

    @classmethod
    def of(cls, outfit: Suggestion, shown: Mapping[int, GarmentOut]) -> OutfitOut:
        """What is told of it."""
        return cls(
            garments=[WornOut.of(slot, shown[item.id]) for slot, item in outfit.garments.items()],
            sentence=outfit.sentence,
            score=round(outfit.score, 3),
            missing=list(outfit.missing),
            vote=None if outfit.vote is None else VoteOut.of(outfit.vote),
        )


class SuggestionsOut(BaseModel):
    """Outfits, the best first. `seed` asks for the same again; `felt`: degrees in the wind, or what is usual."""

    on: date
    occasion: str
    season: str
    felt: float
    seed: int
    outfits: list[OutfitOut]
    missing: list[str]
    notes: list[str]

    @classmethod
    def of(cls, wardrobe: Wardrobe, found: Suggestions) -> SuggestionsOut:
        """With the pictures of the garments."""
        shown = _shown(wardrobe, [number for outfit in found.outfits for number in outfit.ids])
        return cls(
            on=found.day.on,
            occasion=found.day.occasion,
            season=found.day.season,
            felt=found.day.felt,
            seed=found.seed,
            outfits=[OutfitOut.of(outfit, shown) for outfit in found.outfits],
            missing=list(found.missing),
            notes=list(found.notes),
        )


class VoteIn(BaseModel):
    """The garments of an outfit, and whether it is liked."""

    model_config = ConfigDict(extra="forbid")
    garments: Annotated[list[Id], Field(min_length=2, max_length=20)]
    liked: bool


class DayIn(BaseModel):
    """A day of a trip."""

    model_config = ConfigDict(extra="forbid")
    on: date
    occasion: Occasion = "everyday"
    temperature: Degrees | None = None
    rain: bool = False
    wind: Wind = 0.0
    south: bool = False


class TripIn(BaseModel):
    """The days of a trip."""

    model_config = ConfigDict(extra="forbid")
    days: Annotated[list[DayIn], Field(min_length=1, max_length=31)]
    seed: Seed = 0


class PackedOut(WornOut):
    """A garment to pack, and on how many days it is worn."""

    days: int


class PackedDay(BaseModel):
    """A day, and what it wears; null where there is nothing."""

    on: date
    occasion: str
    outfit: OutfitOut | None


class PackingOut(BaseModel):
    """What to pack; `outfits` is how many different ones it makes."""

    garments: list[PackedOut]
    days: list[PackedDay]
    outfits: int
    missing: list[str]

    @classmethod
    def of(cls, wardrobe: Wardrobe, found: Packing) -> PackingOut:
        """With the pictures of the garments."""
        shown = _shown(wardrobe, [item.id for _, item, _ in found.garments])
        packed = [(WornOut.of(slot, shown[item.id]), days) for slot, item, days in found.garments]
        return cls(
            garments=[PackedOut(**item.model_dump(), days=days) for item, days in packed],
            days=[
                PackedDay(
                    on=day.on,
                    occasion=day.occasion,
                    outfit=None if outfit is None else OutfitOut.of(outfit, shown),
                )
                for day, outfit in found.days
            ],
            outfits=found.outfits,
            missing=list(found.missing),
        )


class ForecastIn(BaseModel):
    """Whether the forecast may be asked for, and for which place; kept, and sent, to a tenth of a degree."""

    model_config = ConfigDict(extra="forbid")
    allowed: bool
    latitude: Annotated[float | None, Field(ge=-90, le=90)] = None
    longitude: Annotated[float | None, Field(ge=-180, le=180)] = None


class ForecastOut(BaseModel):
    """The weather of a day: degrees Celsius in the daytime, wind in km/h."""

    on: date
    temperature: float
    rain: bool
    wind: float


@router.get("/suggestions")
def suggestions(
    room: CurrentRoom,
    on: date | None = None,
    occasion: Occasion = "everyday",
    temperature: Annotated[float | None, Query(ge=-60, le=60, description="Degrees Celsius")] = None,
    rain: bool = False,
    wind: Annotated[float, Query(ge=0, le=400, description="km/h")] = 0.0,
    south: bool = False,
    wearing: Annotated[list[int] | None, Query(description="Garments each outfit must have")] = None,
    without: Annotated[list[int] | None, Query(description="Garments none may have")] = None,
    seed: Annotated[int | None, Query(ge=0, le=2**31)] = None,
    count: Annotated[int, Query(ge=1, le=12)] = 3,
) -> SuggestionsOut:
    """Outfits for a day, each unlike the others; the same `seed` gives the same ones, by default the date's."""
    day = Day(on or date.today(), occasion, temperature, rain, wind, south)
    found = Stylist(room.wardrobe).suggest(
        day, count=count, seed=seed, wearing=wearing or (), without=without or ()
    )
    return SuggestionsOut.of(room.wardrobe, found)


@router.get("/suggestions/votes")
def list_votes(room: CurrentRoom) -> list[VoteOut]:
    """Every thumb, the oldest first."""
    return [VoteOut.of(vote) for vote in Stylist(room.wardrobe).tastes.votes]


@router.post("/suggestions/votes", status_code=201, responses=_GONE)
def vote(room: CurrentRoom, thumb: VoteIn) -> VoteOut:
    """A thumb up or down; the latest on the same garments counts, and one down is not suggested again."""
    return VoteOut.of(Stylist(room.wardrobe).vote(thumb.garments, thumb.liked))


@router.delete("/suggestions/votes/{vote_id}", status_code=204, responses=_GONE)
def take_back_vote(room: CurrentRoom, vote_id: Number) -> None:
    """Forget a thumb, and what was learned from it."""
    Stylist(room.wardrobe).take_back(vote_id)


@router.post("/packing")
def packing(room: CurrentRoom, trip: TripIn) -> PackingOut:
    """What to pack for these days: few garments, and what each day wears."""
    days = [Day(**day.model_dump()) for day in trip.days]
    return PackingOut.of(room.wardrobe, pack(room.wardrobe, days, seed=trip.seed))


@router.get("/forecast", responses=_OFF)
def forecast(room: CurrentRoom, on: date | None = None) -> ForecastOut:
    """The weather of a day, asked of open-meteo.com, where the owner allowed that."""
    stylist, day = Stylist(room.wardrobe), on or date.today()
    try:
        found = stylist.forecast(day, day)[0]
    except ForecastError as error:
        raise HTTPException(503 if stylist.tastes.forecast.allowed else 409, str(error)) from error
    return ForecastOut(on=found.on, temperature=found.temperature, rain=found.rain, wind=found.wind)


@router.put("/forecast/settings")
def allow_forecast(room: CurrentRoom, choice: ForecastIn) -> ForecastIn:
    """Allow the forecast to be asked for, or forbid it; it is forbidden until then."""
    stylist = Stylist(room.wardrobe)
    stylist.allow_forecast(ForecastChoice(choice.allowed, choice.latitude, choice.longitude))
    kept = stylist.tastes.forecast
    return ForecastIn(allowed=kept.allowed, latitude=kept.latitude, longitude=kept.longitude)


_SHEET: dict[str, Any] = {"application/pdf": {}, "text/plain": {}}


@router.get(
    "/garments/{garment_id}/sheet",
    response_class=Response,
    responses={**_GONE, 200: {"content": _SHEET, "description": "The sheet"}},
)
def sheet(
    room: CurrentRoom,
    garment_id: Number,
    format: Annotated[Literal["pdf", "txt"], Query(description="A page of PDF, or plain text")] = "pdf",
) -> Response:
    """A sheet to sell a garment by: its picture on white, and what is known of it."""
    found = ResaleSheet.of(_present(room.wardrobe, garment_id))
    if format == "txt":
        return Response(found.text(), media_type="text/plain; charset=utf-8")
    name = f'attachment; filename="garment-{garment_id}.pdf"'
    return Response(found.pdf(), media_type="application/pdf", headers={"Content-Disposition": name})


def _present(wardrobe: Wardrobe, garment_id: int) -> OwnedGarment:
    garment = wardrobe.get(garment_id)
    if garment.removed_at is not None:
        raise HTTPException(404, f"there is no garment {garment_id}")
    return garment


def _shown(wardrobe: Wardrobe, ids: list[int]) -> dict[int, GarmentOut]:
    return {number: GarmentOut.of(wardrobe.get(number)) for number in dict.fromkeys(ids)}
