"""Where the body's landmarks are in a photo: read off the person's own label map, with average proportions as a guide.

What the map does not show (a neck under hair, legs under a skirt, feet below the picture) is taken from the
proportions of a standing adult. They are in units of the shoulders' width across, and of a vertical unit which comes
from the body's height where the feet are seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.segmentation.people import find_people
from ewardrobe.taxonomy import load
from ewardrobe.tryon.limbs import ANKLE, Arm, Frame, find_arm, find_crotch, find_legs
from ewardrobe.tryon.outlines import Floats, Mask, at_rows, runs, smoothed

__all__ = ["ANKLE", "ARMPIT", "HIP", "SHOULDER", "WAIST", "Body", "find_body", "person_labels"]

LabelMap = npt.NDArray[np.uint8]

_TALL = 224  # rows of the reduced person: landmarks are no matter of single pixels
_UPPER = ("top", "outerwear", "dress", "scarf")
_LOWER = ("pants", "shorts", "skirt", "belt")
_LEGS = ("pants", "shorts", "legwear", "skin", "footwear")
_HIDES_LEGS = ("skirt", "dress", "outerwear", "top", "bag")

# Proportions below the neck, in vertical units (a shoulder width of an average adult).
SHOULDER, ARMPIT, WAIST, HIP = 0.10, 0.42, 0.90, 1.28
_NECK_TO_SOLE = 3.3
TRUNK_ROWS = np.array([SHOULDER, ARMPIT, 0.66, WAIST, 1.1, HIP])
TRUNK_HALF = np.array([0.46, 0.41, 0.385, 0.365, 0.40, 0.43])  # of the shoulders' width
_ARM_BESIDE = 1.14


@dataclass(frozen=True)
class Body:
    """A person's landmarks, (x, y) in pixels of the photo; left and right are those of the picture.

    Attributes:
        box: x, y, width, height of the person.
        width: across the shoulders. unit: the vertical unit, in which rows below the neck are given.
        face: the widest visible face; head_top: the top of hair or hat.
        trunk: at `rows` below the neck (vertical units), the left and right edge, float (n, 2).
        legs: for the left and the right leg, outer and inner edge (n, 2) at `leg_rows` (pixels).
    """

    box: tuple[int, int, int, int]
    neck: Floats
    hip: Floats
    width: float
    unit: float
    face: float
    head_top: float
    shoulders: Floats
    rows: Floats
    trunk: Floats
    arms: tuple[Arm, Arm]
    leg_rows: Floats
    legs: tuple[Floats, Floats]
    waist: float
    """The row at which the lower garment begins, in pixels."""
    crotch: float
    soles: float

    def row(self, below: Floats | float) -> Floats:
        """Rows in pixels of places `below` the neck, in vertical units."""
        return np.asarray(self.neck[1] + np.asarray(below) * self.unit)

    def axis(self, rows: Floats | float) -> Floats:
        """The body's middle at rows (pixels): from the neck to the hips, and straight on below."""
        return np.asarray(np.interp(rows, [self.neck[1], self.hip[1]], [self.neck[0], self.hip[0]]))

    def edges(self, rows: Floats | float) -> tuple[Floats, Floats]:
        """The trunk's left and right edge at rows (pixels)."""
        below = (np.asarray(rows) - self.neck[1]) / self.unit
        left, right = (np.interp(below, self.rows, self.trunk[:, side]) for side in (0, 1))
        return np.asarray(left), np.asarray(right)


