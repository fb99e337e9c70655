"""The best and the worst photos of an evaluation, as pictures to look at."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ewardrobe.evaluation.running import LabelMap
from ewardrobe.imaging import Photo, draw_overlay
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["Gallery", "Panels", "Shown", "alpha_pictures", "label_pictures", "overlay", "shrunk"]

SIDE = 480
"""Longest side of a picture in pixels: two or three of them fit beside each other on a screen."""

_GROUND = (24, 140, 110)

Panels = dict[str, Image.Image]
"""Pictures of one photo by title, all of one size, RGB."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One photo of the gallery: its id, its score (the higher the better), and its pictures."""

    id: str
    score: float
    panels: Panels


@dataclass
class Gallery:
    """Keeps the `count` photos with the highest scores and the `count` with the lowest, and no other.

    `score_name` says what the scores are.
    """

    count: int = 6
    score_name: str = ""
    _best: list[tuple[float, int, Shown]] = field(default_factory=list, repr=False)
    _worst: list[tuple[float, int, Shown]] = field(default_factory=list, repr=False)
    _seen: int = 0

    def add(self, sample_id: str, score: float, draw: Callable[[], Panels]) -> None:
        """Show a photo to the gallery; it is drawn only if it is kept. A score of NaN is passed over."""
        if math.isnan(score) or self.count < 1:
            return
        self._seen += 1
        # Of equal photos the first are the best and the last the worst, so that both lists are filled.
        places = [
            (heap, key)
            for heap, key in ((self._best, (score, -self._seen)), (self._worst, (-score, self._seen)))
            if len(heap) < self.count or key > heap[0][:2]
        ]
        if not places:
            return
        shown = Shown(sample_id, score, draw())
        for heap, key in places:
            push = heapq.heappush if len(heap) < self.count else heapq.heappushpop
            push(heap, (*key, shown))

    @property
    def best(self) -> list[Shown]:
        """The best photos, best first."""
        return [shown for _, _, shown in sorted(self._best, reverse=True)]

    @property
    def worst(self) -> list[Shown]:
        """The worst photos, worst first, less those that are among the best."""
        best = {-number for _, number, _ in self._best}
        return [shown for _, number, shown in sorted(self._worst, reverse=True) if number not in best]


def shrunk(photo: Photo, side: int = SIDE) -> NDArray[np.uint8]:
    """The photo's pixels with a longest side of at most `side`, uint8 (h, w, 3)."""
    scale = min(1.0, side / max(photo.size))
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    return np.asarray(Image.fromarray(photo.pixels).resize(size, Image.Resampling.LANCZOS))


def overlay(pixels: NDArray[np.uint8], label_map: LabelMap, taxonomy: Taxonomy) -> Image.Image:
    """A label map of the photo's own size over its shrunk pixels, in the classes' colours; 255 is left bare."""
    size = pixels.shape[1], pixels.shape[0]
    small = np.asarray(Image.fromarray(label_map).resize(size, Image.Resampling.NEAREST))
    return draw_overlay(pixels, np.where(small == IGNORE, np.uint8(0), small), taxonomy)


def label_pictures(
    photo: Photo, truth: LabelMap, predicted: LabelMap, taxonomy: Taxonomy
) -> Callable[[], Panels]:
    """A function that draws the photo with its labels, and with what was predicted, in the classes' colours."""

    def draw() -> Panels:
        pixels = shrunk(photo)
        return {
            "photo": Image.fromarray(pixels),
            "ground truth": overlay(pixels, truth, taxonomy),
            "prediction": overlay(pixels, predicted, taxonomy),
        }

    return draw


def alpha_pictures(
    photo: Photo, truth: NDArray[np.floating], predicted: NDArray[np.floating]
) -> Callable[[], Panels]:
    """A function that draws the photo with either alpha on plain green, and how far the two differ."""

    def draw() -> Panels:
        pixels = shrunk(photo)
        size = pixels.shape[1], pixels.shape[0]

        def small(alpha: NDArray[np.floating]) -> NDArray[np.float32]:
            grey = Image.fromarray(np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8))
            shares = np.asarray(grey.resize(size, Image.Resampling.BOX), dtype=np.float32) / np.float32(255)
            return np.asarray(shares[..., None])

        panels = {"photo": Image.fromarray(pixels)}
        for title, alpha in (("ground truth", small(truth)), ("prediction", small(predicted))):
            laid = pixels * alpha + np.array(_GROUND, np.float32) * (1 - alpha)
            panels[title] = Image.fromarray(np.rint(laid).astype(np.uint8))
        difference = small(np.abs(truth - predicted))[..., 0]
        panels["difference"] = Image.fromarray(np.rint(difference * 255).astype(np.uint8)).convert("RGB")
        return panels

    return draw
