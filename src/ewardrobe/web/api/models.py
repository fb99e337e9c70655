"""What the API takes and gives, as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from ewardrobe.jobs.inbox import Status, Upload
from ewardrobe.wardrobe import Appearance, HistoryEntry, OwnedGarment, StoredPhoto

__all__ = [
    "Answers",
    "Change",
    "GarmentChange",
    "GarmentList",
    "GarmentOut",
    "Health",
    "Id",
    "MergeIn",
    "Number",
    "PhotoOut",
    "Problem",
    "StatisticsOut",
    "Undone",
    "UploadList",
    "UploadOut",
    "WearIn",
    "WearOut",
    "Word",
    "version_of",
]

Answers = dict[int | str, dict[str, Any]]

# What SQLite takes for a number.
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Word = Annotated[str | None, Query(max_length=200)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


def version_of(garment: OwnedGarment) -> str:
    """What tells one state of a garment's fields from another; undoing a change brings the earlier one back."""
    removed = "" if garment.removed_at is None else "-removed"
    return f"{int(garment.changed_at.timestamp() * 1_000_000):x}{removed}"


class Problem(BaseModel):
    """An error."""

    detail: str


class ColourOut(BaseModel):
    """One colour of a garment; `share` is its part of the cloth, 0..1."""

    name: str
    share: float
    hex: str


class ProvenanceOut(BaseModel):
    """Who set a field ("owner", "model" or "pixels"), how sure (0..1), and what came second."""

    source: str
    confidence: float
    runner_up: str | None


class AppearanceOut(BaseModel):
    """A garment in one photo; `box` is x, y, width, height in pixels of the photo.

    `checked_at` is when the owner last painted or accepted the cut-out.
    """

    id: int
    photo_id: int
    label: str
    score: float
    box: tuple[int, int, int, int]
    model: str | None
    checked_at: datetime | None
    cutout: str
    mask: str
    thumbnail: str
    photo: str


class GarmentOut(BaseModel):
    """A garment. `version` is its `ETag` without quotes; pictures are addresses below this server."""

    id: int
    version: str
    title: str
    name: str | None
    label: str | None
    type: str | None
    colour: str | None
    pattern: str | None
    material: str | None
    style: str | None
    occasion: str | None
    season: str | None
    brand: str | None
    size: str | None
    price: Decimal | None
    currency: str | None
    bought_on: date | None
    notes: str | None
    quantity: int
    status: str
    status_reason: str | None
    favourite: bool
    added_at: datetime
    changed_at: datetime
    removed_at: datetime | None
    tags: list[str]
    colours: list[ColourOut]
    provenance: dict[str, ProvenanceOut]
    appearances: list[AppearanceOut]
    cutout: str | None
    thumbnail: str | None
    wear_count: int
    last_worn: date | None
    cost_per_wear: Decimal | None
    similarity: float | None = None

    @classmethod
    def of(cls, garment: OwnedGarment) -> GarmentOut:
        """What is told of a garment: no files, no embeddings."""
        plain = garment.to_dict()
        names = set(cls.model_fields) - {"colours", "provenance", "appearances"}
        values: dict[str, Any] = {name: value for name, value in plain.items() if name in names}
        appearances = [_appearance(garment.id, item) for item in garment.appearances]
        best = max(garment.appearances, key=lambda item: (item.area, -item.id), default=None)
        shown = next((item for item in appearances if best is not None and item.id == best.id), None)
        cost = None
        if garment.price is not None and garment.wear_count:
            cost = (garment.price * garment.quantity / garment.wear_count).quantize(Decimal("0.01"))
        return cls(
            **values,
            version=version_of(garment),
            colours=[
                ColourOut(name=item.name, share=item.share, hex="#{:02x}{:02x}{:02x}".format(*item.rgb))
                for item in garment.colours
            ],
            provenance={
                name: ProvenanceOut(source=said.source, confidence=said.confidence, runner_up=said.runner_up)
                for name, said in garment.provenance.items()
            },
            appearances=appearances,
            cutout=shown.cutout if shown else None,
            thumbnail=shown.thumbnail if shown else None,
            cost_per_wear=cost,
        )


def _appearance(garment_id: int, item: Appearance) -> AppearanceOut:
    base = f"/api/v1/garments/{garment_id}/appearances/{item.id}"
    # A mended cut-out is another file: a client may keep each picture for good.
    version = item.cutout.stem[:12]
    return AppearanceOut(
        id=item.id,
        photo_id=item.photo_id,
        label=item.label,
        score=item.score,
        box=item.box,
        model=item.model,
        checked_at=item.checked_at,
        cutout=f"{base}/cutout?v={version}",
        mask=f"{base}/mask?v={version}",
        thumbnail=f"{base}/thumbnail?v={version}",
        photo=f"/api/v1/photos/{item.photo_id}/preview",
    )