def person_labels(label_map: LabelMap, person: int | None = None) -> tuple[LabelMap, int]:
    """The label map with all but one person's pixels set to background, and how many people there are.

    `label_map` is uint8 (H, W) in the taxonomy `wardrobe`. `person` counts from 1, from the left; None is the largest.
    Without anybody the map is empty.
    """
    people = find_people(label_map, load("wardrobe"))
    if not people.count:
        return np.zeros_like(label_map), 0
    if person is None:
        person = int(np.argmax(np.bincount(people.owners.ravel(), minlength=2)[1:])) + 1
    height, width = label_map.shape
    owners = cv2.resize(people.owners, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where(owners == person, label_map, 0).astype(np.uint8), people.count


def find_body(labels: LabelMap) -> Body | None:
    """The landmarks of the one person in `labels`, uint8 (H, W) in the taxonomy `wardrobe`; None without a body."""
    x, y, width, height = cv2.boundingRect(((labels != 0) & (labels != 255)).view(np.uint8))
    if height < 24 or width < 8:
        return None
    scale = min(1.0, _TALL / height)
    size = max(8, round(width * scale)), max(16, round(height * scale))
    small = cv2.resize(labels[y : y + height, x : x + width], size, interpolation=cv2.INTER_NEAREST)
    cut_below = y + height >= labels.shape[0] - 2
    finder = _Finder(np.asarray(small, np.uint8), cut_below)
    body = finder.find()
    if body is None:
        return None
    return _enlarged(body, (x, y, width, height), np.array([width / size[0], height / size[1]]))


class _Finder:
    """The search in one reduced person; all lengths are its pixels."""

    def __init__(self, labels: LabelMap, cut_below: bool) -> None:
        wardrobe = load("wardrobe")
        self.labels = labels
        self.cut_below = cut_below
        self.height, self.width = labels.shape
        self._table = {item.name: item.index for item in wardrobe}
        self.hair = self._of("hair", "hat", "eyewear")
        self.skin = self._of("skin")
        self.upper = self._of(*_UPPER)
        self.lower = self._of(*_LOWER)

    def _of(self, *names: str) -> Mask:
        wanted = np.zeros(256, np.bool_)
        wanted[[self._table[name] for name in names]] = True
        return np.asarray(wanted[self.labels])

    def find(self) -> Body | None:
        head = self._head()
        if head is None:
            return None
        top, chin, face, neck = head
        wide = self.skin | self.upper
        shoulders, width = self._shoulders(wide, neck, chin, face)
        neck = np.array([neck[0] * 0.6 + shoulders[:, 0].mean() * 0.4, neck[1]])
        unit = self._unit(neck, width)
        hip = self._hip(neck, width, unit)
        axis = np.interp(np.arange(self.height), [neck[1], hip[1]], [neck[0], hip[0]])
        waist = self._waist(neck, unit, axis)
        trunk = self._trunk(neck, unit, width, axis)
        frame = Frame(neck, hip, shoulders, width, unit)
        crotch = find_crotch(self._of("pants", "shorts", "legwear", "skin"), frame)
        legs, hides = smoothed(self._of(*_LEGS), 1), self._of(*_HIDES_LEGS)
        leg_rows, leg_edges = find_legs(legs, hides, crotch, frame, cut_below=self.cut_below)
        outline = smoothed(wide, 1)
        arms = [find_arm(side, self.skin, outline, frame) for side in (0, 1)]
        return Body(
            box=(0, 0, self.width, self.height),
            neck=neck,
            hip=hip,
            width=width,
            unit=unit,
            face=face,
            head_top=top,
            shoulders=shoulders,
            rows=TRUNK_ROWS,
            trunk=trunk,
            arms=(arms[0], arms[1]),
            leg_rows=leg_rows,
            legs=leg_edges,
            waist=waist,
            crotch=crotch,
            soles=float(self.height),
        )

    def _head(self) -> tuple[float, float, float, Floats] | None:
        """The top of the head, the chin's row, the face's width, and the neck's lowest point."""
        upper_part = np.arange(self.height)[:, None] < 0.45 * self.height
        heads = cv2.connectedComponentsWithStats(((self.hair | self.skin) & upper_part).view(np.uint8))
        count, marked, stats, _ = heads
        hair = [int(np.count_nonzero(self.hair & (marked == number))) for number in range(1, count)]
        if not hair:
            return None
        number = int(np.argmax(hair)) + 1 if max(hair) else int(np.argmin(stats[1:, cv2.CC_STAT_TOP])) + 1
        of_head = marked == number
        top = float(stats[number, cv2.CC_STAT_TOP])
        skin = of_head & self.skin
        covered = of_head & self.hair
        rows = np.flatnonzero(skin.any(axis=1))
        if rows.size < 3:  # seen from behind, or the face is cut off
            across = np.flatnonzero(covered.any(axis=0) if covered.any() else of_head.any(axis=0))
            face = 0.75 * (across[-1] - across[0] + 1)
            centre = float(across.mean())
            chin = min(float(np.flatnonzero(of_head.any(axis=1))[-1]), top + 1.5 * face)
            return top, chin, face, np.array([centre, chin + 0.2 * face])
        first = float(rows[0])
        part = skin[int(first) : int(first + 0.11 * self.height) + 2]
        columns = np.nonzero(part)[1]
        centre = float(np.median(columns))
        left, right = runs(smoothed(skin | self._of("eyewear"), 1), np.full(self.height, centre))
        widths = (right - left)[int(first) : int(first) + max(3, round(0.09 * self.height))]
        widths = widths[np.isfinite(widths)]
        face = float(np.percentile(widths, 80)) if widths.size else float(np.ptp(columns)) + 1
        head_height = 0.13 * self.height if not self.cut_below else 1.5 * face
        face = float(np.clip(face, 0.5 * head_height, 0.85 * head_height)) if not self.cut_below else face
        # The chin is about 1.25 face widths below the hairline; the neck ends where the shoulders begin.
        chin = first + 1.22 * face
        wide = self.skin | self.upper | self.hair
        left, right = runs(wide, np.full(self.height, centre))
        spread = np.nan_to_num(right - left)
        start = round(first + 0.75 * face)
        stop = round(min(self.height - 2, first + 2.6 * face))
        shoulders = next((row for row in range(start, stop) if spread[row] >= 2.0 * face), stop)
        cloth = [row for row in range(start, stop) if self.upper[row, round(centre)]]
        lowest = min(shoulders, round(first + 1.75 * face))
        if cloth and cloth[0] < lowest:
            lowest = max(cloth[0], round(first + 1.25 * face))
        neck_row = float(max(lowest, round(chin)))
        if not self.cut_below:  # hair may leave so little of a face that it says nothing
            neck_row = float(np.clip(neck_row, top + 0.142 * self.height, top + 0.22 * self.height))
        return top, chin, face, np.array([centre, neck_row])

    def _shoulders(self, wide: Mask, neck: Floats, chin: float, face: float) -> tuple[Floats, float]:
        """The outer points of the shoulders (2, 2), left and right, and their distance."""
        rows = np.arange(self.height)
        band = (rows >= neck[1]) & (rows <= neck[1] + 1.3 * face)
        part = smoothed(wide, 1) & band[:, None]
        found = []
        for side in (-1, 1):
            ys, xs = np.nonzero(part)
            half = 1.45 * face
            if ys.size:
                best = int(np.argmax(side * xs - 0.85 * ys))
                half = side * (xs[best] - neck[0])
            found.append(half)
        left, right = (float(np.clip(half, 0.95 * face, 1.9 * face)) for half in found)
        # One shoulder is often behind hair or a bag: the other says how wide it can be.
        left, right = min(left, 1.35 * right), min(right, 1.35 * left)
        width = left + right
        down = neck[1] + 0.11 * width
        return np.array([[neck[0] - left, down], [neck[0] + right, down]]), width

    def _unit(self, neck: Floats, width: float) -> float:
        soles = self._of("footwear")
        lowest = np.flatnonzero(soles.any(axis=1))
        standing = not self.cut_below and lowest.size and lowest[-1] >= self.height - 3
        if not standing:
            return width
        by_height = (self.height - neck[1]) / _NECK_TO_SOLE
        return float(np.clip(by_height, 0.75 * width, 1.35 * width))

    def _hip(self, neck: Floats, width: float, unit: float) -> Floats:
        row = neck[1] + HIP * unit
        if row >= self.height - 1:
            return np.array([neck[0], row])
        trunk = self.upper | self.lower | self._of("legwear")
        rows = slice(max(0, round(row - 0.15 * unit)), round(row + 0.1 * unit) + 1)
        columns = np.nonzero(trunk[rows])[1]
        near = columns[np.abs(columns - neck[0]) < 0.75 * width]
        middle = float((np.percentile(near, 6) + np.percentile(near, 94)) / 2) if near.size else neck[0]
        return np.array([np.clip(middle, neck[0] - 0.35 * width, neck[0] + 0.35 * width), row])

    def _waist(self, neck: Floats, unit: float, axis: Floats) -> float:
        usual = neck[1] + 1.0 * unit
        rows = np.arange(self.height)
        column = np.clip(np.rint(axis), 0, self.width - 1).astype(np.intp)
        near = np.zeros(self.height, bool)
        for shift in (-2, 0, 2):
            near |= self.lower[rows, np.clip(column + shift, 0, self.width - 1)]
        found = rows[near & (rows > neck[1] + 0.65 * unit) & (rows < neck[1] + 1.3 * unit)]
        return float(found[0]) if found.size else usual

    def _trunk(self, neck: Floats, unit: float, width: float, axis: Floats) -> Floats:
        """The trunk's edges: the outline where it is near what a body has, else the body's."""
        outline = self.skin | self.upper | self.lower
        left, right = runs(smoothed(outline, 1), axis)
        rows = neck[1] + TRUNK_ROWS * unit
        middle = np.interp(rows, np.arange(self.height), axis)
        usual = TRUNK_HALF * width
        edges = []
        for ends, side in ((left, -1), (right, 1)):
            half = side * (at_rows(ends, rows) - middle)
            # Much wider than a trunk: an arm hangs beside it, and no gap parts them.
            unsure = ~np.isfinite(half) | (half > _ARM_BESIDE * usual)
            half = np.where(unsure, usual, np.maximum(half, 0.82 * usual))
            half = np.convolve(np.pad(half, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
            edges.append(middle + side * half)
        return np.column_stack(edges)


def _enlarged(body: Body, box: tuple[int, int, int, int], scale: Floats) -> Body:
    origin = np.array(box[:2], np.float64)

    def points(values: Floats) -> Floats:
        return np.asarray(values * scale + origin)

    arms = tuple(Arm(points(arm.line), arm.half * float(scale[0]), arm.seen) for arm in body.arms)
    return Body(
        box=box,
        neck=points(body.neck),
        hip=points(body.hip),
        width=body.width * float(scale[0]),
        unit=body.unit * float(scale[1]),
        face=body.face * float(scale[0]),
        head_top=body.head_top * float(scale[1]) + origin[1],
        shoulders=points(body.shoulders),
        rows=body.rows,
        trunk=body.trunk * scale[0] + origin[0],
        arms=(arms[0], arms[1]),
        leg_rows=body.leg_rows * scale[1] + origin[1],
        legs=(points(body.legs[0]), points(body.legs[1])),
        waist=body.waist * float(scale[1]) + origin[1],
        crotch=body.crotch * float(scale[1]) + origin[1],
        soles=body.soles * float(scale[1]) + origin[1],
    )
