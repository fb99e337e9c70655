"""The spline, the warp, and the filter over time."""

from __future__ import annotations

import numpy as np
import pytest

from ewardrobe.tryon import OneEuroFilter
from ewardrobe.tryon.warping import Spline, warp

CORNERS = np.array([[0.0, 0], [40, 0], [0, 60], [40, 60], [20, 30]])


def test_a_spline_goes_through_its_points_and_keeps_what_is_affine() -> None:
    turned = CORNERS @ np.array([[0.8, 0.3], [-0.3, 0.8]]) + [5, 7]
    spline = Spline.fit(CORNERS, turned)
    inside = np.array([[10.0, 12], [33, 50]])
    assert spline.at(inside) == pytest.approx(inside @ np.array([[0.8, 0.3], [-0.3, 0.8]]) + [5, 7], abs=1e-6)
    bent = turned + np.array([[0, 0], [0, 0], [0, 0], [0, 0], [3.0, 0]])
    assert Spline.fit(CORNERS, bent).at(CORNERS) == pytest.approx(bent, abs=0.1)


def test_a_warp_puts_points_where_they_belong() -> None:
    image = np.zeros((61, 41, 4), np.float32)
    image[28:33, 18:23] = 1
    drawn = warp(image, CORNERS, CORNERS * 2 + [100, 50], (300, 300), 4)
    assert drawn is not None
    window, part = drawn
    canvas = np.zeros((300, 300), np.float32)
    canvas[window] = part[..., 3]
    rows, columns = np.nonzero(canvas > 0.5)
    assert (columns.mean(), rows.mean()) == pytest.approx((140, 110), abs=1)
    assert canvas.sum() == pytest.approx(100, rel=0.1)
    assert warp(image, CORNERS, CORNERS - 500, (300, 300), 4) is None


def test_points_at_rest_stop_shaking_and_points_in_motion_keep_up() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(0, 400, (20, 2))
    still = OneEuroFilter()
    seen = [still(base + rng.normal(0, 2, base.shape), 1 / 15, 100) for _ in range(60)]
    assert np.std(seen[20:], axis=0).mean() < 0.8
    moving = OneEuroFilter()
    for step in range(30):
        steady = moving(base + step * np.array([12.0, 0]), 1 / 15, 100)
    assert np.abs(steady - base - [29 * 12, 0]).max() < 12  # less than a frame behind
