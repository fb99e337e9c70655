"""Label maps and soft masks from image files, checked as they are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import IGNORE, Taxonomy

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo

__all__ = ["checked_indices", "find_photos", "index_lut", "load_photo", "read_alpha", "read_label_map"]

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


def load_photo(path: Path) -> Photo:
    """Open the photo at `path`; a plain function, so that `partial(load_photo, path)` pickles."""
    from ewardrobe.imaging import open_photo  # a dataset that is only listed needs no OpenCV

    return open_photo(path)


def find_photos(folder: Path, *, below: bool = False) -> dict[str, Path]:
    """Photos directly in `folder` by stem, in name order; with `below` also those in folders below, as `a/stem`."""
    found = folder.rglob("*") if below else folder.iterdir()
    files = sorted(path for path in found if path.suffix.lower() in PHOTO_SUFFIXES)
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def index_lut(names: Iterable[str], taxonomy: Taxonomy) -> NDArray[np.uint8]:
    """Table from the index of a name in `names` to the same name's index in `taxonomy`.

    Entries beyond the list are left as `IGNORE`; `read_label_map` refuses maps that use them.

    Raises:
        TaxonomyError: a name is not in the taxonomy.
    """
    lut = np.full(256, IGNORE, dtype=np.uint8)
    for position, name in enumerate(names):
        lut[position] = taxonomy.index(name)
    return lut


def _read_indices(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            if image.mode not in {"P", "L"}:
                raise DatasetError(
                    f"{path} has mode {image.mode}: labels and soft masks are 8-bit palette or grey"
                )
            return np.array(image, dtype=np.uint8)
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing: restore it, or take the sample off the list") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as an image: restore it from its source") from error


def read_label_map(path: Path, classes: int, lut: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Label map of an 8-bit palette or grey PNG: uint8 (H, W).

    Args:
        path: the PNG; a pixel's value is its class index, 255 = ignore.
        classes: how many classes the file may use; a greater index raises.
        lut: uint8 (256,) from the file's indices to those of the taxonomy; `None` when they are the same.

    Raises:
        DatasetError: the file is missing, unreadable, of another mode, or uses an unknown index.
    """
    label_map = checked_indices(_read_indices(path), classes, path)
    return label_map if lut is None else lut[label_map]


def checked_indices(label_map: NDArray[np.uint8], classes: int, path: Path) -> NDArray[np.uint8]:
    """The label map of the file `path`, uint8 (H, W), proven to use only `classes` indices and 255."""
    used = np.flatnonzero(np.bincount(label_map.ravel(), minlength=256))
    unknown = [int(value) for value in used if classes <= value != IGNORE]
    if unknown:
        raise DatasetError(
            f"{path} uses index {unknown[0]}, but there are {classes} classes: check the list of classes"
        )
    return label_map


def read_alpha(path: Path) -> NDArray[np.float32]:
    """Soft mask of an 8-bit image: float32 (H, W) in 0..1. Raises `DatasetError` as `read_label_map` does."""
    return _read_indices(path).astype(np.float32) / np.float32(255)
