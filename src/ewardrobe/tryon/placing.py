"""Where each landmark of a garment belongs on a body: the pairs of points by which its parts are bent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ewardrobe.tryon.body import ANKLE, ARMPIT, HIP, Body
from ewardrobe.tryon.outlines import Floats, Mask, along, outer_normals
from ewardrobe.tryon.shapes import (
    LEG_SHARES,
    LowerShape,
    SkirtShape,
    UpperShape,
)
from ewardrobe.tryon.sleeves import SLEEVE_SHARES, Sleeve
from ewardrobe.tryon.worn import WornLegs, WornShape

__all__ = ["AnyShape", "Patch", "place"]

AnyShape = UpperShape | LowerShape | SkirtShape | WornShape | WornLegs

_EASE = {"top": 1.05, "dress": 1.04, "outerwear": 1.11}
"""How much wider than the body cloth lies on it at least."""
_WIDEST = 1.4
_SEAM = 0.9
"""Where a sleeve is set in: of the way from the neck to the shoulder's outer point."""
_FULL_SLEEVE = 0.8
"""Sleeves longer than this share of an arm go down to the wrist: bent arms make them look shorter."""
_WAIST_TO_ANKLE = 2.45
"""The length of full trousers in widths of their waist."""


@dataclass(frozen=True)
class Patch:
    """A part of a garment: `mask` bool (h, w) of the cut-out, whose points `source` (n, 2) belong on `target` (n, 2).

    `arm`: 0 or 1 for a sleeve on the left or right of the picture, else None.
    """

    mask: Mask
    source: Floats
    target: Floats
    arm: int | None = None


def place(shape: AnyShape, body: Body, label: str) -> list[Patch]:
    """The parts of a garment in the order they are drawn, each with where it belongs on the body."""
    if isinstance(shape, WornShape):
        return _from_wearer(shape, body)
    if isinstance(shape, WornLegs):
        sides = (0, 1)
        return [Patch(shape.halves[side], shape.points(side), shape.points(side, body)) for side in sides]
    if isinstance(shape, LowerShape):
        return _trousers(shape, body, label)
    if isinstance(shape, SkirtShape):
        return [_skirt(shape, body)]
    return _upper(shape, body, label)


def _from_wearer(shape: WornShape, body: Body) -> list[Patch]:
    """Each landmark of the wearer goes to the same one of the other body."""
    patches = [Patch(shape.trunk, shape.trunk_points(), shape.trunk_points(body))]
    for side, sleeve in enumerate(shape.sleeves):
        if sleeve is not None:
            patches.append(
                Patch(sleeve, shape.sleeve_points(side), shape.sleeve_points(side, body), arm=side)
            )
    return patches


def _upper(shape: UpperShape, body: Body, label: str) -> list[Patch]:
    sleeved = any(sleeve is not None for sleeve in shape.sleeves)
    scale = body.unit / shape.width
    half = body.width / 2
    spread = np.abs(shape.shoulders[:, 0] - shape.shoulders[:, 0].mean()) / (shape.width / 2)
    spread = np.full(2, _SEAM) if sleeved else np.clip(spread, 0.4, 1.0)
    shoulders = np.stack([_on_shoulder(body, side, spread[side] * half) for side in (0, 1)])
    collar = np.stack([_collar(shape, body, side, spread[side]) for side in (0, 1)])
    ease = _EASE[label]
    armpit_row = float(body.row(ARMPIT))
    left, right = body.edges(armpit_row)
    middle = (left + right) / 2
    armpits = np.array([[middle + ease * (end - middle), armpit_row] for end in (left, right)])
    hem = float(shoulders[:, 1].mean()) + shape.length * scale
    lowest = float(body.row(ANKLE if label != "top" else HIP + 0.45))
    hem = float(np.clip(hem, body.row(0.72 if label != "dress" else HIP + 0.2), lowest))
    shares = (shape.rows - shape.rows[0]) / max(float(shape.rows[-1] - shape.rows[0]), 1e-6)
    rows = armpit_row + shares * (hem - armpit_row)
    edges = _outline(shape, body, rows, armpits, ease, glued=not sleeved)
    inner = slice(1, None)
    source = np.concatenate(
        [
            shape.collar,
            shape.shoulders,
            shape.armpits,
            *(np.column_stack([shape.edges[side, inner], shape.rows[inner]]) for side in (0, 1)),
        ]
    )
    target = np.concatenate(
        [collar, shoulders, armpits, *(np.column_stack([edges[side, inner], rows[inner]]) for side in (0, 1))]
    )
    patches = [Patch(shape.trunk, source, target)]
    for side, sleeve in enumerate(shape.sleeves):
        if sleeve is not None:
            patches.append(_sleeve(sleeve, shape, body, side, shoulders[side], armpits[side]))
    return patches


