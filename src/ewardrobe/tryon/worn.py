"""A garment cut from someone who wears it: the wearer's own landmarks say what each of its pixels lies on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.tryon.body import ARMPIT, HIP, WAIST, Body
from ewardrobe.tryon.outlines import Floats, Mask, along, outer_normals
from ewardrobe.tryon.scene import Scene, limb

__all__ = ["WornLegs", "WornShape", "hidden_part", "measure_worn", "measure_worn_legs", "moved"]

_ROWS = np.array([0.2, ARMPIT, 0.66, WAIST, 1.1, HIP, 1.6, 2.1, 2.7, 3.2])
_SHARES = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
_HIDES = ("hair", "bag", "belt", "scarf", "accessories")


@dataclass(frozen=True)
class WornShape:
    """A top, coat, dress or skirt on its wearer, in pixels of its cut-out.

    `trunk` bool (h, w); `sleeves` the same for left and right of the picture, None without one; `reach`: how far down
    the arm each goes, 0..1.
    """

    body: Body
    trunk: Mask
    sleeves: tuple[Mask | None, Mask | None]
    reach: tuple[float, float]
    hem: float
    """The lowest row, in vertical units below the neck."""

    def trunk_points(self, wearer: Body | None = None) -> Floats:
        """The landmarks (n, 2) of the trunk, on this wearer or on another body."""
        body = wearer or self.body
        points = [body.neck, [body.neck[0], float(body.row(0.1))]]
        for side in (0, 1):
            sign = -1 if side == 0 else 1
            points.append([body.neck[0] + sign * 0.19 * body.width, body.neck[1] - 0.01 * body.unit])
            points.append(body.shoulders[side])
        lowest = max(self.hem + 0.3, HIP)
        rows = body.row(_ROWS[lowest > _ROWS])
        middle = body.axis(rows)
        points += list(np.column_stack([middle, rows]))
        for ends in body.edges(rows):
            points += list(np.column_stack([ends, rows]))
        return np.array([np.asarray(point, np.float64) for point in points])

    def sleeve_points(self, side: int, wearer: Body | None = None) -> Floats:
        """The landmarks (n, 2) of the sleeve on a side."""
        arm = (wearer or self.body).arms[side]
        points, directions = along(arm.line, _SHARES * min(1.0, self.reach[side] + 0.05))
        normals = outer_normals(directions, -1 if side == 0 else 1) * arm.half
        return np.concatenate([points + normals, points, points - normals])


@dataclass(frozen=True)
class WornLegs:
    """Trousers or shorts on their wearer: the left and right half, bool (h, w), in pixels of the cut-out."""

    body: Body
    halves: tuple[Mask, Mask]

    def points(self, side: int, wearer: Body | None = None) -> Floats:
        """The landmarks (n, 2) of a half, on this wearer or on another body: the middle, the side, and the leg."""
        body = wearer or self.body
        rows = np.array([body.waist, (body.waist + body.crotch) / 2, body.crotch])
        middle = np.column_stack([body.axis(rows), rows])
        outer = np.column_stack([body.edges(rows)[side], rows])
        return np.concatenate([middle, outer[:2], *body.legs[side]])


def measure_worn_legs(scene: Scene, mask: Mask, window: tuple[slice, slice]) -> WornLegs:
    """The shape of trousers or shorts, `mask` bool (H, W), of the scene's person, cut out at `window`."""
    body = scene.body
    top = float(np.flatnonzero(mask.any(axis=1))[0])
    body = replace(body, waist=float(np.clip(top, body.waist, (body.waist + body.crotch) / 2)))
    rows = np.arange(mask.shape[0], dtype=np.float64)
    inner = [np.interp(rows, body.leg_rows, body.legs[side][1, :, 0]) for side in (0, 1)]
    parting = np.where(rows < body.crotch, body.axis(rows), (inner[0] + inner[1]) / 2)
    left = np.arange(mask.shape[1]) < parting[:, None]
    origin = np.array([window[1].start, window[0].start], np.float64)
    return WornLegs(moved(body, -origin), ((mask & left)[window], (mask & ~left)[window]))


