"""The measures of soft masks against their papers' formulas written out pixel by pixel, and known values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.errors import MaskError
from ewardrobe.evaluation import MattingScorer
from ewardrobe.evaluation.matting import (
    absolute_error,
    gradient_error,
    mean_squared_error,
    s_measure,
    weighted_f,
)

Map = npt.NDArray[np.float64]
Measure = Callable[[Map, Map], Any]
SINGLE: dict[str, Measure] = {
    "mae": lambda found, truth: absolute_error(found, truth)[0],
    "sad": lambda found, truth: absolute_error(found, truth)[1],
    "mse": mean_squared_error,
    "gradient": gradient_error,
    "weighted_f": weighted_f,
    "s_measure": s_measure,
}


def disc(height: int = 40, width: int = 50, *, radius: float = 12, soft: float = 2) -> Map:
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(rows - height / 2 + 3, columns - width / 2 - 4)
    return np.clip((radius - distance) / soft + 0.5, 0, 1)


def gaussian_window(side: int, sigma: float) -> Map:
    steps = np.arange(side) - side // 2
    window = np.exp(-(steps[:, None] ** 2 + steps[None] ** 2) / (2 * sigma**2))
    return window / window.sum()


def naive_weighted_f(found: Map, truth: Map) -> float:
    """WFb.m of the paper's authors: nearest pixels by trying all, the filter by adding up its window."""
    mask = truth >= 0.5
    inside = np.argwhere(mask)
    error = np.abs(found - mask)
    filled, distance = error.copy(), np.zeros(error.shape)
    for y, x in np.argwhere(~mask):
        squares = ((inside - (y, x)) ** 2).sum(axis=1)
        nearest = inside[squares == squares.min()]
        filled[y, x] = error[tuple(nearest[0])]
        distance[y, x] = math.sqrt(squares.min())
    window = gaussian_window(7, 5)
    padded = np.pad(filled, 3)
    eased = np.array(
        [
            [(padded[y : y + 7, x : x + 7] * window).sum() for x in range(mask.shape[1])]
            for y in range(mask.shape[0])
        ]
    )
    least = np.where(mask & (eased < error), eased, error)
    weights = np.where(mask, 1.0, 2.0 - np.exp(math.log(1 - 0.5) / 5 * distance))
    weighted = least * weights
    right, wrong = mask.sum() - weighted[mask].sum(), weighted[~mask].sum()
    recall = 1 - weighted[mask].mean()
    precision = right / (np.spacing(1) + right + wrong)
    return float(2 * recall * precision / (np.spacing(1) + recall + precision))


def naive_s_measure(found: Map, truth: Map) -> float:
    """StructureMeasure.m of the paper's authors, with its pixels counted from one."""
    mask = truth >= 0.5
    if not mask.any():
        return float(1 - found.mean())
    if mask.all():
        return float(found.mean())

    def likeness(values: Map) -> float:
        return 2 * values.mean() / (values.mean() ** 2 + 1 + values.std(ddof=1) + np.spacing(1))

    share = mask.mean()
    by_object = share * likeness(found[mask]) + (1 - share) * likeness((1 - found)[~mask])
    height, width = mask.shape
    total = mask.sum()
    x = math.floor((mask.sum(axis=0) * np.arange(1, width + 1)).sum() / total + 0.5)
    y = math.floor((mask.sum(axis=1) * np.arange(1, height + 1)).sum() / total + 0.5)
    by_region = 0.0
    for rows in (slice(0, y), slice(y, height)):
        for columns in (slice(0, x), slice(x, width)):
            part, true_part = found[rows, columns], mask[rows, columns].astype(float)
            if not part.size:
                continue
            count = part.size - 1 + np.spacing(1)
            spread = ((part - part.mean()) ** 2).sum() / count
            true_spread = ((true_part - true_part.mean()) ** 2).sum() / count
            together = ((part - part.mean()) * (true_part - true_part.mean())).sum() / count
            above = 4 * part.mean() * true_part.mean() * together
            below = (part.mean() ** 2 + true_part.mean() ** 2) * (spread + true_spread)
            value = above / (below + np.spacing(1)) if above != 0 else float(below == 0)
            by_region += part.size / mask.size * value
    return float(max(0.0, 0.5 * by_object + 0.5 * by_region))


def naive_gradient(found: Map, truth: Map) -> float:
    """gaussgradient.m and compute_gradient_loss.m, as the benchmark distributes them, over the whole photo."""
    sigma = 1.4
    half = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * 0.01)))
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    for i in range(2 * half + 1):
        for j in range(2 * half + 1):
            u, v = i - half, j - half
            bell = [math.exp(-(w**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi)) for w in (u, v)]
            kernel[i, j] = bell[0] * -v * bell[1] / sigma**2
    kernel /= math.sqrt((kernel**2).sum())

    def magnitude(alpha: Map) -> Map:
        padded = np.pad(alpha, half, mode="edge")
        across, down = np.zeros_like(alpha), np.zeros_like(alpha)
        for i in range(2 * half + 1):
            for j in range(2 * half + 1):
                part = padded[i : i + alpha.shape[0], j : j + alpha.shape[1]]
                across += kernel[i, j] * part
                down += kernel[j, i] * part
        return np.sqrt(across**2 + down**2)

    return float(((magnitude(found) - magnitude(truth)) ** 2).sum() / 1000)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0, 1, 2, 3]))