class GarmentList(BaseModel):
    """A part of what was found, how many there are in all, and per value of a field."""

    total: int
    offset: int
    garments: list[GarmentOut]
    facets: dict[str, dict[str, int]]


class GarmentChange(BaseModel):
    """Fields to set; null or "" empties one, what is left out stays. Values may be typed as a person would."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    label: str | None = None
    type: str | None = None
    colour: str | list[str] | None = None
    pattern: str | None = None
    material: str | None = None
    style: str | None = None
    occasion: str | None = None
    season: str | None = None
    brand: str | None = None
    size: str | None = None
    price: str | float | None = None
    currency: str | None = None
    bought_on: str | None = None
    notes: str | None = None
    tags: str | list[str] | None = None
    quantity: int | str | None = None
    status: str | None = None
    status_reason: str | None = None
    favourite: bool | str | None = None

    def fields(self) -> dict[str, Any]:
        """Those that were sent."""
        sent: dict[str, Any] = self.model_dump(exclude_unset=True)
        return sent


class PhotoOut(BaseModel):
    """A photo in the wardrobe."""

    id: int
    name: str
    format: str | None
    width: int
    height: int
    size_bytes: int
    taken_at: datetime | None
    added_at: datetime
    preview: str
    original: str

    @classmethod
    def of(cls, photo: StoredPhoto) -> PhotoOut:
        """What is told of a photo: not where it lies."""
        base = f"/api/v1/photos/{photo.id}"
        names = set(cls.model_fields) - {"preview", "original"}
        values = {name: getattr(photo, name) for name in names}
        return cls(**values, preview=f"{base}/preview", original=f"{base}/original")


class UploadOut(BaseModel):
    """A photo that was handed in: what became of it, and the garments found in it."""

    id: int
    name: str
    size_bytes: int
    status: Status
    reason: str
    garments: list[dict[str, Any]]
    added_at: datetime

    @classmethod
    def of(cls, upload: Upload) -> UploadOut:
        """What is told of an upload."""
        return cls(
            **{name: getattr(upload, name) for name in set(cls.model_fields) - {"garments"}}
            | {"garments": list(upload.garments)}
        )

    @classmethod
    def all_of(cls, uploads: Sequence[Upload]) -> list[UploadOut]:
        """Several."""
        return [cls.of(upload) for upload in uploads]


class UploadList(BaseModel):
    """The latest uploads, and how many of each status there are in all."""

    counts: dict[str, int]
    uploads: list[UploadOut]


class MergeIn(BaseModel):
    """The number of a garment that is the same one."""

    model_config = ConfigDict(extra="forbid")

    other: Id


class WearIn(BaseModel):
    """A day on which a garment was worn; today where none is given."""

    model_config = ConfigDict(extra="forbid")
    on: date | None = None


class WearOut(BaseModel):
    """A day on which a garment was worn."""

    id: int
    worn_on: date


class Change(BaseModel):
    """Something that can be, or was, taken back."""

    id: int
    at: datetime
    verb: str
    detail: str | None

    @classmethod
    def of(cls, entry: HistoryEntry) -> Change:
        """What is told of it."""
        return cls(id=entry.id, at=entry.at, verb=entry.verb, detail=entry.detail)


class Undone(BaseModel):
    """What was taken back; null when there was nothing."""

    undone: Change | None


class StatisticsOut(BaseModel):
    """The wardrobe in numbers; amounts per currency, garments by number."""

    garments: int
    photos: int
    outfits: int
    by_type: dict[str, int]
    by_colour: dict[str, int]
    by_season: dict[str, int]
    by_status: dict[str, int]
    wears: int
    most_worn: list[tuple[int, int]]
    never_worn: list[int]
    cost_per_wear: dict[int, Decimal]
    spending: dict[str, Decimal]
    spending_by_year: dict[str, dict[str, Decimal]]
    spending_by_month: dict[str, dict[str, Decimal]]
    least_worn: list[tuple[int, int]]
    wears_by_month: dict[str, int]
    worn_by: dict[str, dict[str, int]]


class Health(BaseModel):
    """The server is there, and its wardrobe can be read."""

    status: str
    version: str
    waiting: int
