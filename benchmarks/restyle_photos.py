"""Garments of the CCP validation photos with their human labels as masks, for `restyle.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ewardrobe.imaging import open_photo
from ewardrobe.segmentation import Garment, Segmentation
from ewardrobe.segmentation.geometry import Axis
from ewardrobe.segmentation.instances import find_instances
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import load, load_map

CLOTHES = ("top", "outerwear", "dress", "pants", "shorts", "skirt")
CELL = 2  # pixels: the labels are about as exact


def labelled(photo: Path, labels: Path) -> Segmentation:
    """The photo as a model would give it that knows the labels by heart."""
    opened, wardrobe = open_photo(photo), load("wardrobe")
    label_map = load_map("people-clothing", "wardrobe").apply(np.asarray(Image.open(labels)))
    label_map[label_map == 255] = 0
    small = cv2.resize(
        label_map, (opened.width // CELL, opened.height // CELL), interpolation=cv2.INTER_NEAREST
    )
    scores = (small[None] == np.arange(len(wardrobe))[:, None, None]).astype(np.float32)
    axes = [
        Axis(pixels, cells, cells / pixels, (cells / pixels - 1) / 2)
        for cells, pixels in zip(small.shape, label_map.shape, strict=True)
    ]
    score_map = ScoreMap(scores, *axes)
    instances = find_instances(label_map, score_map, wardrobe)
    return Segmentation.build(opened, wardrobe, label_map, instances, model="labels", scores=score_map)


def garments(data: Path, count: int, *, smallest: float = 0.02) -> Iterator[tuple[Segmentation, Garment]]:
    """`count` garments of clothing, at most one a photo, the classes taking turns, none crowding out the others."""
    wardrobe, table = load("wardrobe"), load_map("people-clothing", "wardrobe")
    found: dict[str, list[str]] = {name: [] for name in CLOTHES}
    for stem in (data / "ccp" / "val.txt").read_text().split():
        with Image.open(data / "ccp" / "labels" / f"{stem}.png") as labels:
            shares = (
                np.bincount(table.apply(np.asarray(labels)).ravel(), minlength=256)
                / labels.width
                / labels.height
            )
        large = [name for name in CLOTHES if shares[wardrobe.index(name)] >= smallest]
        if large:
            found[min(large, key=lambda name: len(found[name]))].append(stem)
    taken = 0
    while taken < count and any(found.values()):
        for name in CLOTHES:
            if found[name] and taken < count:
                stem = found[name].pop(0)
                seen = labelled(
                    data / "ccp" / "photos" / f"{stem}.jpg", data / "ccp" / "labels" / f"{stem}.png"
                )
                yield (
                    seen,
                    max((item for item in seen.garments if item.label == name), key=lambda item: item.area),
                )
                taken += 1
