"""Garments to try on from wherever they are: a photo, a cut-out with a transparent ground, the wardrobe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.imaging import Photo, PhotoSource, open_photo
from ewardrobe.segmentation import Segmentation, Segmenter
from ewardrobe.tryon.pieces import GarmentPiece, garment_pieces
from ewardrobe.tryon.shapes import FITTED
from ewardrobe.wardrobe import OwnedGarment, Wardrobe

__all__ = ["find_pieces", "owned_piece", "piece_of"]

_TRANSPARENT = 0.02  # of a picture's pixels: from there on it is a cut-out
_SAME = 0.5  # IoU with the stored mask, above which a garment found again is that one


def piece_of(source: PhotoSource | Photo, segmenter: Segmenter, *, label: str | None = None) -> GarmentPiece:
    """The garment in a photo (the largest, or of the class `label`), or a cut-out of one.

    The class of a cut-out is `label`, else what the model takes it for. UsageError when there is no garment that can
    be tried on, PhotoError when the file cannot be opened.
    """
    if label is not None and label not in FITTED:
        raise UsageError(f"a garment of the class {label} cannot be tried on; there are: {', '.join(FITTED)}")
    photo = source if isinstance(source, Photo) else open_photo(source)
    if photo.alpha is None or np.count_nonzero(photo.alpha < 128) < _TRANSPARENT * photo.alpha.size:
        pieces = garment_pieces(segmenter.segment(photo), label)
        return max(pieces, key=lambda piece: np.count_nonzero(piece.alpha > 127))
    return GarmentPiece.from_cutout(photo, label or _likeliest(segmenter.segment(photo), photo.alpha))


def _likeliest(segmentation: Segmentation, alpha: npt.NDArray[np.uint8]) -> str:
    if segmentation.taxonomy.name != "wardrobe":
        segmentation = segmentation.remap("wardrobe")
    taxonomy = segmentation.taxonomy
    counts = np.bincount(segmentation.label_map[alpha > 127], minlength=256)
    best = max(FITTED, key=lambda name: int(counts[taxonomy.index(name)]))
    if not counts[taxonomy.index(best)]:
        raise UsageError(
            f"what {segmentation.photo.name} shows was not recognised; say its class: {', '.join(FITTED)}"
        )
    return best


def owned_piece(wardrobe: Wardrobe, garment_id: int, segmenter: Segmenter) -> GarmentPiece:
    """A garment of a wardrobe, from the photo of it that shows most: lying before worn, large before small.

    Of a worn one its photo is looked at again, for the wearer's landmarks. UsageError for a garment that has no photo
    or cannot be tried on, NotFoundError when there is none of that number.
    """
    garment = wardrobe.get(garment_id)
    if garment.removed_at is not None:
        raise NotFoundError(f"garment {garment_id} was removed; take that back first")
    if not garment.appearances:
        raise UsageError(f"garment {garment_id} has no photo, so it cannot be tried on")
    label, name = _label_of(garment), f"garment {garment_id}"
    best = max(garment.appearances, key=lambda item: (item.person is None, item.area, -item.id))
    if label not in FITTED:
        raise UsageError(
            f"garment {garment_id} is of the class {label}, which cannot be tried on; there are: {', '.join(FITTED)}"
        )
    if best.person is not None:
        found = _worn_again(
            wardrobe, best.photo_id, np.asarray(Image.open(best.mask)) > 127, label, segmenter
        )
        if found is not None:
            return found
    with Image.open(best.cutout) as image:
        rgba = np.asarray(image.convert("RGBA"))
    return GarmentPiece(np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3]), label, name)


def find_pieces(
    sources: Sequence[str],
    segmenter: Segmenter,
    *,
    home: Path | None = None,
    label: str | None = None,
) -> list[GarmentPiece]:
    """Garments as a person names them: the number of one in the wardrobe at `home`, or a file (see `piece_of`)."""
    pieces = []
    for source in sources:
        if source.isdigit() and not Path(source).exists():
            with Wardrobe.open(home) as wardrobe:
                pieces.append(owned_piece(wardrobe, int(source), segmenter))
        else:
            pieces.append(piece_of(source, segmenter, label=label))
    return pieces


def _label_of(garment: OwnedGarment) -> str:
    labels = [garment.label, *(item.label for item in garment.appearances)]
    return next((label for label in labels if label in FITTED), labels[0] or "garment")


def _worn_again(
    wardrobe: Wardrobe, photo_id: int, mask: npt.NDArray[np.bool_], label: str, segmenter: Segmenter
) -> GarmentPiece | None:
    photo = wardrobe.photo(photo_id)
    if not photo.file.is_file():
        return None
    seen = segmenter.segment(open_photo(photo.file))
    if seen.taxonomy.name != "wardrobe":
        seen = seen.remap("wardrobe")
    for garment in seen.garments:
        own = garment.mask
        if garment.label != label or own.shape != mask.shape:
            continue
        if np.count_nonzero(own & mask) > _SAME * np.count_nonzero(own | mask):
            return GarmentPiece.from_garment(seen, garment)
    return None
