"""What an owner mended or accepted, as a dataset to learn from: label-map folders that `ewardrobe dataset` reads.

    OUT/worn/photos/00012-5f1c2a9b.jpg   the photo, without location and camera data
    OUT/worn/labels/00012-5f1c2a9b.png   a palette PNG: classes of the taxonomy `wardrobe`, 255 = ignore
    OUT/worn/dataset.json                {"taxonomy": "wardrobe", "kind": "worn"}
    OUT/flat/...                         photos of garments that nobody wears, since no score mixes the two

Only cut-outs that the owner painted or accepted are labelled, with the garment's class as it is now; of all the rest
nothing is known, so it is `ignore`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ewardrobe import taxonomy
from ewardrobe.errors import StoreError, UsageError
from ewardrobe.imaging import strip_metadata, to_png_bytes
from ewardrobe.taxonomy import IGNORE

if TYPE_CHECKING:
    from ewardrobe.wardrobe import Appearance, StoredPhoto, Wardrobe

__all__ = ["Corrections", "export_corrections"]

_BACKGROUND = 0


@dataclass(frozen=True, slots=True)
class Corrections:
    """What was written: photos by kind ("worn", "flat"), and garments by class."""

    photos: Counter[str] = field(default_factory=Counter)
    garments: Counter[str] = field(default_factory=Counter)


def export_corrections(wardrobe: Wardrobe, out: Path, *, erased: bool = False) -> Corrections:
    """Write every photo with a checked cut-out into the new folder `out`, all of it or nothing.

    With `erased`, what the owner took away from a mask is labelled background: right where the model had taken floor
    or wall for cloth, wrong where it had taken skin or another garment for it. Without, it is `ignore`.

    Raises `UsageError` when nothing was checked yet or `out` is there, `StoreError` when it cannot be written.
    """
    from ewardrobe.wardrobe.transfer.targets import open_target

    classes = taxonomy.load("wardrobe")
    done = Corrections()
    checked = {photo.id: _checked(wardrobe, photo.id) for photo in wardrobe.photos()}
    if not any(checked.values()):
        raise UsageError("no cut-out was mended or accepted yet: do so in the app (ewardrobe serve)")
    with open_target(out, archive=False) as target:
        for photo in sorted(wardrobe.photos(), key=lambda item: item.id):
            items = checked[photo.id]
            if not items:
                continue
            kind = "flat" if all(item.person is None for item in items) else "worn"
            stem = f"{photo.id:05d}-{photo.sha256[:8]}"
            data, suffix = strip_metadata(_read(photo))
            labels = _label_map(wardrobe, photo, items, erased, done)
            target.write(f"{kind}/photos/{stem}{suffix}", data)
            target.write(f"{kind}/labels/{stem}.png", to_png_bytes(labels, palette=classes.palette()))
            done.photos[kind] += 1
        for kind in done.photos:
            document = json.dumps({"taxonomy": "wardrobe", "kind": kind}, indent=1)
            target.write(f"{kind}/dataset.json", document.encode())
    return done


def _checked(wardrobe: Wardrobe, photo_id: int) -> list[Appearance]:
    """The cut-outs of a photo that its owner vouches for, the largest first: the smaller lie on top."""
    found = [item for item in wardrobe.appearances.of_photo(photo_id) if item.checked_at is not None]
    return sorted(found, key=lambda item: -item.area)


def _label_map(
    wardrobe: Wardrobe, photo: StoredPhoto, items: list[Appearance], erased: bool, done: Corrections
) -> npt.NDArray[np.uint8]:
    classes = taxonomy.load("wardrobe")
    labels = np.full((photo.height, photo.width), IGNORE, np.uint8)
    if erased:
        for item in items:
            labels[wardrobe.appearances.first_mask(item.id)] = _BACKGROUND
    for item in items:
        name = wardrobe.get(item.garment_id).label or item.label
        labels[wardrobe.appearances.mask(item.id)] = classes.index(name)
        done.garments[name] += 1
    return labels


def _read(photo: StoredPhoto) -> bytes:
    try:
        return photo.file.read_bytes()
    except OSError as error:
        raise StoreError(f"{photo.file} cannot be read: {error.strerror}; nothing was written") from error
