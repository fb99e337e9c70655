"""What the API takes and gives of outfits, and of what was worn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ewardrobe.wardrobe import Outfit, OutfitItem, OwnedGarment, Vocabulary, Wear
from ewardrobe.wardrobe.boards import Piece, complete, piece_of
from ewardrobe.web.api.models import GarmentOut

__all__ = [
    "DayOut",
    "ItemIn",
    "LayoutIn",
    "OutfitChange",
    "OutfitIn",
    "OutfitList",
    "OutfitOut",
    "PhotoSeen",
    "SeenGarment",
    "WearsIn",
    "WornOut",
    "WornPhotoOut",
    "days_of",
    "version_of_outfit",
]

_MOST = 60
GarmentNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]
Place = Annotated[float, Field(ge=-0.5, le=2, allow_inf_nan=False)]


class ItemIn(BaseModel):
    """A garment's place: `x`, `y` of its centre on a board 1 wide and 1.25 high, `scale` its longer side."""

    model_config = ConfigDict(extra="forbid")
    garment: GarmentNumber
    x: Place
    y: Place
    scale: Annotated[float, Field(ge=0.02, le=2, allow_inf_nan=False)]


class LayoutIn(BaseModel):
    """Garments to lay out."""

    model_config = ConfigDict(extra="forbid")
    garments: Annotated[list[GarmentNumber], Field(min_length=1, max_length=_MOST)]


class OutfitChange(BaseModel):
    """Fields to set; null or "" empties one, what is left out stays. The last of `items` lies on top."""

    model_config = ConfigDict(extra="forbid")
    name: str | None = None
    notes: str | None = None
    occasion: str | None = None
    season: str | None = None
    favourite: bool | str | None = None
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=_MOST)] | None = None

    def fields(self) -> dict[str, Any]:
        """Those that were sent, but for the items."""
        sent: dict[str, Any] = self.model_dump(exclude_unset=True, exclude={"items", "garments"})
        return sent

    def placed(self) -> list[OutfitItem] | None:
        """The items as the store takes them; None when none were sent."""
        if self.items is None:
            return None
        return [OutfitItem(item.garment, n, item.x, item.y, item.scale) for n, item in enumerate(self.items)]