def _on_shoulder(body: Body, side: int, distance: float) -> Floats:
    """The point of the shoulders' line at a distance from the neck's middle."""
    sign = -1 if side == 0 else 1
    outer = body.shoulders[side]
    reach = abs(outer[0] - body.neck[0])
    start = 0.18 * body.width
    high = body.neck[1] - 0.02 * body.unit
    share = np.clip((distance - start) / max(reach - start, 1e-6), 0.0, 1.0)
    return np.array([body.neck[0] + sign * distance, high + share * (outer[1] - high)])


def _collar(shape: UpperShape, body: Body, side: int, spread: float) -> Floats:
    middle = shape.shoulders[:, 0].mean()
    distance = abs(shape.collar[side, 0] - middle) / shape.width * body.width
    distance = float(np.clip(distance, 0.13 * body.width, 0.8 * spread * body.width / 2))
    point = _on_shoulder(body, side, distance)
    # What rises higher than a shoulder's slope is a collar that stands up.
    run = abs(shape.shoulders[side, 0] - shape.collar[side, 0])
    rise = (shape.shoulders[side, 1] - shape.collar[side, 1] - 0.36 * run) / shape.width
    point[1] -= float(np.clip(0.6 * rise, 0.0, 0.12)) * body.unit
    return point


def _outline(
    shape: UpperShape, body: Body, rows: Floats, armpits: Floats, ease: float, *, glued: bool
) -> Floats:
    """The garment's edges (2, n) at rows: its own outline, but not within the body, nor far off it above the hips."""
    own_middle = shape.edges[:, 0].mean()
    own = np.abs(shape.edges - (shape.edges.mean(axis=0) * 0.5 + own_middle * 0.5))
    left, right = body.edges(rows)
    middle = body.axis(rows)
    below = rows > float(body.row(HIP))
    found = []
    for side, ends in enumerate((left, right)):
        sign = -1 if side == 0 else 1
        body_half = np.maximum(sign * (ends - middle), 0.3 * body.width)
        start = abs(armpits[side, 0] - middle[0])
        half = start * own[side] / max(float(own[side, 0]), 1e-6)
        widest = np.where(below, 1.05 * body.width, (_WIDEST + 0.2 * glued) * body_half)
        narrowest = np.where(below, 0.8 * body_half, ease * body_half)
        half = np.clip(half, narrowest, widest)
        half[0] = start
        found.append(middle + sign * half)
    return np.stack(found)


def _sleeve(
    sleeve: Sleeve, shape: UpperShape, body: Body, side: int, shoulder: Floats, armpit: Floats
) -> Patch:
    arm = body.arms[side]
    sign = -1 if side == 0 else 1
    total = float(np.hypot(*np.diff(arm.line, axis=0).T).sum())
    scale = body.unit / shape.width
    own = [float(np.hypot(*np.diff(edge, axis=0).T).sum()) * scale for edge in sleeve.edges]
    full = sleeve.length * scale > _FULL_SLEEVE * total
    # Down a hanging arm the outer edge begins at the shoulder, the inner one below it, at the armpit.
    starts = 0.0, float(np.clip(armpit[1] - arm.line[0, 1], 0.05 * total, 0.4 * total))
    target = np.empty((2, len(SLEEVE_SHARES), 2))
    # A shoulder is round: a sleeve's fullness begins below it.
    fullest = np.array([1.0, 1.1, 1.35, 1.6]) * arm.half
    half = np.clip(0.85 * sleeve.half * body.width / shape.width, 1.02 * arm.half, fullest)
    for edge, (start, side_sign) in enumerate(zip(starts, (1, -1), strict=True)):
        end = 1.03 * total if full else min(max(start + own[edge], starts[1] + 0.06 * total), total)
        reached = start + SLEEVE_SHARES * (end - start)
        points, directions = along(arm.line, np.minimum(reached, total) / total)
        points += directions * np.maximum(reached - total, 0)[:, None]
        # Wide sleeves stand off outwards: inwards there is the trunk.
        wide = half if edge == 0 else np.minimum(half, 1.12 * arm.half)
        target[edge] = points + side_sign * wide[:, None] * outer_normals(directions, sign)
    target[:, 0] = shoulder, armpit
    return Patch(sleeve.mask, sleeve.edges.reshape(-1, 2), target.reshape(-1, 2), arm=side)


