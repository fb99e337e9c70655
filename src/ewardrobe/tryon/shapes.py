"""A garment's own landmarks, from the mask of its cut-out and its class; the parts it is bent in."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import UsageError
from ewardrobe.tryon.outlines import Floats, Mask, at_rows, runs, side_point, smoothed
from ewardrobe.tryon.sleeves import Sleeve, cut_sleeve, find_armpits

__all__ = ["FITTED", "LowerShape", "SkirtShape", "UpperShape", "measure"]

FITTED = ("top", "outerwear", "dress", "pants", "shorts", "skirt")
"""The classes that can be fitted."""

_LONG_SIDE = 256
TRUNK_SHARES = np.array([0.0, 0.3, 0.6, 0.85, 1.0])
"""The places between armpits and hem at which the outline is matched."""
LEG_SHARES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])


@dataclass(frozen=True)
class UpperShape:
    """A top, a coat or a dress, in pixels of its cut-out; left and right are those of the picture.

    Attributes:
        trunk: bool (h, w), all but the sleeves.
        collar, shoulders, armpits: (2, 2), left and right.
        rows: those of the outline, from the armpits to the hem. edges: (2, n) left and right there.
        width: that of the shoulders it is made for.
    """

    trunk: Mask
    collar: Floats
    shoulders: Floats
    armpits: Floats
    rows: Floats
    edges: Floats
    sleeves: tuple[Sleeve | None, Sleeve | None]
    width: float

    @property
    def length(self) -> float:
        """From the shoulders to the hem."""
        return float(self.rows[-1] - self.shoulders[:, 1].mean())


@dataclass(frozen=True)
class LowerShape:
    """Trousers or shorts: the halves' masks, and for each half outer and inner edge (2, n, 2) from waist to hem.

    The first two rows are the waist and the crotch; the others are `LEG_SHARES` of the legs.
    """

    halves: tuple[Mask, Mask]
    edges: tuple[Floats, Floats]
    waist_width: float
    length: float


@dataclass(frozen=True)
class SkirtShape:
    """A skirt: rows from waist to hem, and the left and right edges there (2, n)."""

    mask: Mask
    rows: Floats
    edges: Floats


Shape = UpperShape | LowerShape | SkirtShape


def measure(alpha: npt.NDArray[np.uint8], label: str) -> Shape:
    """The landmarks of a cut-out of that class of `wardrobe`; `alpha` is uint8 (h, w).

    UsageError for a class that cannot be fitted, or when hardly anything is covered.
    """
    if label not in FITTED:
        raise UsageError(f"a garment of the class {label} cannot be tried on; there are: {', '.join(FITTED)}")
    scale = min(1.0, _LONG_SIDE / max(alpha.shape))
    size = max(4, round(alpha.shape[1] * scale)), max(4, round(alpha.shape[0] * scale))
    small = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)) > 127
    small = _main_pieces(small)
    if np.count_nonzero(small) < 200:
        raise UsageError("the garment's cut-out is empty or too small to be tried on")
    back = np.array([alpha.shape[1] / size[0], alpha.shape[0] / size[1]])
    if label in ("pants", "shorts"):
        return _lower(small, back, alpha.shape)
    if label == "skirt":
        return _skirt(small, back, alpha.shape)
    return _upper(small, back, alpha.shape, label)


def _main_pieces(mask: Mask) -> Mask:
    count, marked, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    if count < 2:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.flatnonzero(areas >= 0.06 * areas.max()) + 1
    return np.isin(marked, kept)


def _whole(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A reduced mask at the cut-out's size."""
    large = cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large > 0.5)


def _axis(mask: Mask) -> Floats:
    """The garment's middle at each row: a straight line, nearly upright."""
    rows = np.flatnonzero(mask.any(axis=1))
    top, bottom = rows[0], rows[-1]
    usual = np.full(mask.shape[0], float(np.nonzero(mask)[1].mean()))
    span = np.arange(round(top + 0.3 * (bottom - top)), round(top + 0.9 * (bottom - top)) + 1)
    middles = []
    for row in span:
        columns = np.flatnonzero(mask[row])
        middles.append((columns[0] + columns[-1]) / 2 if columns.size else usual[0])
    slope = float(np.clip(np.polyfit(span, middles, 1)[0], -0.15, 0.15)) if span.size > 4 else 0.0
    centre = span.mean()
    return np.asarray(np.median(middles) + slope * (np.arange(mask.shape[0]) - centre))


def _closed_front(mask: Mask, axis: Floats) -> Mask:
    """The mask with each row's gap around the axis filled, where cloth is on both sides: an open coat is one thing."""
    left, right = runs(~mask, axis)
    columns = np.arange(mask.shape[1])
    bounded = (left > 0) & (right < mask.shape[1])
    with np.errstate(invalid="ignore"):
        gap = (columns >= left[:, None]) & (columns < right[:, None]) & bounded[:, None]
    return np.asarray(mask | gap)


