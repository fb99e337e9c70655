"""A garment's own landmarks, from the mask of its cut-out and its class; the parts it is bent in."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import UsageError
from ewardrobe.tryon.outlines import Floats, Mask, along, at_rows, outer_normals, runs, side_point, smoothed

__all__ = ["FITTED", "LowerShape", "SkirtShape", "Sleeve", "UpperShape", "measure"]

FITTED = ("top", "outerwear", "dress", "pants", "shorts", "skirt")
"""The classes that can be fitted."""

_LONG_SIDE = 256
TRUNK_SHARES = np.array([0.0, 0.3, 0.6, 0.85, 1.0])
"""The places between armpits and hem at which the outline is matched."""
SLEEVE_SHARES = np.array([0.0, 0.33, 0.67, 1.0])
LEG_SHARES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])


@dataclass(frozen=True)
class Sleeve:
    """A sleeve: its pixels, and its outer and inner edge (2, 4, 2) at `SLEEVE_SHARES` of its length."""

    mask: Mask
    edges: Floats
    length: float
    half: Floats


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
    found = [_armpit(body, side, axis, top, height) for side in (-1, 1)]
    centre = float(axis[round(top + 0.3 * height)])
    found = _mirrored(found, centre)
    if found[0] is None and label != "dress":
        found = _pressed_armpits(body, axis, top, height)
    if found[0] is not None and found[1] is not None:
        chest = float(found[1][0] - found[0][0])
        middle = (found[1][0] + found[0][0]) / 2
        shoulders = np.stack([_top_at(body, middle + side * 0.45 * chest) for side in (-1, 1)])
        armpits = np.stack([found[0], found[1]])
    else:
        shoulders, armpits = _plain_shoulders(body, axis, top, height, 0.2 if label == "dress" else 0.27)
        chest = float(armpits[1, 0] - armpits[0, 0])
        middle = float(armpits[:, 0].mean())
    sleeves: list[tuple[Mask, Floats, float, Floats] | None] = []
    trunk = mask.copy()
    for side in (0, 1):
        cut = None
        if found[side] is not None:
            cut = _sleeve(body, shoulders[side], armpits[side], -1 if side == 0 else 1, chest)
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


def _armpit(body: Mask, side: int, axis: Floats, top: float, height: float) -> Floats | None:
    """The notch between sleeve and trunk: the deepest dent of the outline on that side; None without a sleeve."""
    contours, _ = cv2.findContours(body.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=cv2.contourArea)
    hull = cv2.convexHull(contour, returnPoints=False)
    hull[::-1].sort(axis=0)
    try:
        defects = cv2.convexityDefects(contour, hull)
    except cv2.error:  # an outline that crosses itself
        return None
    across = float(np.ptp(contour.reshape(-1, 2)[:, 0])) + 1
    best: Floats | None = None
    deepest = 0.035 * max(across, height)
    for _, _, far, depth in [] if defects is None else defects.reshape(-1, 4):
        x, y = (float(value) for value in contour.reshape(-1, 2)[far])
        beyond = side * (x - axis[int(y)])
        if beyond < 0.08 * across or not top + 0.08 * height < y < top + 0.8 * height:
            continue
        if depth / 256 > deepest and _has_sleeve(body, side, x, y, top, height * across):
            deepest, best = depth / 256, np.array([x, y])
    return best


def _has_sleeve(body: Mask, side: int, x: float, y: float, top: float, area: float) -> bool:
    """Whether cloth hangs out beyond the notch: joined to what lies above it, and no mere strap."""
    columns = np.arange(body.shape[1])
    beyond = body & (side * (columns - x) > 1)
    marked = cv2.connectedComponentsWithStats(beyond.view(np.uint8), connectivity=4)
    above = np.unique(marked[1][: int(y)][beyond[: int(y)]])
    return bool(any(marked[2][number, cv2.CC_STAT_AREA] > 0.012 * area for number in above if number))


def _mirrored(found: list[Floats | None], centre: float) -> list[Floats | None]:
    """One notch alone stands for the other too; two that disagree are brought together."""
    left, right = found
    if left is None and right is not None and right[0] > centre:
        left = np.array([2 * centre - right[0], right[1]])
    elif right is None and left is not None and left[0] < centre:
        right = np.array([2 * centre - left[0], left[1]])
    return [left, right]


def _pressed_armpits(body: Mask, axis: Floats, top: float, height: float) -> list[Floats | None]:
    """Armpits of a garment whose long sleeves lie pressed to its sides: only their ends stand off the hem."""
    left, right = runs(body, axis)
    found: list[Floats | None] = []
    for side, ends in ((-1, left), (1, right)):
        edges = []
        for row in range(round(top + 0.45 * height), round(top + height) - 1):
            columns = np.flatnonzero(body[row])
            if np.isfinite(ends[row]) and columns.size:
                beyond = side * (columns - ends[row]) > 2
                if np.count_nonzero(beyond) > 0.05 * height and 4 * abs(ends[row] - axis[row]) > 0.3 * height:
                    edges.append(ends[row])
        found.append(np.array([np.median(edges), top + 0.32 * height]) if len(edges) >= 4 else None)
    return _mirrored(found, float(axis[round(top + 0.5 * height)]))


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


def _sleeve(
    body: Mask, shoulder: Floats, armpit: Floats, side: int, chest: float
) -> tuple[Mask, Floats, float, Floats] | None:
    """What hangs on the seam from shoulder to armpit: mask, edges (2, 4, 2), length and half widths (4,)."""
    seam = armpit - shoulder
    beyond = shoulder - 0.3 * seam
    parted = body.view(np.uint8).copy()
    ends = [tuple(round(float(value)) for value in point) for point in (beyond, armpit)]
    cv2.line(parted, ends[0], ends[1], 0, 2)  # type: ignore[arg-type]
    _, marked, stats, _ = cv2.connectedComponentsWithStats(parted, connectivity=4)
    middle = (shoulder + armpit) / 2
    normal = np.array([seam[1], -seam[0]]) / max(float(np.hypot(*seam)), 1e-6)
    normal *= side * (1 if normal[0] >= 0 else -1)
    probe = np.rint(middle + normal * max(3.0, 0.05 * chest)).astype(int)
    rows, columns = np.mgrid[: body.shape[0], : body.shape[1]]
    outer = (columns - middle[0]) * normal[0] + (rows - middle[1]) * normal[1] > 0
    inside = (0 <= probe[0] < body.shape[1]) and (0 <= probe[1] < body.shape[0])
    number = int(marked[probe[1], probe[0]]) if inside else 0
    if not number:
        return None
    mask = marked == number
    if stats[number, cv2.CC_STAT_AREA] > 0.45 * np.count_nonzero(body):
        # Not parted: cloth below the armpit still hangs together with the trunk's side.
        mask = mask & outer & (side * (columns - armpit[0]) > 0)
    area = int(np.count_nonzero(mask))
    if area < 0.004 * np.count_nonzero(body):
        return None
    return _strip(mask, middle, shoulder, armpit, area, side)


def _strip(
    mask: Mask, middle: Floats, shoulder: Floats, armpit: Floats, area: int, side: int
) -> tuple[Mask, Floats, float, Floats] | None:
    ys, xs = np.nonzero(mask)
    far = np.hypot(xs - middle[0], ys - middle[1])
    length = float(np.percentile(far, 98.5))
    if length < 4:
        return None
    tip = far > 0.9 * length
    half_way = (far > 0.42 * length) & (far < 0.58 * length)
    end = np.array([xs[tip].mean(), ys[tip].mean()])
    mid = np.array([xs[half_way].mean(), ys[half_way].mean()]) if half_way.any() else (middle + end) / 2
    end = mid + (end - mid) * 1.05
    points, directions = along(np.stack([middle, mid, end]), SLEEVE_SHARES)
    normals = outer_normals(directions, side)
    edges = np.empty((2, len(points), 2))
    edges[:, 0] = shoulder, armpit
    half = np.empty(len(points))
    usual = 0.5 * area / max(length, 1.0)
    for place in range(1, len(points)):
        offset = np.column_stack([xs, ys]) - points[place]
        near = np.abs(offset @ directions[place]) < 0.08 * length + 1
        across = offset[near] @ normals[place]
        high, low = (
            (np.percentile(across, 97), np.percentile(across, 3)) if across.size > 3 else (usual, -usual)
        )
        edges[0, place] = points[place] + high * normals[place]
        edges[1, place] = points[place] + low * normals[place]
        half[place] = (high - low) / 2
    half[0] = np.hypot(*(shoulder - armpit)) / 2
    total = float(np.hypot(*np.diff(np.stack([middle, mid, end]), axis=0).T).sum())
    return mask, edges, total, half


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
        outer, inner = [], []
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
