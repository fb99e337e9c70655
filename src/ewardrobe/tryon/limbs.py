"""Arms and legs: where they run, from masks of what covers them and the proportions of a standing adult."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ewardrobe.tryon.outlines import Floats, Mask

__all__ = ["ANKLE", "Arm", "Frame", "find_arm", "find_crotch", "find_legs"]

ANKLE = 3.08
"""The ankles' row below the neck, in vertical units."""
_CROTCH = 1.45
_ARM_HALF = 0.125  # of the shoulders' width
_UPPER_ARM = 0.72  # vertical units
_LEG_SHARES = np.array([0.08, 0.3, 0.55, 0.8, 1.0])
_LEG_HALF = np.array([0.205, 0.175, 0.145, 0.125, 0.1])  # of the shoulders' width


@dataclass(frozen=True)
class Frame:
    """What is known of a body before its limbs: `neck`, `hip` (2,), `shoulders` (2, 2), their `width`, the `unit`."""

    neck: Floats
    hip: Floats
    shoulders: Floats
    width: float
    unit: float

    def axis(self, row: float) -> float:
        """The body's middle at a row."""
        return float(np.interp(row, [self.neck[1], self.hip[1]], [self.neck[0], self.hip[0]]))


@dataclass(frozen=True)
class Arm:
    """An arm as a line from the shoulder by the elbow to the wrist, float (3, 2); `half` is half its thickness."""

    line: Floats
    half: float
    seen: bool
    """Whether a hand was found; else the arm is taken to hang down."""


def find_crotch(legs: Mask, frame: Frame) -> float:
    """The row from which on the legs stand apart; the usual one where none is seen."""
    usual = float(frame.neck[1] + _CROTCH * frame.unit)
    for row in range(round(usual - 0.12 * frame.unit), min(len(legs) - 3, round(usual + 0.3 * frame.unit))):
        filled = np.flatnonzero(legs[row])
        if filled.size < 4:
            continue
        inside = ~legs[row, filled[0] : filled[-1] + 1]
        place = np.flatnonzero(inside) + filled[0]
        if (np.abs(place - frame.axis(row)) < 0.12 * frame.unit).any():
            return float(row)
    return usual


def find_legs(
    legs: Mask, hides: Mask, crotch: float, frame: Frame, *, cut_below: bool
) -> tuple[Floats, tuple[Floats, Floats]]:
    """The legs' rows (n,), and of the left and the right one the outer and inner edge (2, n, 2).

    `legs` bool (h, w) is where they or what is on them is seen, `hides` what falls over them. `cut_below`: they go on
    below the picture.
    """
    neck, hip, width, unit, height = frame.neck, frame.hip, frame.width, frame.unit, len(legs)
    ankle = float(neck[1] + ANKLE * unit)
    ankle = ankle if cut_below else min(ankle, height - 1.0)
    ankle = max(ankle, crotch + 0.5 * unit)
    rows = crotch + _LEG_SHARES * (ankle - crotch)
    usual = _LEG_HALF * width
    found: list[Floats] = []
    middles = np.full((2, len(rows)), np.nan)
    halves = np.tile(usual, (2, 1))
    middle = float(hip[0])
    for number, row in enumerate(rows):
        if row >= height:
            continue
        spans = [(a, b) for a, b in _spans(legs, row) if b - a >= 0.5 * usual[number]]
        hidden = np.count_nonzero(hides[int(row)]) > 0.5 * sum(b - a for a, b in spans)
        pair = None if hidden else _pair(spans, middle, usual[number])
        if pair is None:
            continue
        for side, (a, b) in enumerate(pair):
            middles[side, number] = (a + b) / 2
            halves[side, number] = np.clip((b - a) / 2, 0.6 * usual[number], 1.5 * usual[number])
        middle = float(middles[:, number].mean())
    for side in (0, 1):  # under a skirt, legs run from the hips to where they come out
        known = np.flatnonzero(np.isfinite(middles[side]))
        sign = -1 if side == 0 else 1
        start = [hip[0] + sign * 0.21 * width]
        end = start if not known.size else [middles[side, known[-1]]]
        points = np.concatenate(
            [[hip[1]], rows[known], [max(ankle, rows[known[-1]] + 1) if known.size else ankle]]
        )
        middles[side] = np.interp(rows, points, np.concatenate([start, middles[side, known], end]))
    for side in (0, 1):
        sign = -1 if side == 0 else 1
        outer = middles[side] + sign * halves[side]
        inner = middles[side] - sign * halves[side]
        found.append(np.stack([np.column_stack([outer, rows]), np.column_stack([inner, rows])]))
    return rows, (found[0], found[1])