def _skirt(shape: SkirtShape, body: Body) -> Patch:
    left, right = body.edges(body.waist)
    waist = float(right - left)
    across = shape.edges[1] - shape.edges[0]
    # A waistband may be gathered, or held by a hanger: the hips say too how large the skirt is.
    hips = 2.05 * max(abs(np.array(body.edges(float(body.row(HIP)))) - body.hip[0]))
    scale = min(1.04 * waist / max(float(across[0]), 1e-6), 1.12 * hips / max(float(across[1]), 1e-6))
    length = (shape.rows[-1] - shape.rows[0]) * scale * body.unit / body.width
    ankle = float(body.row(ANKLE))
    length = float(np.clip(length, 0.45 * body.unit, ankle - body.waist))
    shares = (shape.rows - shape.rows[0]) / max(float(shape.rows[-1] - shape.rows[0]), 1e-6)
    rows = body.waist - 0.02 * body.unit + shares * length
    ends = body.edges(rows)
    middle = body.axis(rows)
    own_middle = shape.edges.mean(axis=0)
    target = []
    for side in (0, 1):
        sign = -1 if side == 0 else 1
        half = scale * np.abs(shape.edges[side] - own_middle)
        body_half = sign * (ends[side] - middle)
        upper = rows < float(body.row(HIP)) + 1
        half = np.maximum(half, np.where(upper, 1.03 * body_half, 0.8 * body_half))
        half = np.minimum(half, 0.9 * body.width)
        target.append(np.column_stack([middle + sign * half, rows]))
    source = np.concatenate([np.column_stack([shape.edges[side], shape.rows]) for side in (0, 1)])
    return Patch(shape.mask, source, np.concatenate(target))


def _trousers(shape: LowerShape, body: Body, label: str) -> list[Patch]:
    ankle = float(body.leg_rows[-1])
    share = shape.length / max(shape.waist_width, 1e-6) / _WAIST_TO_ANKLE
    share = min(share, 0.55) if label == "shorts" else share
    share = 1.03 if share > 0.85 else max(share, 0.24)
    hem = body.waist + share * (ankle - body.waist)
    crotch = min(body.crotch + 0.03 * body.unit, hem - 0.12 * body.unit)
    rows = np.concatenate([[body.waist - 0.02 * body.unit, crotch], crotch + LEG_SHARES[1:] * (hem - crotch)])
    own_hip = float(np.mean([abs(np.diff(edges[:, 1, 0])[0]) for edges in shape.edges]))
    patches = []
    for side in (0, 1):
        sign = -1 if side == 0 else 1
        edges = shape.edges[side]
        outer_line, inner_line = body.legs[side]
        hip = np.concatenate([[body.edges(rows[0])[side]], [body.edges(float(body.row(HIP)))[side]]])
        middle = body.axis(rows[:2])
        outer = middle + 1.05 * (hip - middle)
        inner = middle.copy()
        leg_outer = np.interp(rows[2:], body.leg_rows, outer_line[:, 0])
        leg_inner = np.interp(rows[2:], body.leg_rows, inner_line[:, 0])
        centre = (leg_outer + leg_inner) / 2
        leg_half = np.abs(leg_outer - leg_inner) / 2
        own_half = np.abs(edges[0, 2:, 0] - edges[1, 2:, 0]) / 2
        hip_half = abs(outer[1] - inner[1])
        half = np.clip(own_half / max(own_hip, 1e-6) * hip_half, 1.05 * leg_half, 2.0 * leg_half)
        # Wide legs give way to each other at the inside.
        inside = np.minimum(half, np.maximum(1.05 * leg_half, np.abs(centre - body.axis(rows[2:]))))
        target = np.stack(
            [
                np.column_stack([np.concatenate([outer, centre + sign * half]), rows]),
                np.column_stack([np.concatenate([inner, centre - sign * inside]), rows]),
            ]
        )
        patches.append(Patch(shape.halves[side], edges.reshape(-1, 2), target.reshape(-1, 2)))
    return patches