def _upper(mask: Mask, back: Floats, shape: tuple[int, ...], label: str) -> UpperShape:
    axis = _axis(mask)
    body = smoothed(_closed_front(mask, axis), 1)
    body = body if body.any() else mask
    rows = np.flatnonzero(body.any(axis=1))
    top, height = float(rows[0]), float(rows[-1] - rows[0] + 1)
    found = find_armpits(body, axis, top, height, pressed=label != "dress")
    if found is not None:
        armpits = np.stack(found)
        chest, middle = float(np.ptp(armpits[:, 0])), float(armpits[:, 0].mean())
        shoulders = np.stack([_top_at(body, middle + side * 0.45 * chest) for side in (-1, 1)])
    else:
        shoulders, armpits = _plain_shoulders(body, axis, top, height, 0.2 if label == "dress" else 0.27)
        chest = float(armpits[1, 0] - armpits[0, 0])
        middle = float(armpits[:, 0].mean())
    sleeves: list[tuple[Mask, Floats, float, Floats] | None] = []
    trunk = mask.copy()
    for side in (0, 1):
        cut = None
        if found is not None:
            cut = cut_sleeve(body, shoulders[side], armpits[side], -1 if side == 0 else 1, chest)
        sleeves.append(cut)
        if cut is not None:
            trunk &= ~cut[0]
    outline = smoothed(_closed_front(trunk, axis), 1.5)
    first = float(armpits[:, 1].mean())
    columns = np.arange(mask.shape[1])
    near = np.abs(columns - middle) < 0.32 * chest
    ends = np.array([np.flatnonzero(outline[:, column]).max(initial=-1) for column in columns[near]])
    last = float(np.median(ends[ends >= 0])) if (ends >= 0).any() else top + height - 1
    last = max(last, first + 0.15 * chest)
    levels = first + TRUNK_SHARES * (last - 1 - first)
    left, right = _edges(outline, axis, levels, armpits)
    width = _made_for(sleeves, shoulders, armpits, body, chest)
    kept = tuple(
        None
        if cut is None
        else Sleeve(_whole(cut[0] & mask, shape), cut[1] * back, cut[2] * back[0], cut[3] * back[0])
        for cut in sleeves
    )
    return UpperShape(
        trunk=_whole(trunk, shape),
        collar=_collar(body, middle, chest, shoulders) * back,
        shoulders=shoulders * back,
        armpits=armpits * back,
        rows=levels * back[1],
        edges=np.stack([left, right]) * back[0],
        sleeves=(kept[0], kept[1]),
        width=width * back[0],
    )


def _top_at(body: Mask, x: float) -> Floats:
    column = int(np.clip(round(x), 0, body.shape[1] - 1))
    rows = np.flatnonzero(body[:, column])
    return np.array([x, float(rows[0]) if rows.size else float(np.flatnonzero(body.any(axis=1))[0])])


def _plain_shoulders(
    body: Mask, axis: Floats, top: float, height: float, chest_share: float
) -> tuple[Floats, Floats]:
    """Shoulders and the sides below them of a garment whose sleeves, if any, cannot be told from its trunk."""
    upper = body.copy()
    upper[round(top + 0.45 * height) :] = False
    points = [side_point(upper, side, 0.85) for side in (-1, 1)]
    shoulders = np.stack([point if point is not None else np.array([axis[0], top]) for point in points])
    across = float(shoulders[1, 0] - shoulders[0, 0])
    row = min(float(shoulders[:, 1].mean()) + 0.34 * across, top + 0.6 * height)
    row = max(row, top + chest_share * height)  # straps are narrower than the shoulders they hang on
    left, right = runs(body, axis)
    ends = np.array([at_rows(left, row)[0], at_rows(right, row)[0]])
    ends = np.where(np.isfinite(ends), ends, shoulders[:, 0])
    return shoulders, np.column_stack([ends, [row, row]])


def _edges(outline: Mask, axis: Floats, levels: Floats, armpits: Floats) -> tuple[Floats, Floats]:
    left, right = runs(outline, axis)
    found = []
    for values, armpit in ((left, armpits[0, 0]), (right, armpits[1, 0])):
        at = at_rows(values, levels)
        at[0] = armpit
        for place in range(1, len(at)):  # where nothing is seen, straight on
            if not np.isfinite(at[place]):
                at[place] = at[place - 1]
        found.append(at)
    return found[0], found[1]


def _collar(body: Mask, middle: float, chest: float, shoulders: Floats) -> Floats:
    """The highest points at either side of the neck."""
    found = []
    for side in (0, 1):
        sign = -1 if side == 0 else 1
        columns = np.rint(middle + sign * np.linspace(0.06, 0.36, 12) * chest)
        points = np.stack([_top_at(body, column) for column in columns])
        # Of equally high ones the outer: a straight edge belongs to the shoulder.
        score = points[:, 1] - 0.12 * sign * (points[:, 0] - middle)
        found.append(points[int(np.argmin(score))])
    return np.stack(found)


