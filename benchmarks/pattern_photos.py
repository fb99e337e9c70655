"""The garments of `data/patterns.csv` and `data/materials.csv`: photo and mask from the development data.

The tables hold no photos. Patterns: set (train, test), source (flatlay, ccp), photo, tag (CCP only), pattern (train),
and for the 300 test garments what the first and the second labeller said. Materials: source, photo, tag, and denim,
leather, knit or other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from product_photos import data_folder

TABLE = Path(__file__).parent / "data" / "patterns.csv"
_SIZE = 256


@dataclass(frozen=True)
class PatternPhoto:
    """One labelled garment, cropped to its box; pixels uint8 (H, W, 3), mask bool (H, W).

    A training garment has `pattern`, a test garment what each labeller said, `first` and `second`; the rest is "".
    """

    key: str
    held_out: bool
    pattern: str
    first: str
    second: str
    pixels: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]


def rows() -> list[dict[str, str]]:
    """The table as it is."""
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def pattern_photos(*, held_out: bool) -> Iterator[PatternPhoto]:
    """The garments of the test set or of the training set."""
    folder = data_folder()
    tags = (folder / "ccp" / "labels.txt").read_text().split("\n")
    for row in rows():
        if (row["set"] == "test") != held_out:
            continue
        pixels, mask = _photo(folder, row, tags)
        key = f"{row['source']}:{row['photo']}:{row['tag']}"
        yield PatternPhoto(key, held_out, row["pattern"], row["first"], row["second"], pixels, mask)


def material_photos() -> Iterator[tuple[dict[str, str], npt.NDArray[np.uint8], npt.NDArray[np.bool_]]]:
    """(row, pixels, mask) of every garment with a labelled material."""
    folder = data_folder()
    tags = (folder / "ccp" / "labels.txt").read_text().split("\n")
    with (TABLE.parent / "materials.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield row, *_photo(folder, row, tags)


def _photo(
    folder: Path, row: dict[str, str], tags: list[str]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    return _cropped(*(_flat(folder, row) if row["source"] == "flatlay" else _worn(folder, row, tags)))


def _flat(folder: Path, row: dict[str, str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    pixels = np.asarray(Image.open(folder / "flatlay" / "photos" / f"{row['photo']}.jpg").convert("RGB"))
    alpha = np.asarray(Image.open(folder / "flatlay" / "alpha" / f"{row['photo']}.png").convert("L"))
    return pixels, alpha > 127


def _worn(
    folder: Path, row: dict[str, str], tags: list[str]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    pixels = np.asarray(Image.open(folder / "ccp" / "photos" / f"{row['photo']}.jpg").convert("RGB"))
    labels = np.asarray(Image.open(folder / "ccp" / "labels" / f"{row['photo']}.png"))
    return pixels, labels == tags.index(row["tag"])


def _cropped(
    pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    crop, inside = pixels[y : y + height, x : x + width], mask[y : y + height, x : x + width].astype(np.uint8)
    scale = min(1.0, _SIZE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    return small, cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST) > 0