def find_arm(side: int, skin: Mask, outline: Mask, frame: Frame) -> Arm:
    """The arm on a side, 0 left or 1 right: to its hand where one is seen, else hanging along the outline.

    `skin` and `outline` (skin and what is worn above the waist) are bool (h, w).
    """
    sign = -1 if side == 0 else 1
    half = _ARM_HALF * frame.width
    shoulder = frame.shoulders[side] + np.array([-sign * 0.55 * half, 0.6 * half])
    hand = _wrist(sign, skin, shoulder, frame)
    wrist = shoulder + np.array([sign * 0.13 * frame.width, 1.32 * frame.unit]) if hand is None else hand
    if hand is None:
        wrist[0] = _outer(outline, wrist[1] - 0.25 * frame.unit, sign, shoulder, half, frame.width, wrist[0])
    level = min(shoulder[1] + 0.92 * _UPPER_ARM * frame.unit, max(wrist[1], shoulder[1] + 0.35 * frame.unit))
    length = max(1.0, float(np.hypot(*(wrist - shoulder))))
    straight = float(shoulder[0] + (wrist[0] - shoulder[0]) * min(1.0, _UPPER_ARM * frame.unit / length))
    elbow = np.array([_outer(outline, level, sign, shoulder, half, frame.width, straight), level])
    return Arm(np.stack([shoulder, elbow, wrist]), half, hand is not None)


def _outer(
    outline: Mask, row: float, sign: int, shoulder: Floats, half: float, width: float, usual: float
) -> float:
    """The middle of an arm at a row: half its thickness within the outline, on the outer side."""
    if not 0 <= round(row) < len(outline):
        return float(usual)
    columns = np.flatnonzero(outline[round(row)])
    near = columns[
        (sign * (columns - shoulder[0]) < 0.75 * width) & (sign * (columns - shoulder[0]) > -0.3 * width)
    ]
    if not near.size:
        return float(usual)
    edge = near.max() + 1 if sign > 0 else near.min()
    return float(edge - sign * half)


def _wrist(sign: int, skin: Mask, shoulder: Floats, frame: Frame) -> Floats | None:
    """The wrist of a visible hand or forearm on that side."""
    neck, unit, width = frame.neck, frame.unit, frame.width
    rows, columns = np.arange(skin.shape[0])[:, None], np.arange(skin.shape[1])
    lower, upper = neck[1] + 2.0 * unit, neck[1] + 0.5 * unit
    place = skin & (rows > upper) & (rows < lower)
    side = sign * (columns - neck[0]) > -0.12 * width
    count, marked, stats, centres = cv2.connectedComponentsWithStats((place & side).view(np.uint8))
    best, most = None, 0.012 * unit * width
    for number in range(1, count):
        area = stats[number, cv2.CC_STAT_AREA]
        bottom = stats[number, cv2.CC_STAT_TOP] + stats[number, cv2.CC_STAT_HEIGHT]
        outside = sign * (centres[number][0] - neck[0])
        # Thighs are near the middle and reach far down; a hand does not.
        if bottom > neck[1] + 1.75 * unit and outside < 0.42 * width:
            continue
        if centres[number][1] > neck[1] + 1.75 * unit or area < most:
            continue
        best, most = number, area
    if best is None:
        return None
    ys, xs = np.nonzero(marked == best)
    far = np.hypot(xs - shoulder[0], ys - shoulder[1])
    tip = far.argmax()
    end = np.array([xs[tip], ys[tip]], np.float64)
    near = far > far.max() - 0.22 * unit
    hand = np.array([xs[near].mean(), ys[near].mean()])
    back = shoulder - end
    length = float(np.hypot(*back))
    # From the finger tips back to the wrist.
    wrist = hand + back / max(length, 1e-6) * min(0.16 * unit, 0.3 * length)
    return np.asarray(wrist)


def _spans(mask: Mask, row: float) -> list[tuple[float, float]]:
    line = np.concatenate([[0], mask[min(round(row), len(mask) - 1)].view(np.uint8), [0]])
    steps = np.flatnonzero(np.diff(line.astype(np.int8)))
    return [(float(a), float(b)) for a, b in zip(steps[::2], steps[1::2], strict=True)]


def _pair(
    spans: list[tuple[float, float]], middle: float, usual: float
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The two legs among a row's spans: two of them, or one cut in half; None where there is none."""
    near = [span for span in spans if abs((span[0] + span[1]) / 2 - middle) < 7 * usual]
    near.sort(key=lambda span: span[0] - span[1])
    chosen = sorted(near[:2])
    if len(chosen) == 2:
        return chosen[0], chosen[1]
    if not chosen:
        return None
    a, b = chosen[0]
    if b - a < 2.2 * usual:  # one leg before the other
        return (a, b), (a, b)
    return (a, (a + b) / 2), ((a + b) / 2, b)
