"""Scores against definitions written out pixel by pixel, and the intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ewardrobe import taxonomy
from ewardrobe.errors import MaskError
from ewardrobe.evaluation import Scorer
from ewardrobe.evaluation.counts import boundary_counts, confusion_matrix
from ewardrobe.evaluation.scores import MIN_PHOTOS, Counts, class_scores, mean_scores
from ewardrobe.taxonomy import IGNORE

LabelMap = npt.NDArray[np.uint8]
PARTS = taxonomy.load("parts")
WARDROBE = taxonomy.load("wardrobe")


def label_maps(classes: int, *, ignore: bool) -> st.SearchStrategy[LabelMap]:
    values = st.sampled_from([*range(classes), *([IGNORE] if ignore else [])])
    return arrays.arrays(np.uint8, (7, 9), elements=values)


def counts_of(pairs: list[tuple[LabelMap, LabelMap]], classes: taxonomy.Taxonomy) -> Counts:
    scorer = Scorer(classes)
    for labels, predicted in pairs:
        scorer.add(labels, predicted)
    return scorer.counts


@given(label_maps(4, ignore=True), label_maps(4, ignore=True))
def test_confusion_counts_every_known_pixel_once(labels: LabelMap, predicted: LabelMap) -> None:
    scorer = Scorer(PARTS)
    scorer.add(labels, predicted)
    (confusion,) = scorer.counts.confusion
    for row in range(4):
        for column in range(4):
            found = predicted == column
            if column == 0:
                found |= predicted == IGNORE  # a prediction of "none of these" is background
            assert confusion[row, column] == np.count_nonzero((labels == row) & found)
    assert confusion.sum() == np.count_nonzero(labels != IGNORE)


@settings(max_examples=60)
@given(st.lists(st.tuples(label_maps(4, ignore=True), label_maps(4, ignore=False)), min_size=1, max_size=4))
def test_means_follow_their_definitions(pairs: list[tuple[LabelMap, LabelMap]]) -> None:
    scores = mean_scores(counts_of(pairs, PARTS), PARTS, counted=np.ones(4, np.bool_), resamples=5)
    labels = np.concatenate([pair[0].ravel() for pair in pairs])
    predicted = np.concatenate([pair[1].ravel() for pair in pairs])[labels != IGNORE]
    labels = labels[labels != IGNORE]
    present = [c for c in range(4) if (labels == c).any()]

    def iou(inside: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_]) -> float:
        return np.count_nonzero(inside & found) / np.count_nonzero(inside | found)

    def dice(inside: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_]) -> float:
        return 2 * np.count_nonzero(inside & found) / (np.count_nonzero(inside) + np.count_nonzero(found))

    each = {c: iou(labels == c, predicted == c) for c in present}
    expected = {
        "miou": np.mean(list(each.values())) if each else np.nan,
        "garment_miou": np.mean([each[c] for c in present if c]) if set(present) - {0} else np.nan,
        "foreground_iou": (
            iou(labels > 0, predicted > 0) if (labels > 0).any() or (predicted > 0).any() else np.nan
        ),
        "pixel_accuracy": np.mean(labels == predicted) if labels.size else np.nan,
        "fw_iou": sum(np.mean(labels == c) * each[c] for c in present) if present else np.nan,
        "f1": np.mean([dice(labels == c, predicted == c) for c in present]) if present else np.nan,
        "class_recall": (
            np.mean([np.mean(predicted[labels == c] == c) for c in present]) if present else np.nan
        ),
    }
    for name, value in expected.items():
        assert scores[name].value == pytest.approx(value, nan_ok=True), name
    assert scores["miou_all"].value == pytest.approx(expected["miou"], nan_ok=True)


def test_garment_miou_leaves_out_background_hair_and_skin() -> None:
    names = ["background", "hair", "skin", "top", "scarf"]
    labels = np.repeat(np.array([WARDROBE.index(name) for name in names], np.uint8), 20).reshape(10, 10)
    predicted = labels.copy()
    predicted[labels == WARDROBE.index("hair")] = 0
    predicted[(labels == WARDROBE.index("top")) & (np.arange(100).reshape(10, 10) % 2 == 0)] = 0
    scores = mean_scores(
        counts_of([(labels, predicted)], WARDROBE), WARDROBE, counted=np.ones(17, np.bool_), resamples=5
    )
    assert scores["garment_miou"].value == pytest.approx((0.5 + 1) / 2)
    assert scores["miou"].value == pytest.approx((20 / 50 + 0 + 1 + 0.5 + 1) / 5)
    assert scores["foreground_iou"].value == pytest.approx(50 / 80)


def test_rare_classes_are_marked_and_left_out_of_the_means() -> None:
    common = np.zeros((6, 6), np.uint8)
    common[:3] = PARTS.index("top")
    rare = common.copy()
    rare[5] = PARTS.index("dress")
    pairs = [(common, common)] * (MIN_PHOTOS + 1) + [(rare, common)] * (MIN_PHOTOS - 1)
    counts = counts_of(pairs, PARTS)
    scores = mean_scores(counts, PARTS, resamples=20)
    dress = {item.name: item for item in class_scores(counts, PARTS, resamples=20)}["dress"]
    assert (dress.photos, dress.counted, dress.iou.value, dress.recall) == (MIN_PHOTOS - 1, False, 0.0, 0.0)
    assert np.isnan(dress.precision)
    assert scores["garment_miou"].value == 1.0
    assert scores["garment_miou_all"].value == 0.5
    more = mean_scores(counts_of([*pairs, (rare, common)], PARTS), PARTS, resamples=20)
    assert more["garment_miou"].value == 0.5


class TestIntervals:
    @staticmethod
    def binary_photos(right: int, wrong: int) -> Counts:
        labels = np.full((4, 4), 1, np.uint8)
        return counts_of([(labels, labels)] * right + [(labels, np.zeros_like(labels))] * wrong, PARTS)

    def test_they_hold_the_binomial_spread(self) -> None:
        # Each photo is right or wrong as a whole, so accuracy is a proportion with a known standard error.
        score = mean_scores(self.binary_photos(70, 30), PARTS, resamples=4000)["pixel_accuracy"]
        assert score.value == pytest.approx(0.7)
        error = 1.96 * np.sqrt(0.7 * 0.3 / 100)
        assert score.low == pytest.approx(0.7 - error, abs=0.015)
        assert score.high == pytest.approx(0.7 + error, abs=0.015)

    def test_they_shrink_with_more_photos_and_repeat_with_the_seed(self) -> None:
        few, many = (mean_scores(self.binary_photos(7 * n, 3 * n), PARTS)["foreground_iou"] for n in (1, 20))
        assert many.high - many.low < (few.high - few.low) / 3
        again = mean_scores(self.binary_photos(7, 3), PARTS)["foreground_iou"]
        other = mean_scores(self.binary_photos(7, 3), PARTS, seed=1, resamples=50)["foreground_iou"]
        assert again == few
        assert other.value == few.value and other != few


class TestBoundary:
    @staticmethod
    def reference(labels: LabelMap, predicted: LabelMap, index: int, distance: int) -> tuple[int, int]:
        """The counts, from the distance of each pixel to the nearest one outside the mask."""
        rings = []
        for label_map in (labels, predicted):
            mask = np.pad(label_map == index, 1)
            outside = np.argwhere(~mask)
            ring = np.zeros_like(mask)
            for y, x in np.argwhere(mask):
                ring[y, x] = np.abs(outside - (y, x)).max(axis=1).min() <= distance
            rings.append(ring)
        return int((rings[0] & rings[1]).sum()), int((rings[0] | rings[1]).sum())

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def test_counts_follow_the_paper(self, data: st.DataObject) -> None:
        def blobs() -> LabelMap:
            label_map = np.zeros((40, 50), np.uint8)
            for _ in range(data.draw(st.integers(0, 3))):
                y, x = data.draw(st.integers(0, 35)), data.draw(st.integers(0, 45))
                height, width = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
                label_map[y : y + height, x : x + width] = data.draw(st.integers(1, 3))
            return label_map

        labels, predicted = blobs(), blobs()
        counts = boundary_counts(labels, predicted, 4, ratio=0.05)
        for index in range(4):
            assert tuple(counts[index]) == self.reference(labels, predicted, index, 3)

    def test_it_sees_what_iou_does_not(self) -> None:
        labels = np.zeros((200, 200), np.uint8)
        labels[20:180, 20:180] = 1
        ragged = labels.copy()
        ragged[20:23, :] = 0
        ragged[177:180, :] = 0
        counts = counts_of([(labels, ragged)], PARTS)
        scores = mean_scores(counts, PARTS, resamples=2)
        assert scores["foreground_iou"].value > 0.95
        assert scores["foreground_boundary_iou"].value < 0.75

    def test_no_outline_beside_ignored_pixels(self) -> None:
        labels = np.zeros((60, 60), np.uint8)
        labels[:, 30:] = 1
        labels[:, 45:] = IGNORE
        same = np.where(labels == IGNORE, 0, labels).astype(np.uint8)
        counts = boundary_counts(labels, same, 4, ratio=0.02)
        assert counts[1, 0] == counts[1, 1] == 2 * 60 + 2 * (15 - 2) * 2  # left side, and the photo's edge
        worse = boundary_counts(labels, np.where(labels == 1, 0, same).astype(np.uint8), 4, ratio=0.02)
        assert worse[1, 0] == 0


class TestBadInput:
    def test_shapes_must_agree(self) -> None:
        with pytest.raises(MaskError, match="photo's size"):
            confusion_matrix(np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8), 3)

    @pytest.mark.parametrize(("label", "found"), [(4, 0), (0, 4), (254, 0), (0, 254)])
    def test_indices_must_be_classes(self, label: int, found: int) -> None:
        with pytest.raises(MaskError, match="beyond 3"):
            Scorer(PARTS).add(np.full((3, 3), label, np.uint8), np.full((3, 3), found, np.uint8))
