"""Sleeves of a garment's cut-out: where its armpits are, and what hangs on the seams there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ewardrobe.tryon.outlines import Floats, Mask, along, outer_normals, runs

__all__ = ["SLEEVE_SHARES", "Sleeve", "cut_sleeve", "find_armpits"]

SLEEVE_SHARES = np.array([0.0, 0.33, 0.67, 1.0])


@dataclass(frozen=True)
class Sleeve:
    """A sleeve: its pixels, and its outer and inner edge (2, 4, 2) at `SLEEVE_SHARES` of its length."""

    mask: Mask
    edges: Floats
    length: float
    half: Floats


def find_armpits(
    body: Mask, axis: Floats, top: float, height: float, *, pressed: bool
) -> tuple[Floats, Floats] | None:
    """The left and right armpit (x, y) of the outline `body`, bool (h, w); None for a garment without sleeves.

    `axis` (h,) is its middle at each row, `top` and `height` those of the garment. `pressed`: sleeves pressed to the
    sides are looked for too.
    """
    found = [_armpit(body, side, axis, top, height) for side in (-1, 1)]
    found = _mirrored(found, float(axis[round(top + 0.3 * height)]))
    if found[0] is None and pressed:
        found = _pressed_armpits(body, axis, top, height)
    left, right = found
    return None if left is None or right is None else (left, right)


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


def cut_sleeve(
    body: Mask, shoulder: Floats, armpit: Floats, side: int, chest: float
) -> tuple[Mask, Floats, float, Floats] | None:
    """What hangs on the seam from shoulder to armpit: mask, edges (2, 4, 2), length and half widths (4,)."""
    seam = armpit - shoulder
    beyond = shoulder - 0.3 * seam
    parted = body.view(np.uint8).copy()
    ends = [tuple(round(float(value)) for value in point) for point in (beyond, armpit)]
    cv2.line(parted, ends[0], ends[1], 0, 2)
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
