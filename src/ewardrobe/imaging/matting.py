"""From a network's coarse score to a soft alpha that follows the photo's own edges.

The score is right about where a thing is, to within a cell or two of the network's output, and knows
nothing of the outline in between. In a narrow band around its 0.5 contour the alpha is therefore taken from
the photo: a guided filter (He, Sun, Tang, "Guided Image Filtering", 2013), which explains the score locally
as a linear function of the colour. Pixels count the more, the farther they are from the doubtful contour;
where colour explains little, the score itself is taken; and edges softer than the score's own cells are
steepened, since that is doubt and not fringe. The coefficients are computed on a reduced photo (He, Sun,
"Fast Guided Filter", 2015) and applied at full size, tile by tile, so that cost and memory follow the
score's size and the outline's length rather than the photo's area.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import MaskError

__all__ = ["refine_alpha"]

Floats = npt.NDArray[np.float32]

_BAND = 1.5
"""Half the band's width, in cells of the score (and one pixel more)."""
_WINDOW = 1.5
"""The guided filter's radius, in cells."""
_EPSILON = 1e-4
"""Its regulariser: the variance of colour (0..1) below which a window has no edge."""
_FLOOR = 0.02
"""The weight of a pixel on the contour itself, against 1 outside the band."""
_DEFAULT_CELL = 4.0
_LOW, _HIGH = 0.12, 0.88
"""The filter's output at which alpha is 0 and 1: it never quite reaches the ends of its range."""
_TRUST = (0.2, 0.6)
"""The share of the score's variance that colour explains, below which it is not followed, above which it is."""
_CRISP = 1.4
"""How many cells wide the edge is at most: wider ones come from doubt, not from fringes, and are steepened."""
_STEEPER = 4.0
"""By how much at most."""
_TILE = 256


@dataclass(frozen=True)
class _Model:
    """The alpha as a linear function of the colour, at reduced size: alpha = slope . rgb + offset.

    `terms` is float32 (h, w, 4), the slope for sRGB 0..255 and the offset; `distance` float32 (h, w), to
    the score's contour in photo pixels, positive inside; `band` is half the band's width in photo pixels.
    """

    terms: Floats
    distance: Floats
    band: float


def refine_alpha(pixels: npt.NDArray[np.uint8], soft: Floats, *, cell: float | None = None) -> Floats:
    """The soft alpha, float32 (H, W) in 0..1, of what `soft` scores in the photo.

    Args:
        pixels: the photo, uint8 (H, W, 3) sRGB.
        soft: the score, float (h, w) in 0..1, 0.5 on the outline; best as the network gave it, before it is
            enlarged (it is stretched over the whole photo, so padding must be off already).
        cell: photo pixels per independent cell of the score: what the outline may be wrong by, and how far
        the alpha may differ from it. Default: the ratio of the sizes, or 4 for a score of the photo's size.

    Farther than about 1.5 cells from the score's outline the alpha is exactly 0 or 1.

    Raises:
        MaskError: the shapes or values make no sense.
    """
    _check(pixels, soft)
    height, width = pixels.shape[:2]
    ratio = max(height / soft.shape[0], width / soft.shape[1])
    size = cell if cell is not None else ratio if ratio > 1.5 else _DEFAULT_CELL
    model = _fit(pixels, np.clip(soft, 0, 1).astype(np.float32), size)
    alpha = np.empty((height, width), np.float32)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            tile = pixels[top : top + _TILE, left : left + _TILE]
            alpha[top : top + _TILE, left : left + _TILE] = _apply(model, tile, top, left, (height, width))
    return alpha


def _check(pixels: npt.NDArray[np.uint8], soft: Floats) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise MaskError(f"a photo is uint8 (H, W, 3), not {pixels.dtype} {pixels.shape}")
    if soft.ndim != 2 or soft.size == 0 or not np.isfinite(soft).all():
        raise MaskError(f"a score is (h, w) of finite numbers in 0..1, not {soft.dtype} {soft.shape}")


def _fit(pixels: npt.NDArray[np.uint8], soft: Floats, cell: float) -> _Model:
    """The linear model of every place, on a photo reduced to two pixels per cell."""
    height, width = pixels.shape[:2]
    step = max(1.0, cell / 2)
    size = (max(1, round(width / step)), max(1, round(height / step)))
    guide = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    enlarging = size[0] > soft.shape[1] or size[1] > soft.shape[0]
    method = cv2.INTER_CUBIC if enlarging else cv2.INTER_AREA
    score = np.clip(cv2.resize(soft, size, interpolation=method), 0, 1).astype(np.float32)
    distance = _signed_distance(score > 0.5) * np.float32(step)
    band = _BAND * cell + 1
    weight = _FLOOR + _smoothstep(np.abs(distance), 0, band) ** 2
    slope, offset, explained = _guided_terms(guide, score, weight, max(1, round(_WINDOW * cell / step)))
    trust = _smoothstep(explained, *_TRUST)
    slope *= trust[..., None]
    offset += (score - offset) * (1 - trust)
    steepness = _steepness(
        cv2.transform(slope * guide, np.ones((1, 3), np.float32)) + offset, _CRISP * cell / step
    )
    slope *= steepness[..., None] / np.float32(255)
    offset = np.float32(0.5) + (offset - np.float32(0.5)) * steepness
    return _Model(np.dstack([slope, offset]), distance, band)


