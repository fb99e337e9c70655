"""The measures and the pattern network, on cloth drawn here; how good it is on photos: benchmarks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.attributes.pattern import PATTERNS, pattern_network, pattern_of
from ewardrobe.attributes.texture import FEATURE_NAMES, texture_features

ROWS, COLUMNS = np.mgrid[0:200, 0:160]
EVERYWHERE = np.ones(ROWS.shape, bool)


def cloth(marks: np.ndarray, ground: tuple[int, int, int], ink: tuple[int, int, int]) -> np.ndarray:
    """Marks in ink on a ground, with a fold and some noise, as a photo has them."""
    rng = np.random.default_rng(0)
    drawn = np.where(marks[..., None], ink, ground).astype(float)
    fold = 1 + 0.08 * np.sin(COLUMNS / 23)[..., None]
    return np.clip(drawn * fold + rng.normal(0, 2, drawn.shape), 0, 255).astype(np.uint8)


DRAWN = {
    "solid": np.zeros_like(EVERYWHERE),
    "striped": ROWS % 20 < 8,
    "checked": (ROWS % 24 < 8) | (COLUMNS % 24 < 8),
    "dotted": np.hypot(ROWS % 22 - 11, COLUMNS % 22 - 11) < 5,
}


@pytest.mark.parametrize("pattern", DRAWN)
@pytest.mark.parametrize("colours", [((30, 40, 90), (235, 235, 230)), ((240, 236, 228), (170, 30, 40))])
def test_drawn_patterns_are_told(pattern: str, colours: tuple) -> None:
    assert pattern_of(cloth(DRAWN[pattern], *colours), EVERYWHERE).name == pattern


def test_strong_folds_are_not_a_pattern() -> None:
    folds = 0.75 + 0.25 * np.sin(COLUMNS / 9 + ROWS / 60)
    pixels = (folds[..., None] * np.array([60, 90, 160])).astype(np.uint8)
    assert pattern_of(pixels, EVERYWHERE).name == "solid"


def test_what_lies_outside_the_mask_does_not_matter() -> None:
    mask = np.hypot(ROWS - 100, COLUMNS - 80) < 70
    pixels = cloth(DRAWN["solid"], (60, 120, 70), (0, 0, 0))
    busy = np.where(mask[..., None], pixels, cloth(DRAWN["checked"], (255, 255, 255), (0, 0, 0)))
    quiet = np.where(mask[..., None], pixels, np.uint8(128))
    assert texture_features(busy, mask) == pytest.approx(texture_features(quiet, mask), abs=0.15)
    assert pattern_of(busy, mask).name == "solid"


def test_measures_are_named_and_finite() -> None:
    features = texture_features(cloth(DRAWN["dotted"], (20, 20, 20), (240, 240, 240)), EVERYWHERE)
    assert features.shape == (len(FEATURE_NAMES),)
    assert features.dtype == np.float32
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)
    assert np.isfinite(features).all()


def test_stripes_are_seen_by_their_own_measures() -> None:
    measure = dict(
        zip(
            FEATURE_NAMES,
            texture_features(cloth(DRAWN["striped"], (20, 30, 70), (230, 230, 230)), EVERYWHERE),
            strict=True,
        )
    )
    assert measure["strips0.level"] > 0.7 > measure["strips0.upright"]
    assert measure["lines0.coherent"] > 0.8


def test_too_little_cloth_is_unknown() -> None:
    few = np.zeros_like(EVERYWHERE)
    few[:10, :10] = True
    assert pattern_of(cloth(DRAWN["striped"], (0, 0, 0), (255, 255, 255)), few).name == "unknown"


def test_probabilities_sum_to_one() -> None:
    likely = pattern_network().probabilities(np.random.default_rng(1).normal(0, 3, (20, len(FEATURE_NAMES))))
    assert likely.shape == (20, len(PATTERNS))
    assert likely.sum(axis=1) == pytest.approx(np.ones(20))
    assert pattern_network().names == PATTERNS


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_crop_gives_an_answer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (int(rng.integers(1, 300)), int(rng.integers(1, 90)), 3), np.uint8)
    mask = rng.random(pixels.shape[:2]) < rng.random()
    value = pattern_of(pixels, mask)
    assert value.name in (*PATTERNS, "unknown")
    assert 0.0 <= value.confidence <= 1.0
    assert value == pattern_of(pixels, mask)
