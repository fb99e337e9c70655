"""What the cloth looks like up close: numbers for edges, bands, repeats and spots, all within the mask.

Folds and shading move lightness smoothly and hardly move chroma; a pattern has edges, repeats, or colours of its own.
So every measure is taken in bands of scale, lightness apart from chroma, and against a masked blur of the same photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .colours import colour_map

__all__ = ["FEATURE_NAMES", "texture_features"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_SIZE = 256
_CHROMA_TWICE = np.array([1.0, 2.0, 2.0], np.float32)
_LEVELS = 5
_ORIENTED_LEVELS = 4
_ANGLES = 8
_WINDOW = 64
_GRID = 5
_EDGE = 0.10
_MINOR_LEAST = 6


@dataclass(frozen=True)
class _Level:
    """One scale: image (H, W, 3) as L, a, b over 100; its masked blur; where both are of the garment alone."""

    image: Floats
    blur: Floats
    core: Mask


def texture_features(pixels: Pixels, mask: Mask) -> Floats:
    """The measures of one garment, float32 (F,), in the order of `FEATURE_NAMES`; zeros for an empty mask.

    Args:
        pixels: uint8 (H, W, 3) sRGB, the photo or a crop of it.
        mask: bool (H, W), the garment in it.
    """
    if not mask.any():
        return np.zeros(len(FEATURE_NAMES), np.float32)
    crop, inside = _crop(pixels, mask)
    levels = _pyramid(crop, inside)
    return np.array([value for _, value in _measures(crop, inside, levels)], np.float32)


def _measures(crop: Pixels, inside: Mask, levels: list[_Level]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for number, level in enumerate(levels):
        found += [(f"band{number}.{name}", value) for name, value in _band(level)]
    for number, level in enumerate(levels[:_ORIENTED_LEVELS]):
        found += [(f"lines{number}.{name}", value) for name, value in _lines(level)]
    for number in (0, 1):
        found += [(f"repeat{number}.{name}", value) for name, value in _repeats(levels[number])]
        found += [(f"strips{number}.{name}", value) for name, value in _strips(levels[number + 1])]
        found += [(f"edges{number}.{name}", value) for name, value in _edges(levels[number])]
    return found + [(f"spots.{name}", value) for name, value in _spots(crop, inside)]


def _crop(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    crop, inside = pixels[box], mask[box]
    scale = _SIZE / max(inside.shape)
    if scale < 1:
        size = (max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale)))
        crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
        inside = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return np.ascontiguousarray(crop), inside


def _pyramid(crop: Pixels, inside: Mask) -> list[_Level]:
    """Scales, each half the one before; premultiplied by the mask, so that nothing outside leaks in."""
    lab = cv2.cvtColor(crop.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB) / np.float32(100.0)
    weight = inside.astype(np.float32)
    stack = np.dstack([lab * weight[..., None], weight])
    levels = []
    for number in range(_LEVELS):
        if number and min(stack.shape[:2]) >= 4:
            stack = np.asarray(cv2.pyrDown(stack), np.float32)
        blurred = cv2.GaussianBlur(stack, (9, 9), 1.6, borderType=cv2.BORDER_CONSTANT).astype(np.float32)
        covered = stack[..., 3]
        sharp = stack[..., :3] / np.maximum(covered, 1e-3)[..., None]
        blur = np.asarray(blurred[..., :3] / np.maximum(blurred[..., 3], 1e-3)[..., None], np.float32)
        image = np.asarray(np.where(covered[..., None] > 0.5, sharp, blur), np.float32)
        core = covered > 0.97
        inner = cv2.erode(core.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
        levels.append(_Level(image, blur, inner if inner.sum() >= 12 else covered > 0.5))
    return levels


def _band(level: _Level) -> list[tuple[str, float]]:
    detail = (level.image - level.blur)[level.core]
    if len(detail) == 0:
        return [(name, 0.0) for name in ("light", "chroma", "peaky", "tail")]
    light = np.abs(detail[:, 0])
    chroma = np.hypot(detail[:, 1], detail[:, 2])
    spread = float(np.sqrt(np.square(light).mean()))
    return [
        ("light", _log(spread)),
        ("chroma", _log(float(np.sqrt(np.square(chroma).mean())))),
        ("peaky", float(light.mean() / max(spread, 1e-4))),
        ("tail", _log(float(np.percentile(light + chroma, 97)))),
    ]


def _gradients(level: _Level) -> tuple[Floats, Floats, Floats]:
    """The structure tensor (Jxx, Jyy, Jxy) over lightness and doubled chroma, zero outside the core."""
    image = level.image * _CHROMA_TWICE
    dx, dy = (
        np.asarray(cv2.Sobel(image, cv2.CV_32F, *step, scale=0.125), np.float32) for step in ((1, 0), (0, 1))
    )
    core = level.core.astype(np.float32)
    return _dot(dx, dx) * core, _dot(dy, dy) * core, _dot(dx, dy) * core


def _lines(level: _Level) -> list[tuple[str, float]]:
    """Directions of the edges: one for stripes, two at right angles for checks, all for spots and prints."""
    xx, yy, xy = _gradients(level)
    strength = np.sqrt(np.minimum(xx + yy, 0.04))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    bins = ((angle / np.pi + 0.5) * _ANGLES).astype(np.intp) % _ANGLES
    sums = np.bincount(bins.ravel(), strength.ravel(), minlength=_ANGLES)
    total = float(sums.sum())
    parts = sums / max(total, 1e-6)
    turned = np.roll(parts, -int(parts.argmax()))
    blur = [cv2.boxFilter(part, -1, (9, 9)) for part in (xx, yy, xy)]
    energy = blur[0] + blur[1]
    local = np.hypot(blur[0] - blur[1], 2 * blur[2])
    folded = [turned[0], turned[1] + turned[7], turned[2] + turned[6], turned[3] + turned[5], turned[4]]
    return [
        ("strength", _log(total / max(1, int(level.core.sum())))),
        *((f"turn{number}", float(part)) for number, part in enumerate(folded)),
        ("upright", float(parts[3] + parts[4])),
        ("level", float(parts[0] + parts[7])),
        ("ordered", float(local.sum() / max(float(energy.sum()), 1e-9))),
        ("coherent", float(np.hypot((xx - yy).sum(), 2 * xy.sum()) / max(float((xx + yy).sum()), 1e-9))),
    ]


def _windows(core: Mask, size: int) -> list[tuple[int, int]]:
    """Up to six places (y, x) where a window lies almost wholly on the garment, spread out."""
    if min(core.shape) < size:
        return []
    covered = cv2.boxFilter(
        core.astype(np.float32), -1, (size, size), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    covered = covered[: core.shape[0] - size + 1, : core.shape[1] - size + 1].copy()
    places: list[tuple[int, int]] = []
    while len(places) < 6:
        y, x = np.unravel_index(int(covered.argmax()), covered.shape)
        if covered[y, x] < 0.9:
            break
        places.append((int(y), int(x)))
        near = size // 2
        covered[max(0, y - near) : y + near, max(0, x - near) : x + near] = 0
    return places


def _repeats(level: _Level) -> list[tuple[str, float]]:
    """Peaks of the mean power spectrum: what repeats, how often, and whether in two directions."""
    size = _WINDOW if min(level.core.shape) >= _WINDOW else _WINDOW // 2
    names = ("peak", "second", "square", "frequency", "spread")
    places = _windows(level.core, size)
    if not places:
        return [(name, 0.0) for name in names]
    taper = np.outer(np.hanning(size), np.hanning(size)).astype(np.float32)
    power = np.zeros((size, size), np.float64)
    for y, x in places:
        patch = level.image[y : y + size, x : x + size]
        flat = patch - cv2.GaussianBlur(patch, (0, 0), size / 10)
        spectrum = np.fft.fft2(flat * taper[..., None], axes=(0, 1))
        power += np.square(np.abs(spectrum)) @ np.array([1.0, 3.0, 3.0])
    smooth = np.asarray(cv2.GaussianBlur(np.fft.fftshift(power), (3, 3), 0.8), np.float64)
    middle = size // 2
    half = smooth[:, middle:].copy()
    half[middle - 2 : middle + 3, :3] = 0
    half[:middle, 0] = 0
    total = float(half.sum()) + 1e-9
    y, x = (int(place) for place in np.unravel_index(int(half.argmax()), half.shape))
    peak = float(half[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].sum()) / total
    first = np.array([y - middle, x], float)
    rows, columns = np.mgrid[-middle : size - middle, 0 : half.shape[1]]
    radius = np.hypot(rows, columns)
    along = np.abs(rows * first[0] + columns * first[1]) / np.maximum(radius * np.hypot(*first), 1e-6)
    other = np.where(along < 0.35, half, 0)
    v, u = np.unravel_index(int(other.argmax()), other.shape)
    second = float(other[max(0, v - 1) : v + 2, max(0, u - 1) : u + 2].sum()) / total
    parts = half[half > 0] / total
    return [
        ("peak", peak),
        ("second", second),
        ("square", second / max(peak, 1e-6)),
        ("frequency", float(np.hypot(*first) / size)),
        ("spread", float(-(parts * np.log(parts)).sum() / np.log(max(2, len(parts))))),
    ]


def _strips(level: _Level) -> list[tuple[str, float]]:
    """How much of the variation lies between the rows of narrow upright strips (level stripes), and the reverse."""
    detail = level.image * _CHROMA_TWICE
    weight = level.core.astype(np.float32)
    shares = []
    for values, core in ((detail, weight), (detail.transpose(1, 0, 2), weight.T)):
        between, total = 0.0, 1e-6
        for start in range(0, values.shape[1], 12):
            strip, inner = values[:, start : start + 12], core[:, start : start + 12]
            counts = inner.sum(axis=1)
            rows = counts >= 0.7 * strip.shape[1]
            if rows.sum() < 12:
                continue
            means = (strip * inner[..., None]).sum(axis=1)[rows] / counts[rows, None]
            smooth = cv2.blur(means, (1, 15), borderType=cv2.BORDER_REPLICATE)
            rest = strip[rows] - smooth[:, None]
            squares = (_dot(rest, rest) * inner[rows]).sum()
            between += float((np.square(means - smooth).sum(axis=1) * counts[rows]).sum())
            total += float(squares)
        shares.append(between / total)
    return [("level", shares[0]), ("upright", shares[1]), ("best", max(shares)), ("both", min(shares))]


def _cells(values: npt.NDArray[np.floating], core: Mask) -> npt.NDArray[np.float64]:
    """The mean of values over each cell of a grid that the garment covers by a third at least."""
    height, width = core.shape
    means = []
    for rows in np.array_split(np.arange(height), _GRID):
        for columns in np.array_split(np.arange(width), _GRID):
            if len(rows) == 0 or len(columns) == 0:
                continue
            part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            inner = core[part]
            if inner.mean() >= 0.33:
                means.append(float(values[part][inner].mean()))
    return np.array(means or [0.0])


def _edges(level: _Level) -> list[tuple[str, float]]:
    """How much of the cloth is edge, and how evenly."""
    kernel = np.ones((3, 3), np.uint8)
    steps = cv2.dilate(level.image, kernel) - cv2.erode(level.image, kernel)
    light = _cells((steps[..., 0] > _EDGE).astype(np.float32), level.core)
    hue = _cells((np.maximum(steps[..., 1], steps[..., 2]) > _EDGE).astype(np.float32), level.core)
    return [
        ("light", float(light.mean())),
        ("light_least", float(np.percentile(light, 20))),
        ("light_most", float(light.max())),
        ("light_uneven", float(light.std() / (light.mean() + 0.02))),
        ("hue", float(hue.mean())),
        ("hue_least", float(np.percentile(hue, 20))),
        ("hue_most", float(hue.max())),
    ]


def _spots(crop: Pixels, inside: Mask) -> list[tuple[str, float]]:
    """The patches of all colours but the largest: how many, how large, how round, how evenly spread."""
    half = (max(8, crop.shape[1] // 2), max(8, crop.shape[0] // 2))
    small = np.asarray(cv2.resize(crop, half, interpolation=cv2.INTER_AREA), np.uint8)
    mask = cv2.resize(inside.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST) > 0
    core = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    core = core if core.sum() >= 0.3 * mask.sum() else mask
    colours, points = colour_map(small, core)
    shares = np.bincount(colours[core], minlength=len(points)) / core.sum()
    order = np.argsort(-shares)
    ground = order[0]
    gaps = np.sqrt(np.square(points - points[ground]).sum(axis=1))
    found = [
        ("ground", float(shares[ground])),
        ("colours", float(1.0 / np.square(shares).sum())),
        ("contrast", float(shares @ gaps)),
        ("light_contrast", float(shares @ np.abs(points[:, 0] - points[ground, 0]))),
        ("hue_contrast", float(shares @ np.hypot(*(points[:, 1:] - points[ground, 1:]).T))),
        ("second_contrast", float(gaps[order[1]]) if len(order) > 1 else 0.0),
    ]
    marks = core & (colours != ground)
    changes = [np.diff(np.where(core, colours, -1), axis=axis) != 0 for axis in (0, 1)]
    down = float((changes[0] & core[1:] & core[:-1]).sum() / core.sum())
    across = float((changes[1] & core[:, 1:] & core[:, :-1]).sum() / core.sum())
    found += [("down", down), ("across", across), ("turned", (down - across) / (down + across + 0.02))]
    return found + _patches(marks, core)


def _patches(marks: Mask, core: Mask) -> list[tuple[str, float]]:
    count, _, boxes, centres = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    areas = boxes[1:, cv2.CC_STAT_AREA].astype(float)
    kept = areas >= _MINOR_LEAST
    cells = _cells(marks.astype(np.float32), core)
    spread = [
        ("cells", float((cells > 0.06).mean())),
        ("cells_uneven", float(cells.std())),
        ("cell_most", float(cells.max())),
    ]
    if count < 2 or not kept.any():
        names = ("count", "size", "largest", "alike", "round", "long", "offset", "reach")
        return spread + [(name, 0.0) for name in names]
    areas, boxes, centres = areas[kept], boxes[1:][kept], centres[1:][kept]
    wide, tall = boxes[:, cv2.CC_STAT_WIDTH].astype(float), boxes[:, cv2.CC_STAT_HEIGHT].astype(float)
    weight = areas / areas.sum()
    middle = np.array([value.mean() for value in np.nonzero(core)][::-1])
    scale = np.sqrt(core.sum())
    reach = np.sqrt((np.square(centres - weight @ centres).sum(axis=1) * weight).sum()) / scale
    return [
        *spread,
        ("count", float(np.log1p(len(areas)))),
        ("size", _log(float(np.median(areas) / core.sum()))),
        ("largest", float(areas.max() / core.sum())),
        ("alike", float(areas.std() / areas.mean())),
        ("round", float(np.median(areas / (wide * tall) * np.minimum(wide, tall) / np.maximum(wide, tall)))),
        ("long", float(weight @ (np.maximum(wide, tall) / np.minimum(wide, tall)).clip(max=12))),
        ("offset", float(np.hypot(*(weight @ centres - middle)) / scale)),
        ("reach", float(reach)),
    ]


def _dot(first: Floats, second: Floats) -> Floats:
    """The dot product over three channels, (H, W, 3) -> (H, W); numpy's own sum over so short an axis is slow."""
    return np.asarray(sum(first[..., n] * second[..., n] for n in range(3)), np.float32)


def _log(value: float) -> float:
    return float(np.log(max(value, 1e-4)))


def _names() -> tuple[str, ...]:
    crop, inside = np.zeros((16, 16, 3), np.uint8), np.ones((16, 16), bool)
    return tuple(name for name, _ in _measures(crop, inside, _pyramid(crop, inside)))


FEATURE_NAMES: tuple[str, ...] = _names()
"""The names of the measures, `part.measure`, in order."""
