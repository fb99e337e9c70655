"""The person's photo as a garment finds it: what it replaces, what stays in front of it, where limbs are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import UsageError
from ewardrobe.imaging import refine_alpha
from ewardrobe.taxonomy import load
from ewardrobe.tryon.body import HIP, Body, find_body, person_labels
from ewardrobe.tryon.outlines import Mask

__all__ = ["Scene", "limb"]

Alpha = npt.NDArray[np.float32]
LabelMap = npt.NDArray[np.uint8]

_CELL = 4.0  # pixels of a label map that are sure to be right, at the size the models work at
_OPEN = 0.36  # of the trunk: so much of a top must show under a coat to be changed without it
_UPPER = ("top", "outerwear", "dress")
_LOWER = ("pants", "shorts", "skirt")


@dataclass(frozen=True, eq=False)
class Scene:
    """One person in a photo.

    `pixels` uint8 (H, W, 3) sRGB, `labels` uint8 (H, W) in the taxonomy `wardrobe` with that person alone.
    """

    pixels: npt.NDArray[np.uint8]
    labels: LabelMap
    body: Body

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8], label_map: LabelMap, person: int | None = None) -> Scene:
        """One of the people in a photo, counted from the left, or the largest; UsageError when there is none."""
        labels, count = person_labels(label_map, person)
        if person is not None and not 1 <= person <= count:
            there = {0: "nobody", 1: "only one person"}.get(count, f"only {count} people")
            raise UsageError(f"there is no person {person} in this photo, {there}")
        body = find_body(labels) if count else None
        if body is None:
            raise UsageError("nobody was found in this photo; take one that shows a person from the front")
        return cls(pixels, labels, body)

    def where(self, *names: str) -> Mask:
        """Where classes of `wardrobe` are, bool (H, W)."""
        wardrobe = load("wardrobe")
        table = np.zeros(256, np.bool_)
        table[[wardrobe.index(name) for name in names]] = True
        return np.asarray(table[self.labels])

    def replaced_by(self, label: str) -> Mask:
        """What is taken off for a garment of that class."""
        rows = np.arange(len(self.labels))[:, None]
        above = rows < self.body.waist
        if label == "outerwear":
            return self.where("outerwear")
        if label == "dress":
            gone = self.where("top", *_LOWER, "dress", "belt")
        elif label == "top":
            gone = self.where("top") | (self.where("dress") & above)
        else:
            gone = self.where(*_LOWER) | (self.where("dress") & ~above)
        if label in ("top", "dress") and self._coat_is_closed():
            gone |= self.where("outerwear")
        return np.asarray(gone)

    def in_front_of(self, label: str) -> Mask:
        """What lies before a garment of that class, but for skin: hair, bags, and what is worn over it."""
        names = ["hair", "hat", "eyewear", "bag", "scarf"]
        if label in ("top", "dress") and not self._coat_is_closed():
            names.append("outerwear")
        if label in _LOWER:
            names += ["top", "outerwear", "footwear"]
        if label == "dress":
            names.append("footwear")
        front = self.where(*names)
        if label in _LOWER:
            rows = np.arange(len(self.labels))[:, None]
            front |= self.where("dress") & (rows < self.body.waist)
        return front

    def skin_in_front(self) -> tuple[Mask, Mask]:
        """Skin above the collar, and skin of forearms and hands."""
        skin = self.where("skin")
        rows = np.arange(len(self.labels))[:, None]
        face = skin & (rows < self.body.neck[1] + 0.02 * self.body.unit)
        arms = np.zeros_like(skin)
        for arm in self.body.arms:
            elbow, wrist = arm.line[1:]
            tip = (
                wrist + (wrist - elbow) / max(float(np.hypot(*(wrist - elbow))), 1e-6) * 0.32 * self.body.unit
            )
            arms |= limb(self.labels.shape, np.stack([elbow, wrist, tip]), 1.7 * arm.half)
        return face, np.asarray(skin & arms & ~face)

    def forearms_in_front(self) -> Mask:
        """Sleeves of forearms that lie before the trunk."""
        before = np.zeros(self.labels.shape, np.bool_)
        for arm in self.body.arms:
            elbow, wrist = arm.line[1:]
            left, right = self.body.edges(float(wrist[1]))
            inside = float(left) + 0.1 * self.body.width < wrist[0] < float(right) - 0.1 * self.body.width
            if arm.seen and inside and wrist[1] < float(self.body.row(HIP)):
                before |= limb(self.labels.shape, np.stack([elbow, wrist]), 1.1 * arm.half)
        return np.asarray(before & self.where("top", "outerwear", "dress"))

    def soft(self, mask: Mask) -> Alpha:
        """The soft alpha of a mask, following the photo's edges; float32 (H, W) in 0..1."""
        whole = np.zeros(mask.shape, np.float32)
        x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
        if not width:
            return whole
        reach = round(4 * _CELL)
        window = (
            slice(max(0, y - reach), y + height + reach),
            slice(max(0, x - reach), x + width + reach),
        )
        part = mask[window].astype(np.float32)
        cell = max(_CELL, self.body.box[3] / 220)
        size = max(1, round(part.shape[1] / cell * 2)), max(1, round(part.shape[0] / cell * 2))
        coarse = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        whole[window] = refine_alpha(
            np.ascontiguousarray(self.pixels[window]), np.asarray(coarse, np.float32), cell=cell
        )
        return whole

    def _coat_is_closed(self) -> bool:
        """Whether so little of what is under a coat shows that changing it alone would change nothing."""
        rows = np.arange(len(self.labels))[:, None]
        trunk = (rows > self.body.neck[1]) & (rows < float(self.body.row(HIP)))
        coat = np.count_nonzero(self.where("outerwear") & trunk)
        under = np.count_nonzero(self.where("top", "dress") & trunk)
        return bool(coat and under < _OPEN * coat)


def limb(shape: tuple[int, ...], line: npt.NDArray[np.float64], radius: float) -> Mask:
    """Where a polyline (n, 2) of that half thickness lies, bool of `shape`."""
    drawn = np.zeros(shape[:2], np.uint8)
    points = np.rint(line * 8).astype(np.int32)
    cv2.polylines(drawn, [points], False, 1, max(1, round(2 * radius)), cv2.LINE_8, 3)
    return drawn > 0