class OutfitIn(OutfitChange):
    """A new outfit: `items` with their places, or `garments` alone, which are laid out by themselves."""

    garments: Annotated[list[GarmentNumber], Field(min_length=1, max_length=_MOST)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> OutfitIn:
        if (self.items is None) == (self.garments is None):
            raise ValueError("give items or garments, one of them")
        return self


class ItemOut(BaseModel):
    """A garment on a board; see `ItemIn`. `slot` is where it is worn."""

    garment: int
    x: float
    y: float
    scale: float
    slot: str
    title: str
    status: str
    thumbnail: str | None


class OutfitOut(BaseModel):
    """An outfit. `version` is its `ETag` without quotes; `gone` counts garments that are no longer in the wardrobe."""

    id: int
    version: str
    title: str
    name: str | None
    notes: str | None
    occasion: str | None
    season: str | None
    favourite: bool
    added_at: datetime
    removed_at: datetime | None
    items: list[ItemOut]
    gone: int
    picture: str

    @classmethod
    def of(cls, outfit: Outfit, garments: Mapping[int, OwnedGarment], vocabulary: Vocabulary) -> OutfitOut:
        """What is told of an outfit; `garments` holds its garments by number."""
        here = {
            item.garment_id: garment
            for item in outfit.items
            if (garment := garments.get(item.garment_id)) is not None and garment.removed_at is None
        }
        pieces = {key: piece_of(garment, vocabulary) for key, garment in here.items()}
        items = complete(outfit.items, pieces)
        look = hashlib.sha256(repr([_look(item, here[item.garment_id]) for item in items]).encode())
        return cls(
            id=outfit.id,
            version=version_of_outfit(outfit),
            title=outfit.name or _title(here[item.garment_id] for item in items) or f"outfit {outfit.id}",
            **{name: getattr(outfit, name) for name in _SAME},
            items=items_of(items, here, pieces),
            gone=len(outfit.items) - len(here),
            picture=f"/api/v1/outfits/{outfit.id}/picture?v={look.hexdigest()[:12]}",
        )


_SAME = ("name", "notes", "occasion", "season", "favourite", "added_at", "removed_at")


def items_of(
    items: Iterable[OutfitItem], garments: Mapping[int, OwnedGarment], pieces: Mapping[int, Piece]
) -> list[ItemOut]:
    """Items with what a page shows of each."""
    return [
        ItemOut(
            garment=item.garment_id,
            x=item.x or 0.0,
            y=item.y or 0.0,
            scale=item.scale or 0.0,
            slot=pieces[item.garment_id].slot,
            title=garments[item.garment_id].title,
            status=garments[item.garment_id].status,
            thumbnail=GarmentOut.of(garments[item.garment_id]).thumbnail,
        )
        for item in items
    ]


def version_of_outfit(outfit: Outfit) -> str:
    """What tells one state of an outfit from another; undoing a change brings the earlier one back."""
    return hashlib.sha256(repr(outfit).encode()).hexdigest()[:16]


def _look(item: OutfitItem, garment: OwnedGarment) -> tuple[Any, ...]:
    files = sorted(seen.cutout.name for seen in garment.appearances)
    return item.garment_id, item.x, item.y, item.scale, files or garment.title


def _title(garments: Iterable[OwnedGarment]) -> str:
    words = [garment.title for garment in garments]
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


class OutfitList(BaseModel):
    """A part of the outfits that fit, and how many there are in all."""

    total: int
    outfits: list[OutfitOut]


class WearsIn(BaseModel):
    """What was worn: `garments`, or an `outfit`; `on` a day, today where none is given."""

    model_config = ConfigDict(extra="forbid")
    garments: Annotated[list[GarmentNumber], Field(max_length=_MOST)] = []
    outfit: GarmentNumber | None = None
    on: date | None = None
    notes: str | None = None


class WornOut(BaseModel):
    """One garment worn on one day; `outfit` where it was part of one."""

    id: int
    worn_on: date
    garment: int
    outfit: int | None
    notes: str | None

    @classmethod
    def of(cls, wear: Wear) -> WornOut:
        """What is told of a wear."""
        return cls(
            id=wear.id,
            worn_on=wear.worn_on,
            garment=wear.garment_id,
            outfit=wear.outfit_id,
            notes=wear.notes,
        )


class DayGarment(BaseModel):
    """A garment that was worn, as a page shows it; `wear` is what to strike."""

    garment: int
    title: str
    thumbnail: str | None
    wear: int


class DayOutfit(BaseModel):
    """An outfit that was worn: what of it, and how it looks today."""

    outfit: int
    title: str
    picture: str
    removed: bool
    garments: list[DayGarment]


class DayOut(BaseModel):
    """What was worn on a day: outfits, and garments by themselves."""

    day: date
    outfits: list[DayOutfit]
    garments: list[DayGarment]


def days_of(
    wears: Iterable[Wear], outfits: Mapping[int, OutfitOut], garments: Mapping[int, OwnedGarment]
) -> dict[date, DayOut]:
    """Wears, in the order they were logged, put together by day and outfit."""
    shown: dict[int, GarmentOut] = {}
    days: dict[date, DayOut] = {}
    for wear in sorted(wears, key=lambda item: item.id):
        day = days.setdefault(wear.worn_on, DayOut(day=wear.worn_on, outfits=[], garments=[]))
        garment = shown.setdefault(wear.garment_id, GarmentOut.of(garments[wear.garment_id]))
        entry = DayGarment(garment=garment.id, title=garment.title, thumbnail=garment.thumbnail, wear=wear.id)
        outfit = None if wear.outfit_id is None else outfits.get(wear.outfit_id)
        if outfit is None:
            day.garments.append(entry)
            continue
        group = next((item for item in day.outfits if item.outfit == outfit.id), None)
        if group is None:
            group = DayOutfit(
                outfit=outfit.id,
                title=outfit.title,
                picture=outfit.picture,
                removed=outfit.removed_at is not None,
                garments=[],
            )
            day.outfits.append(group)
        group.garments.append(entry)
    return dict(sorted(days.items()))


class CandidateOut(BaseModel):
    """An owned garment that one in a photo may be; `score` is their likeness, 1 for the same picture."""

    garment: int
    title: str
    thumbnail: str | None
    score: float


class SeenGarment(BaseModel):
    """A garment found in a photo. `thumbnail` is a WebP in base64; `aside`: somebody else than the main person's."""

    number: int
    label: str
    type: str | None
    colour: str | None
    score: float
    box: tuple[int, int, int, int]
    aside: bool
    thumbnail: str
    candidates: list[CandidateOut]
    proposed: int | None


class PhotoSeen(BaseModel):
    """What is worn in a photo; `photo` is its number where it is in the wardrobe already."""

    photo: int | None
    garments: list[SeenGarment]


class WornPhotoOut(BaseModel):
    """A photo that was stored, and its garments, now logged."""

    photo: int | None
    garments: list[int]