def _made_for(
    sleeves: list[tuple[Mask, Floats, float, Floats] | None],
    shoulders: Floats,
    armpits: Floats,
    body: Mask,
    chest: float,
) -> float:
    """How broad the shoulders are that the garment is made for."""
    hanging = []
    for cut, shoulder in zip(sleeves, shoulders, strict=True):
        if cut is not None:
            end = cut[1][:, -1].mean(axis=0)
            drop = end - (shoulder + cut[1][1, 0]) / 2
            hanging.append(drop[1] > 1.6 * abs(drop[0]))
    if not hanging:
        across = float(shoulders[1, 0] - shoulders[0, 0])
        return max(across, 0.95 * chest)
    if not all(hanging):
        return 0.92 * chest
    upper = body.copy()
    upper[round(armpits[:, 1].mean()) + 1 :] = False
    points = [side_point(upper, side, 0.85) for side in (-1, 1)]
    if points[0] is None or points[1] is None:
        return 0.92 * chest
    return float(np.clip(points[1][0] - points[0][0], 0.92 * chest, 1.35 * chest))


def _skirt(mask: Mask, back: Floats, shape: tuple[int, ...]) -> SkirtShape:
    axis = _axis(mask)
    body = smoothed(_closed_front(mask, axis), 1.5)
    rows = np.flatnonzero(body.any(axis=1))
    levels = rows[0] + 1 + np.array([0.02, 0.2, 0.45, 0.7, 0.9, 1.0]) * (rows[-1] - rows[0] - 3)
    left, right = (at_rows(ends, levels) for ends in runs(body, axis))
    middle = np.interp(levels, np.arange(len(axis)), axis)
    left, right = (
        np.where(np.isfinite(left), left, middle - 2),
        np.where(np.isfinite(right), right, middle + 2),
    )
    return SkirtShape(_whole(mask, shape), levels * back[1], np.stack([left, right]) * back[0])


def _lower(mask: Mask, back: Floats, shape: tuple[int, ...]) -> LowerShape:
    axis = _axis(mask)
    rows = np.flatnonzero(mask.any(axis=1))
    top, bottom = float(rows[0]), float(rows[-1])
    height = bottom - top
    crotch = top + 0.34 * height
    waist_row = top + 0.03 * height
    for row in range(round(top + 0.15 * height), round(top + 0.8 * height)):
        columns = np.flatnonzero(mask[row])
        if columns.size < 4:
            continue
        gaps = np.flatnonzero(~mask[row, columns[0] : columns[-1] + 1]) + columns[0]
        if (np.abs(gaps - axis[row]) < 0.2 * (columns[-1] - columns[0])).sum() >= 2:
            crotch = float(row)
            break
    levels = np.concatenate([[waist_row, crotch - 1], crotch + 2 + LEG_SHARES[1:] * (bottom - crotch - 4)])
    columns = np.arange(mask.shape[1])
    parting = _parting(mask, axis, crotch)
    halves, edges = [], []
    for side in (0, 1):
        half = mask & ((columns < parting[:, None]) if side == 0 else (columns >= parting[:, None]))
        outer: list[float] = []
        inner: list[float] = []
        for row in levels:
            filled = np.flatnonzero(half[int(np.clip(round(row), 0, len(mask) - 1))])
            if not filled.size:
                outer.append(outer[-1] if outer else axis[int(row)] + (-3 if side == 0 else 3))
                inner.append(inner[-1] if inner else float(axis[int(row)]))
                continue
            ends = float(filled[0]), float(filled[-1] + 1)
            outer.append(ends[side])
            inner.append(ends[1 - side])
        inner[0], inner[1] = parting[int(levels[0])], parting[int(levels[1])]
        edges.append(np.stack([np.column_stack([outer, levels]), np.column_stack([inner, levels])]) * back)
        halves.append(_whole(half, shape))
    across = mask[int(top) : int(top + 0.2 * (crotch - top)) + 3].sum(axis=1)
    waist = float(np.percentile(across, 70))
    return LowerShape((halves[0], halves[1]), (edges[0], edges[1]), waist * back[0], height * back[1])


def _parting(mask: Mask, axis: Floats, crotch: float) -> Floats:
    """The column between the halves at each row: the axis, and below the crotch the gap's middle."""
    parting = axis.copy()
    for row in range(int(crotch), mask.shape[0]):
        columns = np.flatnonzero(mask[row])
        previous = parting[row - 1] if row else axis[row]
        parting[row] = previous
        if columns.size < 2:
            continue
        steps = np.flatnonzero(np.diff(columns) > 1)
        if steps.size:
            middles = (columns[steps] + columns[steps + 1] + 1) / 2
            nearest = middles[np.argmin(np.abs(middles - previous))]
            if abs(nearest - previous) < 0.15 * mask.shape[1]:
                parting[row] = nearest
    return np.asarray(cv2.blur(parting[:, None], (1, 5))[:, 0])