def test_they_follow_their_papers(seed: int, shift: int) -> None:
    random = np.random.default_rng(seed)
    truth = disc(24, 30, radius=random.uniform(2, 10))
    moved = np.roll(truth, (shift, -shift), axis=(0, 1))
    found = np.clip(moved + random.normal(0, random.uniform(0, 0.3), truth.shape), 0, 1)
    assert weighted_f(found, truth) == pytest.approx(naive_weighted_f(found, truth), abs=1e-6)
    assert s_measure(found, truth) == pytest.approx(naive_s_measure(found, truth), abs=1e-9)
    assert gradient_error(found, truth) == pytest.approx(naive_gradient(found, truth), abs=1e-9)


def test_a_perfect_mask() -> None:
    truth = (disc() >= 0.5).astype(float)
    assert [SINGLE[name](truth, truth) for name in ("mae", "sad", "mse", "gradient")] == [0, 0, 0, 0]
    assert weighted_f(truth, truth) == pytest.approx(1)
    assert s_measure(truth, truth) == pytest.approx(1)


def test_known_values() -> None:
    truth, found = np.zeros((20, 50)), np.zeros((20, 50))
    truth[:, :25] = 1
    found[:, :25] = 0.5
    assert absolute_error(found, truth) == (0.25, 0.25)
    assert mean_squared_error(found, truth) == 0.125
    empty = np.zeros((20, 50))
    assert s_measure(found, empty) == 1 - found.mean()
    assert s_measure(found, np.ones((20, 50))) == found.mean()
    assert math.isnan(weighted_f(found, empty))
    assert weighted_f(np.zeros((40, 50)), disc()) == pytest.approx(0, abs=1e-9)
    assert gradient_error(np.full((20, 50), 0.7), empty) == pytest.approx(0, abs=1e-20)


@pytest.mark.parametrize("name", SINGLE)
def test_a_mirrored_photo_has_the_same_errors(name: str) -> None:
    random = np.random.default_rng(0)
    truth = disc(41, 41, radius=11)
    truth = np.minimum(
        truth, truth[:, ::-1]
    )  # its centroid lies on the middle column, which mirrors onto itself
    found = np.clip(truth + random.normal(0, 0.2, truth.shape), 0, 1)
    straight = SINGLE[name](found, truth)
    mirrored = SINGLE[name](found[:, ::-1], truth[:, ::-1])
    # The part left of the centroid holds its column, so S-measure is symmetric but for that; ties likewise in the F.
    assert mirrored == pytest.approx(straight, rel=0.02 if name in ("s_measure", "weighted_f") else 1e-9)


@pytest.mark.parametrize("name", ["mae", "sad", "mse", "gradient"])
def test_the_errors_do_not_care_which_is_true(name: str) -> None:
    truth, found = disc(), disc(radius=9, soft=5)
    assert SINGLE[name](found, truth) == pytest.approx(SINGLE[name](truth, found))


def test_far_mistakes_weigh_more_and_structure_counts() -> None:
    truth = (disc(60, 60, radius=10) >= 0.5).astype(float)
    near, far = truth.copy(), truth.copy()
    near[24:28, 46:50] = 1  # 16 pixels each
    far[0:4, 0:4] = 1
    assert absolute_error(near, truth) == absolute_error(far, truth)
    assert weighted_f(far, truth) < weighted_f(near, truth) < 1
    random = np.random.default_rng(0)
    noise = truth.copy()
    wrong = random.permutation(truth.size)[: int(truth.sum())]
    noise.flat[wrong] = 1 - noise.flat[wrong]
    smaller = np.where(truth * 0 + disc(60, 60, radius=1) >= 0.5, truth, 0)
    assert absolute_error(noise, truth)[0] >= absolute_error(smaller, truth)[0] * 0.9
    assert s_measure(truth * 0.8, truth) > s_measure(noise, truth)


def test_the_scorer_takes_means_over_photos() -> None:
    scorer = MattingScorer()
    truth = disc()
    pairs = [(truth, np.clip(truth + step, 0, 1)) for step in (0.0, 0.1, 0.2)]
    pairs.append((np.zeros_like(truth), np.full_like(truth, 0.1)))
    for alpha, predicted in pairs:
        scorer.add(alpha, predicted)
    scores, intervals = scorer.scores(), scorer.intervals(resamples=100)
    for name, measure in SINGLE.items():
        each = [measure(predicted, alpha) for alpha, predicted in pairs]
        assert scores[name] == pytest.approx(np.nanmean(each)), name
        assert intervals[name].low <= scores[name] <= intervals[name].high
    assert len(scorer) == 4


@pytest.mark.parametrize("name", SINGLE)
def test_sizes_must_agree(name: str) -> None:
    with pytest.raises(MaskError, match="cannot be compared"):
        SINGLE[name](np.zeros((4, 5)), np.zeros((5, 4)))
