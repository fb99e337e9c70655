"""Who is in the photo: which part of the foreground belongs to which person.

A person is a piece of the foreground with a body in it. Two pieces are two people when they stand side by side and
each has a head; pieces above each other are one person cut by something in front. One piece with two heads side by
side is two people who touch, parted at the foreground's narrowest column between the heads. What has no body and lies
off every person (a bag on a chair, clothes on a bed) belongs to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.segmentation.components import Box, LabelMap, Region, find_regions, tight_box
from ewardrobe.segmentation.roles import is_head
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["People", "find_people"]

_LONG_SIDE = 480  # people are found on a nearest-neighbour reduction: a person is no matter of single pixels
_BODY_SHARE = 0.03  # of a piece; less is a hand that holds a garment up, or cloth taken for skin
_PERSON_SHARE = 0.04  # of the largest person
_HEADLESS_SHARE = 0.3
_MOST_PEOPLE = 100
_REACH = 0.25  # of a person's width, to either side
_SECOND_HEAD = 0.35  # of the largest head's hair, so that a strand over the shoulder is no second head


@dataclass(frozen=True, slots=True)
class People:
    """`count` people; `owners` uint8 (h, w), a reduction of the photo: 0 nobody's, else the person, left to right."""

    count: int
    owners: npt.NDArray[np.uint8]
    photo_size: tuple[int, int]

    def owner_map(self, box: Box) -> npt.NDArray[np.uint8]:
        """The owner of each pixel of a box of the photo, uint8 (h, w)."""
        x, y, width, height = box
        rows = np.arange(y, y + height) * self.owners.shape[0] // self.photo_size[0]
        columns = np.arange(x, x + width) * self.owners.shape[1] // self.photo_size[1]
        owners: npt.NDArray[np.uint8] = self.owners[rows[:, None], columns[None, :]]
        return owners


@dataclass(frozen=True, slots=True)
class _Piece:
    region: Region
    body: int
    head: int

    @property
    def left(self) -> int:
        return self.region.box[0]

    @property
    def right(self) -> int:
        return self.region.box[0] + self.region.box[2]


def find_people(label_map: LabelMap, taxonomy: Taxonomy) -> People:
    """The people in a label map, uint8 (H, W), of a taxonomy; none when the taxonomy knows no body."""
    small = _reduced(label_map)
    owners = np.zeros(small.shape, dtype=np.uint8)
    pieces = _pieces(small, taxonomy)
    people = _seeds(pieces)
    for piece in pieces:
        home = next((one for one in people if one is piece), None) or _home(piece, people)
        if home is not None:
            owners[piece.region.window][piece.region.mask] = people.index(home) + 1
    count = len(people)
    for number, person in enumerate(people, start=1):
        count += _part_heads(small, owners, number, count, person, taxonomy)
    return People(count, _left_to_right(owners, count), (label_map.shape[0], label_map.shape[1]))