def measure_worn(scene: Scene, mask: Mask, window: tuple[slice, slice]) -> WornShape | None:
    """The shape of the garment `mask`, bool (H, W), of the scene's person, cut out at `window`; None for scraps."""
    body = scene.body
    if np.count_nonzero(mask) < 200:
        return None
    inner = np.zeros(mask.shape, np.uint8)
    rows = np.linspace(float(body.row(0.0)), mask.shape[0] - 1.0, 24)
    left, right = body.edges(rows)
    middle = body.axis(rows)
    sides = [np.column_stack([middle + 1.1 * (ends - middle), rows]) for ends in (left, right)]
    cv2.fillPoly(inner, [np.rint(np.concatenate([sides[0], sides[1][::-1]])).astype(np.int32)], 1)
    trunk, sleeves, reach = mask.copy(), [], []
    for side in (0, 1):
        arm = body.arms[side]
        near = mask & limb(mask.shape, arm.line, 2.0 * arm.half)
        rows_of = np.arange(mask.shape[0])[:, None]
        around = near & ((inner == 0) | limb(mask.shape, arm.line[1:], 1.15 * arm.half) & arm.seen)
        beside = around & (rows_of > float(body.row(0.2)))
        share = _reach(near, body, side)
        long_enough = share > 0.25 and np.count_nonzero(beside) > 0.01 * np.count_nonzero(mask)
        sleeves.append(np.asarray(around) if long_enough else None)
        reach.append(share)
        if long_enough:
            trunk &= ~(around & (inner == 0))
    lowest = np.flatnonzero(trunk.any(axis=1))
    hem = (float(lowest[-1]) - body.neck[1]) / body.unit if lowest.size else HIP
    cut = [None if sleeve is None else sleeve[window] for sleeve in sleeves]
    origin = np.array([window[1].start, window[0].start], np.float64)
    return WornShape(moved(body, -origin), trunk[window], (cut[0], cut[1]), (reach[0], reach[1]), hem)


def _reach(near: Mask, body: Body, side: int) -> float:
    """How far down the arm the garment goes: the last of many points along it that has cloth on it."""
    shares = np.linspace(0, 1, 25)
    points, _ = along(body.arms[side].line, shares)
    rows = np.clip(np.rint(points[:, 1]), 0, near.shape[0] - 1).astype(int)
    columns = np.clip(np.rint(points[:, 0]), 0, near.shape[1] - 1).astype(int)
    covered = np.flatnonzero(near[rows, columns])
    return float(shares[covered[-1]]) if covered.size else 0.0


def hidden_part(scene: Scene, mask: Mask) -> Mask:
    """What hair, bags, belts and hands hide of a garment on its wearer, bool (H, W): what it has on both sides."""
    _, hands = scene.skin_in_front()
    before = (scene.where(*_HIDES) | hands) & ~mask
    before &= np.arange(len(mask))[:, None] > float(scene.body.row(0.12))
    wide = max(1, round(0.3 * scene.body.width))
    closed = np.zeros(mask.shape, np.uint8)
    for kernel in (np.ones((1, 2 * wide + 1), np.uint8), np.ones((2 * wide + 1, 1), np.uint8)):
        padded = np.pad(mask.view(np.uint8), wide)
        joined = np.asarray(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel), np.uint8)
        closed |= joined[wide:-wide, wide:-wide]
    return np.asarray(before & (closed > 0))


def moved(body: Body, by: npt.NDArray[np.float64]) -> Body:
    """The body in a picture whose origin lies elsewhere: `by` (2,) is added to all points."""
    x, y = float(by[0]), float(by[1])
    arms = tuple(replace(arm, line=arm.line + by) for arm in body.arms)
    return replace(
        body,
        box=(round(body.box[0] + x), round(body.box[1] + y), *body.box[2:]),
        neck=body.neck + by,
        hip=body.hip + by,
        head_top=body.head_top + y,
        shoulders=body.shoulders + by,
        trunk=body.trunk + x,
        arms=(arms[0], arms[1]),
        leg_rows=body.leg_rows + y,
        legs=(body.legs[0] + by, body.legs[1] + by),
        waist=body.waist + y,
        crotch=body.crotch + y,
        soles=body.soles + y,
    )
