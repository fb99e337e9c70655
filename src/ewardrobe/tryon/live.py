"""A garment laid over a moving person: landmarks smoothed over time, the garment's parts made ready once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.taxonomy import load
from ewardrobe.tryon.body import find_body, person_labels
from ewardrobe.tryon.fitting import Image, part_image
from ewardrobe.tryon.outlines import Floats
from ewardrobe.tryon.pieces import GarmentPiece
from ewardrobe.tryon.placing import Patch, place
from ewardrobe.tryon.warping import warp

__all__ = ["LiveFitter", "OneEuroFilter"]

_WORKING = 320  # the longer side of the reduced label map that landmarks are read from
_FORGET = 0.7  # seconds without a person, after which the next one is found afresh
_READY = 400  # the longer side of the garment's pixels: a live picture shows no more


class OneEuroFilter:
    """Smooths points that are seen again and again: firmly at rest, lightly in motion (Casiez, Roussel, Vogel 2012).

    `cutoff` (hertz) is the filter's at rest; `beta` how much it opens per unit of speed, which is in widths of the
    `scale` per second.
    """

    def __init__(self, cutoff: float = 0.7, beta: float = 4.0, derivative_cutoff: float = 1.0) -> None:
        self._cutoff, self._beta, self._derivative = cutoff, beta, derivative_cutoff
        self._values: Floats | None = None
        self._speeds: Floats | None = None

    def reset(self) -> None:
        """Forget what was seen."""
        self._values = self._speeds = None

    def __call__(self, values: Floats, seconds: float, scale: float) -> Floats:
        """The smoothed `values` (n, 2), seen `seconds` after the last ones; `scale` is the size of what moves."""
        if self._values is None or self._speeds is None or self._values.shape != values.shape or seconds <= 0:
            self._values, self._speeds = values.copy(), np.zeros_like(values)
            return values
        speeds = (values - self._values) / seconds
        self._speeds = self._speeds + _share(self._derivative, seconds) * (speeds - self._speeds)
        # Landmarks of one body move together: the median tells its motion from the noise of each.
        common = np.abs(np.median(self._speeds, axis=0)) / max(scale, 1e-6)
        share = np.array([_share(self._cutoff + self._beta * float(speed), seconds) for speed in common])
        self._values = self._values + share * (values - self._values)
        return self._values


def _share(cutoff: float, seconds: float) -> float:
    return 1 / (1 + 1 / (2 * math.pi * cutoff * seconds))


@dataclass(frozen=True)
class _Part:
    image: Image
    source: Floats
    arm: int | None


class LiveFitter:
    """One garment over the person in a stream of label maps.

    Examples:
        >>> fitter = LiveFitter(piece)  # doctest: +SKIP
        >>> fitter.draw(frame, segmentation.label_map, seconds=0.04)  # doctest: +SKIP
    """

    def __init__(self, piece: GarmentPiece) -> None:
        """Measure the garment; UsageError when it cannot be fitted."""
        self.piece = _reduced(piece)
        self._shape = self.piece.shape
        self._place = OneEuroFilter()
        self._shape_filter = OneEuroFilter(cutoff=0.4, beta=0.3)
        self._parts: list[_Part] = []
        self._lost = 0.0
        self.landmarks: Floats | None = None
        """The garment's landmarks in the last frame, float (n, 2) in its pixels; None without a person."""

    def overlay(self, label_map: npt.NDArray[np.uint8], seconds: float) -> npt.NDArray[np.uint8] | None:
        """The garment as it lies over the frame, uint8 RGBA (H, W, 4); None when nobody is in it.

        `label_map` is uint8 (H, W) in the taxonomy `wardrobe`, `seconds` the time since the last frame.
        """
        drawn = self._drawn(label_map, seconds)
        if drawn is None:
            return None
        canvas, window = drawn
        share = np.maximum(canvas[..., 3:], np.float32(1e-3))
        whole = np.zeros((*label_map.shape, 4), np.uint8)
        whole[window] = np.dstack([np.clip(canvas[..., :3] / share, 0, 255), canvas[..., 3] * 255]).astype(
            np.uint8
        )
        return whole

    def draw(
        self, frame: npt.NDArray[np.uint8], label_map: npt.NDArray[np.uint8], seconds: float
    ) -> npt.NDArray[np.uint8]:
        """The frame, uint8 (H, W, 3) sRGB, with the garment over it; the frame itself when nobody is in it."""
        drawn = self._drawn(label_map, seconds)
        if drawn is None:
            return frame
        part, window = drawn
        made = frame.copy()
        made[window] = np.clip(frame[window] * (1 - part[..., 3:]) + part[..., :3], 0, 255).astype(np.uint8)
        return made

    def _drawn(
        self, label_map: npt.NDArray[np.uint8], seconds: float
    ) -> tuple[Image, tuple[slice, slice]] | None:
        height, width = label_map.shape
        scale = min(1.0, _WORKING / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = np.asarray(cv2.resize(label_map, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        labels, _ = person_labels(small)
        body = find_body(labels)
        if body is None:
            self.landmarks = None
            self._lost += seconds
            if self._lost > _FORGET:
                self._place.reset()
                self._shape_filter.reset()
            return None
        self._lost = 0.0
        patches = place(self._shape, body, self.piece.label)
        ratio = np.array([width / size[0], height / size[1]])
        anchor = body.neck * ratio
        targets = self._steadied(
            [patch.target * ratio for patch in patches], anchor, seconds, body.width * ratio[0]
        )
        self._make_ready(patches, targets)
        margin = 0.12 * body.width * float(ratio[0])
        window = _window(targets, margin, (height, width))
        size_there = window[0].stop - window[0].start, window[1].stop - window[1].start
        canvas = np.zeros((*size_there, 4), np.float32)
        if not canvas.size:
            return canvas, window
        skin, front = (mask[window] for mask in self._hidden(labels, (width, height)))
        origin = np.array([window[1].start, window[0].start])
        for part, target in zip(self._parts, targets, strict=True):
            made = warp(part.image, part.source, target - origin, size_there, margin)
            if made is None:
                continue
            place_there, pixels = made
            hidden = front[place_there] if part.arm is not None else np.maximum(front, skin)[place_there]
            pixels *= (1 - hidden)[..., None]
            canvas[place_there] = canvas[place_there] * (1 - pixels[..., 3:]) + pixels
        return canvas, window

    def _steadied(self, targets: list[Floats], anchor: Floats, seconds: float, scale: float) -> list[Floats]:
        """The targets smoothed: where the neck is at once, where they lie about it slowly, as bodies do not change."""
        points = np.concatenate(targets)
        steady = self._place(anchor[None], seconds, float(scale))
        steady = steady + self._shape_filter(points - anchor, seconds, float(scale))
        self.landmarks = steady
        ends = np.cumsum([len(target) for target in targets])[:-1]
        return list(np.split(steady, ends))

    def _make_ready(self, patches: list[Patch], targets: list[Floats]) -> None:
        if self._parts:
            return
        for patch, target in zip(patches, targets, strict=True):
            image, source = part_image(self.piece, Patch(patch.mask, patch.source, target, patch.arm))
            self._parts.append(_Part(image, source, patch.arm))

    def _hidden(self, labels: npt.NDArray[np.uint8], size: tuple[int, int]) -> tuple[Image, Image]:
        """What lies before the trunk alone, and before all of the garment, float32 (H, W) in 0..1."""
        wardrobe = load("wardrobe")
        before = ["hair", "hat", "eyewear", "bag", "scarf"]
        if self.piece.label in ("pants", "shorts", "skirt"):
            before += ["top", "outerwear", "footwear"]
        masks = []
        for names in (["skin"], before):
            wanted = np.zeros(256, np.float32)
            wanted[[wardrobe.index(name) for name in names]] = 1
            mask = wanted[labels]
            masks.append(
                cv2.resize(cv2.GaussianBlur(mask, (0, 0), 0.7), size, interpolation=cv2.INTER_LINEAR)
            )
        return np.asarray(masks[0], np.float32), np.asarray(masks[1], np.float32)


def _window(targets: list[Floats], margin: float, size: tuple[int, int]) -> tuple[slice, slice]:
    """Where points may be drawn on a canvas of `size` (height, width); empty when all lie off it."""
    points = np.concatenate(targets)
    low, high = np.floor(points.min(axis=0) - margin), np.ceil(points.max(axis=0) + margin)
    left, top = (int(np.clip(low[axis], 0, size[1 - axis])) for axis in (0, 1))
    right, bottom = (int(np.clip(high[axis], start, size[1 - axis])) for axis, start in ((0, left), (1, top)))
    return slice(top, bottom), slice(left, right)


def _reduced(piece: GarmentPiece) -> GarmentPiece:
    """The garment at a size that a live picture can show."""
    pixels, alpha = piece.whole
    scale = _READY / max(alpha.shape)
    if scale >= 1 or piece.worn is not None:
        return piece
    size = max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale))
    share = alpha[..., None].astype(np.float32) / 255
    soft = np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_AREA), np.float32)
    colours = cv2.resize(pixels * share, size, interpolation=cv2.INTER_AREA) / np.maximum(
        soft[..., None], 1e-3
    )
    return replace(
        piece,
        pixels=np.clip(np.rint(colours), 0, 255).astype(np.uint8),
        alpha=np.rint(soft * 255).astype(np.uint8),
        hidden=None,
    )