def _reduced(label_map: LabelMap) -> LabelMap:
    height, width = label_map.shape
    factor = min(1.0, _LONG_SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(label_map, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _pieces(small: LabelMap, taxonomy: Taxonomy) -> list[_Piece]:
    foreground = ((small != 0) & (small != IGNORE)).astype(np.uint8)
    # Closed by a pixel, so that the line between a sleeve and a hand parts nobody.
    closed = cv2.morphologyEx(foreground, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    body = [item.index for item in taxonomy if item.kind == "body"]
    head = [index for index in range(len(taxonomy)) if is_head(taxonomy, index)]
    pieces = []
    for region in find_regions(np.asarray(closed, dtype=np.uint8), (1,)):
        counts = np.bincount(small[region.window][region.mask], minlength=256)
        pieces.append(_Piece(region, int(counts[body].sum()), int(counts[head].sum())))
    return sorted(pieces, key=lambda piece: -piece.region.area)


def _seeds(pieces: list[_Piece]) -> list[_Piece]:
    people: list[_Piece] = []
    for piece in pieces:
        area = piece.region.area
        if piece.body < _BODY_SHARE * area:
            continue
        if not people:
            people.append(piece)
            continue
        largest = people[0].region.area
        enough = _PERSON_SHARE if piece.head > 0.01 * area else _HEADLESS_SHARE
        beside = all(_overlap(piece, person) < 0.3 for person in people)
        if beside and area >= enough * largest:
            people.append(piece)
    return people[:_MOST_PEOPLE]


def _overlap(one: _Piece, other: _Piece) -> float:
    """The horizontal overlap of two pieces as a share of the narrower."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / min(one.region.box[2], other.region.box[2])


def _home(piece: _Piece, people: list[_Piece]) -> _Piece | None:
    """The person a loose piece belongs to: whose column it stands in, or who is near beside it."""
    best, best_share = None, 0.5
    for person in people:
        reach = round(_REACH * person.region.box[2]) if _side_by_side(piece, person) else 0
        left, right = person.left - reach, person.right + reach
        # A piece that begins within reach counts whole: a bag in a hand is wider than the gap the hand leaves.
        within = left <= piece.right and piece.left <= right if reach else False
        share = 1.0 if within else (min(piece.right, right) - max(piece.left, left)) / piece.region.box[2]
        if share > best_share:
            best, best_share = person, share
    return best


def _side_by_side(piece: _Piece, person: _Piece) -> bool:
    (_, top, _, height), (_, above, _, tall) = piece.region.box, person.region.box
    return min(top + height, above + tall) - max(top, above) >= 0.5 * height


def _part_heads(
    small: LabelMap,
    owners: npt.NDArray[np.uint8],
    number: int,
    count: int,
    person: _Piece,
    taxonomy: Taxonomy,
) -> int:
    """Part a person with several heads, in place; returns how many people were added."""
    whole = owners == number
    heads = _heads(np.where(whole, small, 0).astype(np.uint8), taxonomy)
    columns = whole.sum(axis=0)
    for one, other in pairwise(heads):
        start, stop = _centre(one), _centre(other)
        between = columns[start:stop]
        narrowest = np.flatnonzero(between == between.min())
        cut = start + int(narrowest[np.argmin(np.abs(narrowest - len(between) / 2))])
        count += 1
        owners[:, cut:][whole[:, cut:]] = count
    return max(len(heads) - 1, 0)


def _heads(person: LabelMap, taxonomy: Taxonomy) -> list[Box]:
    """The boxes of the heads of one piece, from left to right: hair with a face, beside each other."""
    hair = [index for index in range(len(taxonomy)) if is_head(taxonomy, index)]
    body = [item.index for item in taxonomy if item.kind == "body"]
    on_head = np.isin(person, hair + body).astype(np.uint8)
    found: list[tuple[int, Box]] = []
    for region in find_regions(on_head, (1,)):
        labels = person[region.window]
        of_hair = region.mask & np.isin(labels, hair)
        amount = int(of_hair.sum())
        skin = region.area - amount
        if amount and skin >= 0.25 * amount:
            x, y, _, _ = region.box
            left, top, width, height = tight_box(np.ascontiguousarray(of_hair))
            found.append((amount, (x + left, y + top, width, height)))
    found.sort(key=lambda item: -item[0])
    heads: list[Box] = []
    for amount, box in found:
        if amount < _SECOND_HEAD * found[0][0]:
            break
        apart = all(abs(_centre(box) - _centre(head)) > 0.8 * max(box[2], head[2]) for head in heads)
        if apart:
            heads.append(box)
    return sorted(heads, key=_centre)


def _centre(box: Box) -> int:
    return box[0] + box[2] // 2


def _left_to_right(owners: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.uint8]:
    if count < 2:
        return owners
    columns = np.arange(owners.shape[1])
    centres = []
    for number in range(1, count + 1):
        weights = (owners == number).sum(axis=0)
        centres.append(float((columns * weights).sum() / max(int(weights.sum()), 1)))
    table = np.zeros(256, dtype=np.uint8)
    table[1 + np.argsort(centres)] = np.arange(1, count + 1)
    renumbered: npt.NDArray[np.uint8] = table[owners]
    return renumbered
