"""RLE, polygons and boxes: exact both ways, and refusing what contradicts itself."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ewardrobe.errors import MaskError
from ewardrobe.imaging import (
    Polygon,
    bounding_box,
    decode_rle,
    encode_rle,
    mask_to_polygons,
    polygons_to_mask,
)

# pycocotools 2.0.11 is not yet written for NumPy 2's `copy` keyword.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MASKS = arrays.arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@given(MASKS)
def test_rle_round_trip(mask: np.ndarray) -> None:
    rle = encode_rle(mask)
    assert rle["size"] == list(mask.shape) and isinstance(rle["counts"], str)
    assert (decode_rle(rle) == mask).all()
    assert (decode_rle({**rle, "counts": rle["counts"].encode()}) == mask).all()


@given(MASKS)
def test_uncompressed_rle(mask: np.ndarray) -> None:
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    counts = [0, *runs] if flat[0] else runs
    assert (decode_rle({"size": list(mask.shape), "counts": counts}) == mask).all()


@settings(max_examples=300)
@given(MASKS)
def test_polygons_give_the_mask_back_to_the_pixel(mask: np.ndarray) -> None:
    polygons = mask_to_polygons(mask)
    assert (polygons_to_mask(polygons, mask.shape) == mask).all()
    for polygon in polygons:
        assert _area(polygon.outer) > 0 and all(_area(hole) < 0 for hole in polygon.holes)
    assert sum(_area(p.outer) + sum(map(_area, p.holes)) for p in polygons) == mask.sum()


def _area(ring: np.ndarray) -> float:
    """Signed, positive when the ring runs clockwise as seen (y down)."""
    x, y = ring[:, 0], ring[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def test_polygons_of_a_ring_with_an_island() -> None:
    mask = np.zeros((12, 12), bool)
    mask[1:11, 1:11] = True
    mask[3:9, 3:9] = False
    mask[5:7, 5:7] = True
    ring, island = sorted(mask_to_polygons(mask), key=lambda polygon: -len(polygon.holes))
    assert len(ring.holes) == 1 and not island.holes
    assert ring.outer.tolist() == [[1, 1], [11, 1], [11, 11], [1, 11]]
    assert sorted(ring.holes[0].tolist()) == [[3, 3], [3, 9], [9, 3], [9, 9]]


def test_pixels_that_touch_at_a_corner_are_two_pieces() -> None:
    for mask in (np.eye(2, dtype=bool), ~np.eye(2, dtype=bool)):
        assert len(mask_to_polygons(mask)) == 2


def test_empty_and_full() -> None:
    assert mask_to_polygons(np.zeros((3, 4), bool)) == []
    assert not polygons_to_mask([], (3, 4)).any()
    (polygon,) = mask_to_polygons(np.ones((3, 4), bool))
    assert polygon.outer.tolist() == [[0, 0], [4, 0], [4, 3], [0, 3]]


def test_tolerance_trades_points_for_pixels() -> None:
    rows, columns = np.mgrid[0:200, 0:200]
    disc = (rows - 100) ** 2 + (columns - 90) ** 2 < 70**2
    exact, simple = mask_to_polygons(disc), mask_to_polygons(disc, tolerance=1.0)
    assert len(simple[0].outer) < len(exact[0].outer) / 5
    again = polygons_to_mask(simple, disc.shape)
    assert (again & disc).sum() / (again | disc).sum() > 0.98


def test_coordinates_between_pixels_are_rasterised_like_coco() -> None:
    square = Polygon(np.array([[1.2, 1.2], [3.8, 1.2], [3.8, 3.8], [1.2, 3.8]]))
    expected = np.zeros((5, 5), bool)
    expected[1:4, 1:4] = True
    assert (polygons_to_mask([square], (5, 5)) == expected).all()


def test_polygons_reaching_out_are_clipped() -> None:
    big = Polygon(np.array([[-5.0, -5.0], [15.0, -5.0], [15.0, 15.0], [-5.0, 15.0]]))
    assert polygons_to_mask([big], (6, 8)).all()


@pytest.mark.parametrize(
    "ring",
    [
        np.zeros((2, 2)),
        np.zeros((4, 3)),
        np.array([[0, 0], [1, np.nan], [1, 1]]),
        np.array([[0, 0], [1e9, 0], [1, 1]]),
        np.array([[0, 0], [np.inf, 0], [1, 1]]),
    ],
)
def test_impossible_rings_are_refused(ring: np.ndarray) -> None:
    with pytest.raises(MaskError):
        polygons_to_mask([Polygon(ring)], (5, 5))


@given(MASKS)
def test_bounding_box_is_tight(mask: np.ndarray) -> None:
    x, y, width, height = bounding_box(mask)
    if not mask.any():
        assert (x, y, width, height) == (0, 0, 0, 0)
        return
    rows, columns = np.nonzero(mask)
    assert (x, y) == (columns.min(), rows.min())
    assert (x + width - 1, y + height - 1) == (columns.max(), rows.max())


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [2, 2]},
        {"size": [2], "counts": "04"},
        {"size": [0, 2], "counts": ""},
        {"size": [-2, -2], "counts": [4]},
        {"size": [1 << 20, 1 << 20], "counts": [4]},
        {"size": [2, 2], "counts": [3]},
        {"size": [2, 2], "counts": [-1, 5]},
        {"size": [2, 2], "counts": ["a"]},
        {"size": [2, 2], "counts": 4},
        {"size": [2, 2], "counts": "P"},
        {"size": [2, 2], "counts": "~"},
        {"size": [2, 2], "counts": "9"},
        {"size": [2, 2], "counts": "ö"},
    ],
)
def test_impossible_rle_is_refused(rle: dict[str, Any]) -> None:
    with pytest.raises(MaskError) as caught:
        decode_rle(rle)
    assert "\n" not in str(caught.value)


@settings(max_examples=300)
@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=12))
def test_any_text_is_a_mask_or_refused(counts: str) -> None:
    with contextlib.suppress(MaskError):
        assert decode_rle({"size": [5, 7], "counts": counts}).shape == (5, 7)


def test_a_mask_is_bool_and_flat() -> None:
    for wrong in (np.zeros((3, 3), np.uint8), np.zeros((3, 3, 1), bool), np.zeros((0, 3), bool)):
        for use in (encode_rle, bounding_box, mask_to_polygons):
            with pytest.raises(MaskError):
                use(wrong)  # type: ignore[operator]
