"""What a server's workshop does to stored photos: cut-outs painted, made again, put back; garments pointed at."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import MaskError, NotFoundError, UsageError
from ewardrobe.imaging import open_photo, to_png_bytes
from ewardrobe.imaging.previews import preview_size, reduced_mask, repainted
from ewardrobe.jobs.segmenting import load_segmenter

if TYPE_CHECKING:
    from ewardrobe.segmentation import Segmentation, Segmenter
    from ewardrobe.segmentation.picking import Picked
    from ewardrobe.wardrobe import Wardrobe

    State = tuple[Wardrobe, Segmenter]

__all__ = ["TASKS", "Aim", "mask_png"]


@dataclass(frozen=True, slots=True)
class Aim:
    """What somebody points at in a photo: a box (x, y, width, height), a point (x, y), or a garment found before.

    `appearance` with `model` asks that model of the catalogue, or the server's own, for the same garment again.
    Positions are in pixels of the photo.
    """

    box: tuple[int, int, int, int] | None = None
    point: tuple[int, int] | None = None
    appearance: int | None = None
    model: str | None = None


def mask_png(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> bytes:
    """A mask as a grey PNG (0 and 255) at the size of the preview of a photo of `size` (width, height)."""
    small = reduced_mask(mask, preview_size(*size))
    return to_png_bytes(Image.fromarray(small.view(np.uint8) * np.uint8(255)))


def _propose(state: State, photo_id: int, aim: Aim) -> tuple[bytes, str, float, str]:
    """What `aim` points at, not stored: its mask (see `mask_png`), class, score, and what found it."""
    picked = _picked(state, photo_id, aim)
    height, width = picked.mask.shape
    return mask_png(picked.mask, (width, height)), picked.label, picked.score, picked.by


def _cut_out(state: State, photo_id: int, aim: Aim, label: str | None) -> int:
    """A new garment out of what `aim` points at; its number."""
    picked = _picked(state, photo_id, aim)
    model = state[1].description.name if picked.by == "model" else "GrabCut"
    garment = state[0].appearances.add(
        photo_id, picked.mask, label or picked.label, score=picked.score, model=model
    )
    return garment.id


def _set_mask(state: State, appearance_id: int, data: bytes, unchanged_since: datetime | None) -> None:
    """Take over a mask that was painted at the photo's size or smaller (PNG, from 128 on is inside)."""
    wardrobe = state[0]
    present = wardrobe.appearances.mask(appearance_id)
    wardrobe.appearances.set_mask(
        appearance_id,
        repainted(present, _painted(data, present.shape)),
        unchanged_since=unchanged_since,
    )


def _reset_mask(state: State, appearance_id: int, unchanged_since: datetime | None) -> None:
    state[0].appearances.reset_mask(appearance_id, unchanged_since=unchanged_since)


def _redo_mask(state: State, appearance_id: int, model: str | None, unchanged_since: datetime | None) -> None:
    state[0].appearances.redo_mask(appearance_id, _segmenter(state, model), unchanged_since=unchanged_since)


def _split(state: State, appearance_id: int) -> int:
    """A garment of its own for a cut-out; its number."""
    return state[0].appearances.move(appearance_id).id


def _picked(state: State, photo_id: int, aim: Aim) -> Picked:
    from ewardrobe.segmentation.picking import Picked, match_garment, pick

    wardrobe = state[0]
    found = _segmented(_segmenter(state, aim.model), wardrobe.photo(photo_id).file)
    if aim.appearance is None:
        return pick(found, box=aim.box, point=aim.point)
    if aim.box is not None or aim.point is not None:
        raise UsageError("point at the garment with one thing: a box, a point, or what it was before")
    item = wardrobe.appearances.get(aim.appearance)
    if item.photo_id != photo_id:
        raise NotFoundError(f"photo {photo_id} has no cut-out {aim.appearance}")
    garment = match_garment(found, wardrobe.appearances.mask(item.id), item.label)
    if garment is None:
        raise NotFoundError(f"{found.model} finds no garment where this one is")
    return Picked(garment.mask, garment.label, garment.score, "model")


def _segmenter(state: State, model: str | None) -> Segmenter:
    return state[1] if model is None else _loaded(model)


@lru_cache(maxsize=1)
def _loaded(model: str) -> Segmenter:
    return load_segmenter(model, None, None)


@lru_cache(maxsize=1)
def _segmented(segmenter: Segmenter, file: Path) -> Segmentation:
    """The photo that is being worked on stays segmented: the next box is answered at once.

    An original is named by its content, so its path says which photo it is.
    """
    found = segmenter.segment(open_photo(file))
    return found if found.taxonomy.name == "wardrobe" else found.remap("wardrobe")


def _painted(data: bytes, size: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """A mask that was sent, bool; read only when it is no larger than its photo, `size` (height, width)."""
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        if image.height > size[0] or image.width > size[1]:
            raise MaskError(f"the mask is {image.width}x{image.height} pixels, its photo {size[1]}x{size[0]}")
        inside: npt.NDArray[np.bool_] = np.asarray(image.convert("L")) >= 128
        return inside
    except (OSError, ValueError, SyntaxError) as error:
        raise MaskError("the mask is not a PNG that can be read") from error


TASKS: dict[str, Callable[..., Any]] = {
    "propose": _propose,
    "cut_out_that": _cut_out,
    "set_mask": _set_mask,
    "reset_mask": _reset_mask,
    "redo_mask": _redo_mask,
    "split": _split,
}
"""What `Workshop.mend` can be asked for; each takes the workshop's wardrobe and segmenter first."""
