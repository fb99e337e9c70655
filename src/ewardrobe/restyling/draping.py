"""Where on the garment a pixel lies, as the cloth goes round the body, and stripes, checks and dots laid on that."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.restyling.changes import Pattern
from ewardrobe.restyling.mask import Region

__all__ = ["Drape", "drape", "lay"]

Plane = npt.NDArray[np.float32]

_SMOOTH = 0.12  # of the garment's size: how evenly centre line and width run
_WRAP = 0.85  # how far round the body the garment's edge is, of a quarter turn
_SAG = 0.05  # of the width: how far a hem hangs deeper before the body than at its sides
_FOLD = 0.12  # of the width, per lightness 0..1: how far a fold shifts what lies on it
_REPEATS = {"stripes": 9.0, "checks": 8.0, "dots": 9.0}  # across the garment's width


@dataclass(frozen=True, eq=False)
class Drape:
    """Places on the cloth, float32 (h, w) pixels: `across` from the centre line, and `down`; `width` the garment's."""

    across: Plane
    down: Plane
    width: float


def drape(region: Region, folds: Plane) -> Drape:
    """The cloth's coordinates of a region; `folds` is float32 (h, w), its smoothed lightness 0..1.

    The garment has a centre and a width in each row; smoothed, they say where on a cylinder of that width a pixel lies.
    Folds, seen as light and shade, shift it a little.
    """
    inside = region.alpha > 0
    centre, width = _rows(inside)
    weight = inside.astype(np.float32)
    sigma = max(1.0, _SMOOTH * region.extent)
    centre, width = _smooth(centre, weight, sigma), np.maximum(_smooth(width, weight, sigma), 2)
    rows, columns = np.indices(inside.shape, dtype=np.float32)
    usual = float(np.median(width[inside])) if inside.any() else 2.0
    turn = np.clip((columns - centre) / (width / 2), -1, 1)
    across = np.arcsin(_WRAP * turn) / np.float32(np.arcsin(_WRAP)) * (width / 2)
    # Where it is narrower there are fewer repeats, but not quite as many fewer: a waist draws them together.
    across = across * np.sqrt(usual / width)
    # Only the broad folds: every thread would fray the pattern's edges.
    relief = _smooth(folds, weight, max(1.0, 0.2 * sigma)) - _smooth(folds, weight, sigma)
    shift = relief * weight * np.float32(_FOLD * usual)
    down = rows + shift + _SAG * width * np.square(turn)
    return Drape(np.asarray(across + shift, np.float32), np.asarray(down, np.float32), usual)


def lay(pattern: Pattern, cloth: Drape, rng: np.random.Generator | None) -> Plane:
    """How much of each pixel is the pattern's figure, float32 (h, w) in 0..1, its edges a pixel soft.

    `rng` varies where the pattern begins and how wide it is; None: the usual.
    """
    start = np.zeros(2) if rng is None else rng.uniform(0, 1, 2)
    size = (
        cloth.width / _REPEATS[pattern.kind] * pattern.scale * (1 if rng is None else rng.uniform(0.8, 1.25))
    )
    period = max(4.0, float(size))
    across, down = cloth.across / period + start[0], cloth.down / period + start[1]
    if pattern.kind == "dots":
        return _dots(across, down, period)
    if pattern.kind == "checks":
        return np.asarray((_bands(across, period) + _bands(down, period)) / 2, np.float32)
    along = {"horizontal": down, "vertical": across, "diagonal": (across + down) / np.float32(np.sqrt(2))}
    return _bands(along[pattern.direction], period)


def _bands(place: Plane, period: float) -> Plane:
    """Bands of half the period; `place` counts periods."""
    distance = 0.25 - np.abs((place % 1) - 0.5)  # above 0 in a band, in periods
    return np.asarray(np.clip(0.5 + distance * period, 0, 1), np.float32)


def _dots(across: Plane, down: Plane, period: float) -> Plane:
    """Dots of 0.28 periods' radius in rows that are shifted by half a period against each other."""
    covered = np.zeros(across.shape, np.float32)
    for shift in (0.0, 0.5):
        x, y = (across + shift) % 1 - 0.5, (down / np.float32(np.sqrt(3)) + shift) % 1 - 0.5
        distance = 0.28 - np.hypot(x, y * np.float32(np.sqrt(3)))
        covered = np.maximum(covered, np.clip(0.5 + distance * period, 0, 1))
    return np.asarray(covered, np.float32)


def _rows(inside: npt.NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """By pixel, the centre and the width of the garment in its row; 0 in rows without any.

    Two legs, or a sleeve beside the body, are one row: with a centre each, lines would swirl where they part.
    """
    there = inside.any(axis=1)
    left = inside.argmax(axis=1)
    right = inside.shape[1] - inside[:, ::-1].argmax(axis=1)
    centre, width = np.where(there, (left + right - 1) / 2, 0), np.where(there, right - left, 0)
    across = np.ones((1, inside.shape[1]), np.float32)
    return (
        np.asarray(centre[:, None] * across, np.float32),
        np.asarray(width[:, None] * across, np.float32),
    )


def _smooth(plane: Plane, weight: Plane, sigma: float) -> Plane:
    """Blurred among the pixels of `weight`, on a smaller copy: what is so smooth needs no more."""
    scale = min(1.0, 4 / sigma)
    size = max(1, round(plane.shape[1] * scale)), max(1, round(plane.shape[0] * scale))
    small = cv2.resize(plane * weight, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    total = cv2.GaussianBlur(small, (0, 0), sigma * scale)
    mean = total / np.maximum(cv2.GaussianBlur(share, (0, 0), sigma * scale), np.float32(1e-4))
    return np.asarray(cv2.resize(mean, plane.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
