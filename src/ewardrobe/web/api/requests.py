"""What the API takes where many garments, or pieces of photos, are changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ewardrobe.jobs.mending import Aim
from ewardrobe.web.api.models import GarmentChange, GarmentOut, Id

__all__ = ["AimIn", "BulkChange", "BulkResult", "MoveIn", "OutlineOut", "RedoIn"]

Given = Annotated[str | None, Field(max_length=200)]
Pixel = Annotated[int, Field(ge=-100_000, le=100_000)]


class GarmentQuery(BaseModel):
    """What garments must be to be meant, as `GET /garments` compares them."""

    model_config = ConfigDict(extra="forbid")

    text: Given = None
    type: Given = None
    label: Given = None
    colour: Given = None
    pattern: Given = None
    material: Given = None
    style: Given = None
    occasion: Given = None
    season: Given = None
    brand: Given = None
    tag: Given = None
    favourite: bool | None = None
    status: Given = None


class BulkChange(BaseModel):
    """A change of many garments; see `PATCH /garments`."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Id], Field(max_length=100_000)] | None = None
    query: GarmentQuery | None = None
    set: GarmentChange = GarmentChange()
    add_tags: list[str] = []
    drop_tags: list[str] = []
    remove: bool = False


class BulkResult(BaseModel):
    """How many garments were changed."""

    changed: int


class AimIn(BaseModel):
    """What is meant in a photo, in its pixels: a `box` (x, y, width, height), a `point` (x, y), or a garment again.

    `appearance` is a cut-out of the photo, looked for again with `model`, one of the catalogue or the server's own;
    `label` is the class that a new garment gets.
    """

    model_config = ConfigDict(extra="forbid")

    box: tuple[Pixel, Pixel, Pixel, Pixel] | None = None
    point: tuple[Pixel, Pixel] | None = None
    appearance: Id | None = None
    model: Annotated[str, Field(max_length=120)] | None = None
    label: Annotated[str, Field(max_length=60)] | None = None

    def aim(self) -> Aim:
        """The same for the workshop."""
        return Aim(self.box, self.point, self.appearance, self.model)


class RedoIn(BaseModel):
    """Which model is to look again; the server's own where none is named."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(max_length=120)] | None = None


class MoveIn(BaseModel):
    """The garment that a photo shows; a new one where it is null."""

    model_config = ConfigDict(extra="forbid")

    to: Id | None = None


class OutlineOut(BaseModel):
    """A garment in a photo, and its outline: closed rings of points (x, y) in pixels of the photo, holes too."""

    garment: GarmentOut
    appearance_id: int
    outlines: list[list[tuple[int, int]]]
