"""What the store hands out: garments and everything that hangs on them, as read at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.values import Attributes, Colour

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "AddResult",
    "Appearance",
    "HistoryEntry",
    "ImportResult",
    "LookAlike",
    "Outfit",
    "OutfitItem",
    "OwnedGarment",
    "Provenance",
    "SegmentedItem",
    "Statistics",
    "StoredPhoto",
    "Wear",
]


@dataclass(frozen=True, slots=True)
class SegmentedItem:
    """A garment found in a photo, ready to be stored.

    Attributes:
        label: its class in the taxonomy `wardrobe`.
        score: the segmentation's confidence, 0..1.
        box: x, y, width, height in pixels of the photo.
        mask: bool (H, W) of the photo.
        cutout: RGBA, cropped.
        attributes: what `attributes.describe` says about it; None when nothing was asked.
        alpha: float32 (H, W), 0..1, the soft edge; None takes the mask's hard one.
        person: whose it is, counted within the photo; None when nobody wears it.
        garment_id: the garment owned already that this is another picture of; None makes a new one.
        tagged: whether the garment takes over its class; the appearance keeps it in any case.
    """

    label: str
    score: float
    box: tuple[int, int, int, int]
    mask: npt.NDArray[np.bool_]
    cutout: Image.Image
    attributes: Attributes | None = None
    alpha: npt.NDArray[np.float32] | None = None
    person: int | None = None
    garment_id: int | None = None
    tagged: bool = True


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who said what a field holds ("owner", "model" or "pixels"), how sure, and what came second."""

    source: str
    confidence: float
    runner_up: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo in the wardrobe; `file` is the original, untouched. `taken_at` is the camera's own local time."""

    id: int
    uid: str
    sha256: str
    file_sha256: str
    file: Path
    size_bytes: int
    name: str
    format: str | None
    width: int
    height: int
    taken_at: datetime | None
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Appearance:
    """A garment in one photo.

    Attributes:
        number: its place among the garments found in the photo, from 1.
        box: x, y, width, height in pixels of the photo.
        area: pixels of the mask.
        mask: 8-bit grey PNG of the photo's size: soft alpha times 255; at least 128 means inside.
        cutout: RGBA PNG, cropped.
        thumbnail: WebP of the cut-out, its longer side 320 pixels at most.
        embedding: float32 (D,), L2-normalised; comparable within one `embedding_model`.
        checked_at: when the owner last painted or accepted the cut-out; None while only a model has vouched for it.
    """

    id: int
    uid: str
    garment_id: int
    photo_id: int
    number: int
    label: str
    score: float
    box: tuple[int, int, int, int]
    area: int
    person: int | None
    model: str | None
    mask: Path
    cutout: Path
    thumbnail: Path
    embedding: npt.NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    embedding_model: str | None = None
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnedGarment:
    """A garment its owner has, with its colours, tags, appearances and how often it was worn.

    `similarity` (cosine, -1..1) and `colour_distance` (CIELAB) are set only by a search that asks for them.
    """

    id: int
    uid: str
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
    colours: tuple[Colour, ...] = ()
    tags: tuple[str, ...] = ()
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    appearances: tuple[Appearance, ...] = ()
    wear_count: int = 0
    last_worn: date | None = None
    similarity: float | None = None
    colour_distance: float | None = None

    @property
    def title(self) -> str:
        """What to call it: its name, else its colour and type, else its number."""
        words = [word for word in (self.colour, self.type or self.label) if word]
        return self.name or " ".join(words) or f"garment {self.id}"

    @property
    def picture(self) -> Path | None:
        """The cut-out to show: that of its largest appearance."""
        best = max(self.appearances, key=lambda item: (item.area, -item.id), default=None)
        return None if best is None else best.cutout

    def to_dict(self) -> dict[str, Any]:
        """Everything but the embeddings, as JSON knows it."""
        plain: dict[str, Any] = _plain(self)
        return {"id": plain.pop("id"), "title": self.title, **plain, "picture": _plain(self.picture)}


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, (Decimal, Path)):
        return str(value)
    return {
        item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.name != "embedding"
    }


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A new garment that may be one already owned; `similarity` is the cosine of their embeddings."""

    garment_id: int
    other_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of a photo.

    `skipped` means it was stored before: `photo` and `garments` are then those of that time. A photo in which no
    garment was found is not stored: `photo` is None and there are no garments.
    """

    photo: StoredPhoto | None
    garments: tuple[OwnedGarment, ...]
    skipped: bool = False
    look_alikes: tuple[LookAlike, ...] = ()


@dataclass(frozen=True, slots=True)
class OutfitItem:
    """A garment in an outfit; `x`, `y` (of its centre) and `scale` place it on a board of width 1."""

    garment_id: int
    position: int
    x: float | None = None
    y: float | None = None
    scale: float | None = None


@dataclass(frozen=True, slots=True)
class Outfit:
    """Garments that go together, in order."""

    id: int
    uid: str
    name: str | None
    notes: str | None
    occasion: str | None
    season: str | None
    favourite: bool
    added_at: datetime
    removed_at: datetime | None
    items: tuple[OutfitItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Wear:
    """One garment worn on one day, as part of an outfit or by itself."""

    id: int
    uid: str
    worn_on: date
    garment_id: int
    outfit_id: int | None
    notes: str | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One action that `undo` can take back; `changes` counts the rows it touched."""

    id: int
    at: datetime
    verb: str
    detail: str | None
    changes: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How much an import brought, and how many garments it left out because they were there already."""

    photos: int
    garments: int
    outfits: int
    wears: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """A wardrobe in numbers; garments removed or gone (sold, donated, ...) count only in `by_status`.

    `cost_per_wear` and `spending` hold amounts per currency ("" where none is given); `never_worn` and the keys of
    `cost_per_wear` are garment numbers, as are the first of each pair in `most_worn` and `least_worn`, which counts
    days. Months are "2026-05"; a garment that is worn is counted once a day. `worn_by` tells for "type", "colour" and
    "season" how often garments of each value were worn; `spending_by_month` leaves out what has no date of buying.
    """

    garments: int
    photos: int
    outfits: int
    by_type: dict[str, int]
    by_colour: dict[str, int]
    by_season: dict[str, int]
    by_status: dict[str, int]
    wears: int
    most_worn: tuple[tuple[int, int], ...]
    never_worn: tuple[int, ...]
    cost_per_wear: dict[int, Decimal]
    spending: dict[str, Decimal]
    spending_by_year: dict[str, dict[str, Decimal]]
    spending_by_month: dict[str, dict[str, Decimal]]
    least_worn: tuple[tuple[int, int], ...]
    wears_by_month: dict[str, int]
    worn_by: dict[str, dict[str, int]]
