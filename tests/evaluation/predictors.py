"""Models whose answers are known: the truth, changed in a known way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ewardrobe import taxonomy
from ewardrobe.datasets import Kind, Sample
from ewardrobe.datasets.drawn import find_instances
from ewardrobe.imaging import RLE, Photo, open_photo
from ewardrobe.taxonomy import Taxonomy
from tests.conftest import Scene

LabelMap = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]
WARDROBE = taxonomy.load("wardrobe")
ITEMS = ("top", "pants", "footwear", "legwear")


@dataclass
class Found:
    label_map: LabelMap
    taxonomy: Taxonomy
    alpha: Alpha

    def person_alpha(self) -> Alpha:
        return self.alpha


class KnowsTheAnswer:
    """A predictor that looks the truth up by the photo's pixels, and changes it in a known way."""

    def __init__(self, change: Callable[[LabelMap], LabelMap] = np.copy, into: Taxonomy = WARDROBE) -> None:
        self.taxonomy = into
        self.change = change
        self.answers: dict[str, LabelMap] = {}

    def sample(self, scene: Scene, number: int, kind: Kind = "worn", label: str | None = None) -> Sample:
        photo = open_photo(scene.pixels)
        self.answers[photo.sha256] = scene.label_map
        truth = scene.label_map
        return Sample(
            f"{number:04}",
            kind,
            lambda: photo,
            taxonomy="wardrobe",
            label=label,
            load_label_map=lambda: truth,
            load_alpha=(lambda: scene.coverage) if kind == "flat" else None,
        )

    def segment(self, photo: Photo) -> Found:
        predicted = self.change(self.answers[photo.sha256])
        return Found(predicted, self.taxonomy, (predicted > 0).astype(np.float32))


def worn(model: KnowsTheAnswer, make_scene: Callable[..., Scene], count: int = 12) -> list[Sample]:
    return [model.sample(make_scene(120, 160, items=ITEMS, seed=n), n) for n in range(count)]


def swap(first: str, second: str, label_map: LabelMap) -> LabelMap:
    return np.where(label_map == WARDROBE.index(first), WARDROBE.index(second), label_map).astype(np.uint8)


@dataclass
class Listed:
    """Objects one by one, as an instance model gives them."""

    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    masks: list[RLE] = field(repr=False)

    def rle(self, index: int) -> RLE:
        return self.masks[index]


@dataclass
class FoundObjects(Found):
    detections: Listed | None = None


class FindsObjects(KnowsTheAnswer):
    """The objects of the changed truth; `drop` leaves out those of a class."""

    drop: str | None = None

    def segment(self, photo: Photo) -> FoundObjects:
        found = super().segment(photo)
        objects = [item for item in find_instances(found.label_map, self.taxonomy) if item.label != self.drop]
        height, width = found.label_map.shape
        boxes = [item.box for item in objects if item.box is not None]
        corners = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.float32).reshape(-1, 4)
        labels = np.array([self.taxonomy.index(item.label) for item in objects], np.int64)
        scores = np.linspace(0.9, 0.5, len(objects), dtype=np.float32)
        listed = Listed(corners, labels, scores, [item.to_rle((width, height)) for item in objects])
        return FoundObjects(found.label_map, found.taxonomy, found.alpha, listed)
