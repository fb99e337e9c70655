"""Cut-outs: cropped, in their own colours, on nothing or on a ground."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from ewardrobe.errors import MaskError
from ewardrobe.imaging import cut_out, estimate_foreground


def composite(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A soft-edged blue-and-red thing on a bright green ground: photo, alpha, and the thing's true colours."""
    alpha = np.zeros((200, 240), np.float32)
    cv2.ellipse(alpha, (120, 100), (70, 60), 20, 0, 360, 1.0, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 2.0)
    true = np.full((200, 240, 3), (30, 40, 160), np.float32)
    true[:, 120:] = (170, 30, 40)
    photo = alpha[..., None] * true + (1 - alpha[..., None]) * np.array([60, 230, 70], np.float32)
    return np.round(photo).astype(np.uint8), alpha, true


def test_the_old_background_does_not_shine_through() -> None:
    photo, alpha, true = composite()
    edge = (alpha > 0.05) & (alpha < 0.95) & (np.abs(np.arange(240) - 120) > 12)[None]
    before = np.abs(photo.astype(float) - true)[edge].mean()
    after = np.abs(estimate_foreground(photo, alpha).astype(float) - true)[edge].mean()
    assert before > 40 and after < 6


def test_covered_pixels_stay_as_they_are() -> None:
    photo, alpha, _ = composite()
    alpha[alpha > 0.98] = 1
    result = estimate_foreground(photo, alpha)
    assert (result[alpha == 1] == photo[alpha == 1]).all()
    assert (result[:20, :20] == 0).all(), "nothing of the background travels along far from the thing"


def test_cropped_with_a_margin() -> None:
    photo = np.full((100, 100, 3), 90, np.uint8)
    alpha = np.zeros((100, 100), np.float32)
    alpha[20:60, 30:50] = 1
    assert cut_out(photo, alpha, margin=0).size == (20, 40)
    assert cut_out(photo, alpha, margin=0.1).size == (28, 48)
    assert cut_out(photo, alpha, margin=9).size == (100, 100)
    whole = cut_out(photo, alpha, crop=False)
    assert whole.mode == "RGBA" and (np.asarray(whole)[..., 3] == alpha * 255).all()


def test_on_a_colour_and_on_a_picture() -> None:
    photo, alpha, true = composite()
    on_white = cut_out(photo, alpha, crop=False, background=(255, 255, 255))
    expected = alpha[..., None] * true + (1 - alpha[..., None]) * 255
    assert on_white.mode == "RGB" and np.abs(np.asarray(on_white) - expected).mean() < 1.5
    ground = Image.new("RGB", (50, 10), (9, 8, 7))
    on_picture = np.asarray(cut_out(photo, alpha, crop=False, background=ground))
    assert on_picture.shape == photo.shape and (on_picture[0, 0] == (9, 8, 7)).all()


def test_impossible_requests_are_refused() -> None:
    photo = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(MaskError, match="size"):
        cut_out(photo, np.ones((4, 5), np.float32))
    with pytest.raises(MaskError, match="nothing"):
        cut_out(photo, np.zeros((4, 4), np.float32))


def test_tiles_leave_no_seams(make_scene: Callable[..., Any]) -> None:
    scene = make_scene(620, 560, items=("dress",), kind="flat", seed=3)
    result = estimate_foreground(scene.pixels, scene.coverage).astype(int)
    inside = scene.coverage > 0.3
    for line in (256, 512):
        across = np.abs(result[:, line] - result[:, line - 1])[inside[:, line] & inside[:, line - 1]]
        beside = np.abs(result[:, line - 1] - result[:, line - 2])[inside[:, line - 1] & inside[:, line - 2]]
        if len(across) and len(beside):
            assert across.mean() < 2 * beside.mean() + 2