def _steepness(alpha: Floats, width: float) -> Floats:
    """What to multiply the slopes of `alpha` with, 1.._STEEPER, so that no edge is wider than `width` pixels."""
    across, along = (
        cv2.Sobel(alpha, cv2.CV_32F, 1, 0, scale=1 / 8),
        cv2.Sobel(alpha, cv2.CV_32F, 0, 1, scale=1 / 8),
    )
    slant = cv2.magnitude(across, along)
    return np.clip(1 / (slant * np.float32(width) + np.float32(1e-6)), 1, _STEEPER).astype(np.float32)


def _signed_distance(inside: npt.NDArray[np.bool_]) -> Floats:
    """Distance of each pixel's centre to the outline, in pixels, positive inside."""
    mask = inside.view(np.uint8)
    inner = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outer = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Both count from the other side's pixel centres, half a pixel beyond the outline. Without any pixel on the
    # other side OpenCV answers with huge values, which is right.
    return np.where(inside, inner - np.float32(0.5), np.float32(0.5) - outer).astype(np.float32)


def _smoothstep(value: Floats, low: float, high: float) -> Floats:
    step = np.clip((value - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    smooth: Floats = step * step * (np.float32(3) - np.float32(2) * step)
    return smooth


def _guided_terms(guide: Floats, score: Floats, weight: Floats, radius: int) -> tuple[Floats, Floats, Floats]:
    """The weighted guided filter with a colour guide (h, w, 3).

    Returns slope (h, w, 3), offset (h, w), and (h, w) the share 0..1 of the score's variance which they
    explain.
    """
    red, green, blue = (guide[..., channel] for channel in range(3))
    products = (
        *(red, green, blue, score),
        *(score * red, score * green, score * blue),
        *(red * red, red * green, red * blue, green * green, green * blue, blue * blue),
        score * score,
    )
    sums = _box(np.stack([weight, *(weight * value for value in products)], axis=-1), radius)
    total = sums[..., 0]
    means = np.moveaxis(sums[..., 1:] / total[..., None], -1, 0)
    mean, mean_score = means[:3], means[3]
    covariance = means[4:7] - mean * mean_score
    slope = _solve(
        means[7] - mean[0] * mean[0] + np.float32(_EPSILON),
        means[8] - mean[0] * mean[1],
        means[9] - mean[0] * mean[2],
        means[10] - mean[1] * mean[1] + np.float32(_EPSILON),
        means[11] - mean[1] * mean[2],
        means[12] - mean[2] * mean[2] + np.float32(_EPSILON),
        covariance,
    )
    offset = mean_score - (slope * mean).sum(axis=0)
    variance = means[13] - mean_score * mean_score
    explained = np.clip((slope * covariance).sum(axis=0) / (variance + np.float32(_EPSILON)), 0, 1)
    # A pixel takes the mean of the windows it lies in; those that saw more certain pixels count for more.
    spread = _box(np.stack([*(slope * total), offset * total, explained * total, total], axis=-1), radius)
    spread /= spread[..., 5:]
    return spread[..., :3], spread[..., 3], spread[..., 4]


def _box(values: Floats, radius: int) -> Floats:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)


def _solve(rr: Floats, rg: Floats, rb: Floats, gg: Floats, gb: Floats, bb: Floats, right: Floats) -> Floats:
    """`right` (3, h, w) divided by the symmetric 3 x 3 matrices, by their adjugates."""
    first, second, third = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    fourth, fifth, sixth = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = rr * first + rg * second + rb * third
    rows = (
        first * right[0] + second * right[1] + third * right[2],
        second * right[0] + fourth * right[1] + fifth * right[2],
        third * right[0] + fifth * right[1] + sixth * right[2],
    )
    solved: Floats = np.stack(rows) / determinant
    return solved


def _apply(model: _Model, tile: npt.NDArray[np.uint8], top: int, left: int, size: tuple[int, int]) -> Floats:
    """The alpha of one tile of the photo, whose first pixel is (`top`, `left`) of a photo of `size` (H, W)."""
    distance = _enlarge(model.distance, tile.shape[:2], top, left, size)
    inside = (distance > 0).astype(np.float32)
    away = np.abs(distance)
    if float(away.min()) >= model.band:
        return inside
    terms = _enlarge(model.terms, tile.shape[:2], top, left, size)
    raw = cv2.transform(terms[..., :3] * tile, np.ones((1, 3), np.float32)) + terms[..., 3]
    alpha = _smoothstep(raw, _LOW, _HIGH)
    hold = _smoothstep(away, 0.7 * model.band, model.band)
    return alpha + (inside - alpha) * hold


def _enlarge(values: Floats, shape: tuple[int, ...], top: int, left: int, size: tuple[int, int]) -> Floats:
    """The part of `values`, stretched bilinearly over a photo of `size`, that lies in one of its tiles."""
    scale_y, scale_x = values.shape[0] / size[0], values.shape[1] / size[1]
    where = np.array(
        [
            [scale_x, 0, (left + 0.5) * scale_x - 0.5],
            [0, scale_y, (top + 0.5) * scale_y - 0.5],
        ]
    )
    stretched = cv2.warpAffine(
        values,
        where,
        (shape[1], shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(stretched, np.float32)
