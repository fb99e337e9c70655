"""Training photos held in memory: pixels, label map in the `wardrobe` taxonomy, and what else sampling needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy
from ewardrobe.datasets import Sample, open_dataset
from ewardrobe.errors import DatasetError, PhotoError

__all__ = ["Item", "TrainingSet", "load_training_set"]

FLAT_SIDE = 512
WORN_SIDE = 704


@dataclass
class Item:
    """One photo to learn from.

    Attributes:
        pixels: uint8 (H, W, 3) RGB.
        labels: uint8 (H, W), `wardrobe` indices, 255 = ignore; all 255 while a photo has no pseudo-labels.
        allowed: classes that its tags permit, bool (17,); `None` where pixels are labelled by people.
    """

    id: str
    kind: str
    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    allowed: NDArray[np.bool_] | None = None


@dataclass
class TrainingSet:
    """Items by what they teach: `worn` and `flat` are labelled, `tagged` carries tags and pseudo-labels."""

    worn: list[Item]
    flat: list[Item]
    tagged: list[Item]


def _fit(image: NDArray[np.uint8], side: int, interpolation: int) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def _worn(sample: Sample, lut: NDArray[np.uint8]) -> Item:
    photo, labels = sample.read()
    return Item(
        sample.id,
        "worn",
        _fit(photo.pixels, WORN_SIDE, cv2.INTER_AREA),
        _fit(lut[labels], WORN_SIDE, cv2.INTER_NEAREST),
    )


def _flat(sample: Sample, lut: NDArray[np.uint8]) -> Item:
    photo, labels = sample.read()
    alpha = sample.alpha
    if alpha is None:
        raise DatasetError(f"{sample.id} has no alpha")
    soft = _fit((alpha * 255).round().astype(np.uint8), FLAT_SIDE, cv2.INTER_AREA)
    index = int(lut[int(labels[labels > 0].flat[0])])
    return Item(
        sample.id,
        "flat",
        _fit(photo.pixels, FLAT_SIDE, cv2.INTER_AREA),
        np.where(soft >= 128, index, 0).astype(np.uint8),
        alpha=soft,
    )


def _tagged(sample: Sample, lut: NDArray[np.uint8]) -> Item:
    pixels = _fit(sample.photo.pixels, WORN_SIDE, cv2.INTER_AREA)
    clothing, target = taxonomy.load("people-clothing"), taxonomy.load("wardrobe")
    allowed = np.zeros(len(target), bool)
    allowed[[target.index(name) for name in ("background", "hair", "skin")]] = True
    for tag in sample.tags:
        if lut[clothing.index(tag)] != taxonomy.IGNORE:
            allowed[lut[clothing.index(tag)]] = True
    return Item(
        sample.id, "worn", pixels, np.full(pixels.shape[:2], taxonomy.IGNORE, np.uint8), allowed=allowed
    )


def _read(samples: Iterable[Sample], make: object, lut: NDArray[np.uint8]) -> list[Item]:
    items = []
    for sample in samples:
        try:
            items.append(make(sample, lut))  # type: ignore[operator]
        except (DatasetError, PhotoError) as error:
            print(f"left out: {error}")
    return items


def load_training_set(data: Path, split: str = "train") -> TrainingSet:
    """Read the development data's `ccp` and `flatlay` folders (their `split`), and CCP's tagged photos for train.

    Raises:
        DatasetError: a folder is missing.
    """
    clothing = taxonomy.load_map("people-clothing", "wardrobe").lut
    flat = taxonomy.load_map("flat-lay", "wardrobe").lut
    tagged = open_dataset(data / "ccp", split="unlabelled") if split == "train" else ()
    return TrainingSet(
        _read(open_dataset(data / "ccp", split=split), _worn, clothing),
        _read(open_dataset(data / "flatlay", split=split), _flat, flat),
        _read(tagged, _tagged, clothing),
    )
