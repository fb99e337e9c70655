from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.errors import ModelError
from ewardrobe.segmentation import InputSpec
from ewardrobe.segmentation.geometry import Placement, place, prepare
from ewardrobe.segmentation.scores import ScoreMap, softmax

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def random_scores(classes: int, cells: tuple[int, int], seed: int) -> npt.NDArray[np.float32]:
    coarse = np.random.default_rng(seed).normal(0, 3, (classes, 6, 6)).astype(np.float32)
    return softmax(np.stack([cv2.resize(plane, cells[::-1]) for plane in coarse]))


def whole_maps(scores: ScoreMap) -> npt.NDArray[np.float32]:
    return np.stack([scores.probability([index]) for index in range(len(scores.probabilities))])


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 4000), st.integers(0, 1000))
def test_strips_equal_the_whole_photo_exactly(height: int, width: int, strip: int, seed: int) -> None:
    where = place((height, width), InputSpec(long_side=64), 64)
    output = random_scores(9, (where.input_size[0] // 4, where.input_size[1] // 4), seed)
    scores = ScoreMap.from_output(output, where)
    labels = scores.label_map(strip_pixels=strip)
    assert labels.shape == (height, width)
    np.testing.assert_array_equal(labels, whole_maps(scores).argmax(axis=0))


@pytest.mark.parametrize("size", [(128, 96), (300, 257), (64, 48)])
def test_enlarging_is_opencvs_when_nothing_is_padded(size: tuple[int, int]) -> None:
    output = random_scores(5, (32, 24), 3)
    scores = ScoreMap.from_output(output, Placement(size, (128, 96), (128, 96)))
    expected = np.stack([cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR) for plane in output])
    np.testing.assert_allclose(whole_maps(scores), expected, atol=2e-5)


def test_padding_reaches_no_pixel() -> None:
    where = place((200, 90), InputSpec(long_side=128), 128)
    assert (where.size, where.input_size) == ((128, 58), (128, 64))
    output = np.zeros((2, 32, 16), dtype=np.float32)
    output[0] = 1
    output[:, :, 15] = [[0], [1]]  # 58 pixels are 14.5 cells: the last column of cells is all padding
    assert not ScoreMap.from_output(output, where).label_map().any()


@pytest.mark.parametrize("spec", [InputSpec("letterbox", height=96, width=64), InputSpec(long_side=96)])
def test_a_place_in_the_photo_is_found_where_it_is(spec: InputSpec) -> None:
    pixels = np.zeros((300, 150, 3), dtype=np.uint8)
    pixels[60:120, 30:90] = 255
    where = place((300, 150), spec, spec.long_side or (96, 64))
    batch = prepare(pixels, where, (0, 0, 0), (1, 1, 1))
    found = ScoreMap.from_output(np.stack([1 - batch[0, 0], batch[0, 0]]), where).label_map()
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert np.allclose([rows[0], rows[-1] + 1, columns[0], columns[-1] + 1], [60, 120, 30, 90], atol=1.6)


def test_input_is_normalised_and_padded_with_the_mean() -> None:
    pixels = np.full((50, 20, 3), (10, 100, 250), dtype=np.uint8)
    batch = prepare(pixels, place((50, 20), InputSpec(long_side=64), 64), MEAN, STD)
    assert batch.shape == (1, 3, 64, 32)
    expected = (np.array([10, 100, 250]) / 255 - MEAN) / STD
    np.testing.assert_allclose(batch[0, :, 10, 10], expected, rtol=1e-5)
    assert not batch[0, :, :, 26:].any()


def test_one_class_of_many_is_no_special_case() -> None:
    output = np.zeros((17, 8, 8), dtype=np.float32)
    output[4] = 1
    scores = ScoreMap.from_output(output, place((40, 40), InputSpec(long_side=32), 32))
    assert (scores.label_map() == 4).all()


def test_a_class_between_two_others_wins_where_it_should() -> None:
    # Class 1 is never first at a cell, yet first half way between them.
    output = np.array([[[0.5, 0.1]], [[0.4, 0.4]], [[0.1, 0.5]]], dtype=np.float32)
    labels = ScoreMap.from_output(output, Placement((1, 40), (1, 2), (1, 2))).label_map()
    assert list(dict.fromkeys(labels[0].tolist())) == [0, 1, 2]


def test_share_is_half_exactly_at_the_label_maps_edges() -> None:
    scores = ScoreMap.from_output(random_scores(6, (16, 16), 5), Placement((90, 90), (64, 64), (64, 64)))
    labels = scores.label_map()
    for index in range(6):
        np.testing.assert_array_equal(scores.share([index]) > 0.5, labels == index)


def test_a_window_is_the_same_as_the_photos_part() -> None:
    scores = ScoreMap.from_output(random_scores(4, (16, 12), 8), Placement((80, 60), (64, 48), (64, 48)))
    part = scores.over((10, 20, 30, 40), (40, 30)).probability([2])
    np.testing.assert_allclose(part, scores.probability([2])[20:60, 10:40], atol=1e-5)


def test_mean_over_a_mask_is_near_the_mean_of_its_pixels() -> None:
    scores = ScoreMap.from_output(
        random_scores(4, (32, 32), 2), Placement((150, 150), (128, 128), (128, 128))
    )
    mask = np.zeros((150, 150), dtype=bool)
    cv2.circle(mask.view(np.uint8), (70, 80), 40, 1, -1)
    exact = whole_maps(scores)[:, mask].mean(axis=1)
    np.testing.assert_allclose(scores.mean_over(mask, (0, 0, 150, 150)), exact, atol=0.02)
    tiny = scores.mean_over(np.ones((1, 2), dtype=bool), (40, 40, 2, 1))
    np.testing.assert_allclose(tiny, whole_maps(scores)[:, 40, 40], atol=0.15)


def test_a_large_photo_needs_no_maps_of_its_size() -> None:
    size = (6000, 4000)
    where = place(size, InputSpec(long_side=512), 512)
    output = random_scores(17, (where.input_size[0] // 4, where.input_size[1] // 4), 1)
    scores = ScoreMap.from_output(output, where)
    tracemalloc.start()
    labels = scores.label_map()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(np.unique(labels)) > 8
    assert peak < 30e6  # the label map itself is 24 MB; one float map would be 96, seventeen 1,632


def test_softmax_sums_to_one_for_any_logits() -> None:
    probabilities = softmax(np.array([[[1000.0, -1000]], [[0, -1000]]], dtype=np.float32))
    np.testing.assert_allclose(probabilities.sum(axis=0), 1)
    np.testing.assert_allclose(probabilities[:, 0, 0], [1, 0])


def test_fit_takes_one_size() -> None:
    with pytest.raises(ModelError, match="long side"):
        place((10, 10), InputSpec(long_side=64), (64, 64))
