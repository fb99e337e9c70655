"""The refined alpha: exact away from the outline, on the photo's edge near it, better than the score it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from ewardrobe.errors import MaskError
from ewardrobe.imaging import matting, open_photo, refine_alpha


def coarse(alpha: np.ndarray, stride: int = 4) -> np.ndarray:
    """What a network would give: a blurred score at a fraction of the size."""
    size = (round(alpha.shape[1] / stride), round(alpha.shape[0] / stride))
    return cv2.GaussianBlur(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), (0, 0), 0.7)


def enlarged(score: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.clip(cv2.resize(score, alpha.shape[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)


def near_outline(alpha: np.ndarray, reach: int = 8) -> np.ndarray:
    inside = (alpha > 0.5).astype(np.uint8)
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return cv2.dilate(inside, window) != cv2.erode(inside, window)


def test_it_finds_the_edges_of_a_scene(make_scene: Callable[..., Any]) -> None:
    scene = make_scene(480, 640, items=("top", "pants", "footwear"), kind="flat", seed=4)
    score = coarse(scene.coverage)
    alpha = refine_alpha(scene.pixels, score)
    assert alpha.shape == scene.coverage.shape and alpha.dtype == np.float32
    assert alpha.min() == 0 and alpha.max() == 1
    band = near_outline(scene.coverage)
    before = np.abs(enlarged(score, scene.coverage) - scene.coverage)[band].mean()
    after = np.abs(alpha - scene.coverage)[band].mean()
    assert after < 0.35 * before
    assert (
        alpha[~near_outline(scene.coverage, 14)] == (scene.coverage > 0.5)[~near_outline(scene.coverage, 14)]
    ).all()


def test_it_follows_the_photo_when_the_score_is_off_by_two_pixels() -> None:
    pixels = np.full((120, 160, 3), 200, np.uint8)
    pixels[:, :80] = (40, 60, 120)
    truth = np.zeros((120, 160), np.float32)
    truth[:, :80] = 1
    alpha = refine_alpha(pixels, coarse(np.roll(truth, 2, axis=1)))
    middle = alpha[20:100]
    assert (middle[:, 4:79] > 0.9).all() and (middle[:, 81:150] < 0.1).all()


def test_without_an_edge_in_the_photo_the_score_decides() -> None:
    pixels = np.full((120, 160, 3), 128, np.uint8)
    truth = np.zeros((120, 160), np.float32)
    truth[:, :80] = 1
    alpha = refine_alpha(pixels, coarse(truth))
    crossing = np.abs(alpha[20:100] - 0.5).argmin(axis=1)
    assert (np.abs(crossing - 79.5) < 1.5).all()
    assert ((alpha[60] > 0.05) & (alpha[60] < 0.95)).sum() <= 8, "the edge must not be hazy"


def test_tiles_leave_no_seams(make_scene: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make_scene(300, 333, items=("dress",), seed=1)
    score = coarse(scene.coverage)
    whole = refine_alpha(scene.pixels, score)
    monkeypatch.setattr(matting, "_TILE", 37)
    assert np.abs(refine_alpha(scene.pixels, score) - whole).max() < 0.02


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nothing_and_everything(value: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    assert (refine_alpha(pixels, np.full((13, 18), value, np.float32)) == value).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 2), (257, 5)])
@pytest.mark.parametrize("score", [(1, 1), (2, 3), None])
def test_any_size(shape: tuple[int, int], score: tuple[int, int] | None) -> None:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 255, (*shape, 3)).astype(np.uint8)
    alpha = refine_alpha(pixels, random.random(score or shape).astype(np.float32))
    assert alpha.shape == shape and np.isfinite(alpha).all() and 0 <= alpha.min() <= alpha.max() <= 1


def test_nonsense_is_refused() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    for wrong in (
        np.zeros((0, 2), np.float32),
        np.zeros((2, 2, 2), np.float32),
        np.full((2, 2), np.nan, np.float32),
    ):
        with pytest.raises(MaskError):
            refine_alpha(pixels, wrong)
    with pytest.raises(MaskError):
        refine_alpha(np.zeros((8, 8), np.uint8), np.zeros((2, 2), np.float32))


@pytest.mark.data
def test_it_more_than_halves_the_error_on_real_garments(data_folder: Path) -> None:
    before, after = [], []
    for path in sorted((data_folder / "flatlay" / "alpha").glob("*.png"))[::250]:
        photo = open_photo(next((data_folder / "flatlay" / "photos").glob(f"{path.stem}.*")))
        truth = np.asarray(Image.open(path).convert("L"), np.float32) / 255
        score = coarse(truth)
        band = near_outline(truth)
        before.append(np.abs(enlarged(score, truth) - truth)[band].mean())
        after.append(np.abs(refine_alpha(photo.pixels, score) - truth)[band].mean())
    assert np.mean(after) < 0.5 * np.mean(before)
