"""A person who stands, and garments drawn flat, with known outlines."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ewardrobe.segmentation import Segmentation
from ewardrobe.tryon import GarmentPiece
from tests.conftest import render_scene
from tests.restyling.conftest import truth_of

OUTLINES = {
    # A T-shirt with its sleeves spread, in hundredths: collar, shoulders, sleeve ends, armpits, hem.
    "top": "38,6 62,6 78,12 98,34 86,44 73,34 73,94 27,94 27,34 14,44 2,34 22,12",
    "pants": "28,4 72,4 80,96 58,96 50,36 42,96 20,96",
    "skirt": "36,6 64,6 82,94 18,94",
}


def flat_piece(
    label: str = "top", size: int = 200, colour: tuple[int, int, int] = (200, 30, 40)
) -> GarmentPiece:
    """A garment lying flat, its left half of `colour`, its right half darker."""
    points = np.array([point.split(",") for point in OUTLINES[label].split()], np.float64) * size / 100
    alpha = np.zeros((size, size), np.uint8)
    cv2.fillPoly(alpha, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    pixels = np.empty((size, size, 3), np.uint8)
    pixels[:] = colour
    pixels[:, size // 2 :] //= 2
    return GarmentPiece(pixels, alpha, label)


Standing = Callable[..., Segmentation]


@pytest.fixture(scope="session")
def standing() -> Standing:
    """`standing(items=..., people=...)` is a person in a top, trousers and shoes, segmented by the truth."""

    def make(**how: object) -> Segmentation:
        settings: dict[str, object] = {"items": ("top", "pants", "footwear"), **how}
        return truth_of(render_scene(240, 400, **settings))  # type: ignore[arg-type]

    return make
