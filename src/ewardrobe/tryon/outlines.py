"""Outlines read row by row: the run of a mask around an axis, and points on a polyline."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Mask", "along", "at_rows", "outer_normals", "runs", "side_point", "smoothed"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def runs(mask: Mask, axis: Floats) -> tuple[Floats, Floats]:
    """The ends (left, right) of each row's run of `mask` around `axis`, float (h,) in pixels; NaN where it is not in.

    `mask` is bool (h, w), `axis` (h,) a column for each row.
    """
    height, width = mask.shape
    centre = np.clip(np.rint(axis), 0, width - 1).astype(np.intp)
    columns = np.arange(width)
    after = ~mask & (columns >= centre[:, None])
    before = ~mask & (columns <= centre[:, None])
    right = np.where(after.any(axis=1), after.argmax(axis=1), width).astype(np.float64)
    left = np.where(before.any(axis=1), width - before[:, ::-1].argmax(axis=1), 0).astype(np.float64)
    outside = ~mask[np.arange(height), centre]
    left[outside] = right[outside] = np.nan
    return left, right


def at_rows(values: Floats, rows: Floats | float, reach: float = 1.5) -> Floats:
    """The median of `values` (h,) within `reach` rows of each of `rows`; NaN where there is none."""
    found = []
    for row in np.atleast_1d(rows):
        near = values[max(0, round(row - reach)) : max(0, round(row + reach)) + 1]
        near = near[np.isfinite(near)]
        found.append(float(np.median(near)) if near.size else np.nan)
    return np.array(found)


def smoothed(mask: Mask, radius: float) -> Mask:
    """The mask without spikes and notches finer than `radius` pixels."""
    side = 2 * max(1, round(radius)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, disc)
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc), np.uint8) > 0


def side_point(mask: Mask, side: int, lift: float) -> Floats | None:
    """The mask's point farthest towards the `side` (-1 left, 1 right) and, `lift` times as much, upwards; (x, y)."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return None
    best = int(np.argmax(side * columns - lift * rows))
    return np.array([columns[best] + (side > 0), rows[best]], np.float64)


def along(line: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Points (n, 2) at `shares` (n,) of a polyline's length, and the unit directions (n, 2) there."""
    steps = np.diff(line, axis=0)
    lengths = np.hypot(*steps.T)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.asarray(shares) * ends[-1]
    points = np.column_stack([np.interp(wanted, ends, line[:, axis]) for axis in (0, 1)])
    # Directions turn gradually from one piece to the next, so that a strip along the line has no kink.
    reach = max(ends[-1] * 0.18, 1e-6)
    before = np.column_stack([np.interp(wanted - reach, ends, line[:, axis]) for axis in (0, 1)])
    after = np.column_stack([np.interp(wanted + reach, ends, line[:, axis]) for axis in (0, 1)])
    directions = after - before
    return points, directions / np.maximum(np.hypot(*directions.T), 1e-6)[:, None]


def outer_normals(directions: Floats, side: int) -> Floats:
    """The unit normals (n, 2) of a limb's directions that point to its outer side; `side` -1 left, 1 right.

    An arm that hangs down has its outer side away from the body, one stretched out sideways has it above.
    """
    return np.asarray(side * np.column_stack([directions[:, 1], -directions[:, 0]]))
