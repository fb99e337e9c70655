"""Instance scores against pycocotools, and intervals against photos that are really there twice."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ewardrobe import taxonomy
from ewardrobe.errors import DatasetError, MaskError
from ewardrobe.evaluation import InstanceScorer
from ewardrobe.evaluation.scores import resample_weights
from ewardrobe.imaging import encode_rle
from ewardrobe.taxonomy import IGNORE

PARTS = taxonomy.load("parts")
WARDROBE = taxonomy.load("wardrobe")
SIZE = (160, 140)
Side = dict[str, Any]
COCO_NAMES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")
COCO_NAMES += ("ar1", "ar10", "ar", "ar_small", "ar_medium", "ar_large")


def blob(random: np.random.Generator, *, large: bool = True) -> npt.NDArray[np.bool_]:
    """An ellipse somewhere in the photo, of any of COCO's three sizes."""
    height, width = SIZE
    rows, columns = np.mgrid[:height, :width]
    radius = random.uniform(4, 60 if large else 20, 2)
    middle = random.uniform(0, height), random.uniform(0, width)
    mask = ((rows - middle[0]) / radius[0]) ** 2 + ((columns - middle[1]) / radius[1]) ** 2 <= 1
    mask[int(middle[0]) % height, int(middle[1]) % width] = True
    return np.asarray(mask)


def box_of(mask: npt.NDArray[np.bool_]) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)]


def side(masks: list[npt.NDArray[np.bool_]], labels: list[int], **more: Any) -> Side:
    return {
        "masks": np.array(masks).reshape(-1, *SIZE),
        "boxes": np.array([box_of(mask) for mask in masks]).reshape(-1, 4),
        "labels": np.array(labels, dtype=np.int64),
        **more,
    }


def photo(random: np.random.Generator) -> tuple[Side, Side]:
    """Objects, some of them crowds, and detections: the objects moved, some of them mistaken, and inventions."""
    count = int(random.integers(0, 7))
    masks = [blob(random) for _ in range(count)]
    labels = random.integers(1, len(PARTS), count).tolist()
    crowd = random.random(count) < 0.15
    found, named = [], []
    for mask, label in zip(masks, labels, strict=True):
        for _ in range(int(random.integers(0, 3))):
            moved = np.roll(mask, random.integers(-6, 7, 2), axis=(0, 1))
            found.append(moved)
            named.append(label if random.random() < 0.8 else int(random.integers(1, len(PARTS))))
    for _ in range(int(random.integers(0, 14))):
        found.append(blob(random, large=False))
        named.append(int(random.integers(1, len(PARTS))))
    # Few different scores, so that many are equal.
    scores = random.integers(1, 12, len(found)) / 12
    return side(masks, labels, crowd=crowd), side(found, named, scores=scores)


def photos(count: int, seed: int) -> list[tuple[Side, Side]]:
    random = np.random.default_rng(seed)
    return [photo(random) for _ in range(count)]


def scorer_of(pairs: list[tuple[Side, Side]]) -> InstanceScorer:
    scorer = InstanceScorer(PARTS)
    for number, (targets, detections) in enumerate(pairs, start=1):
        scorer.add(number, targets, detections)
    return scorer


def coco_scores(pairs: list[tuple[Side, Side]], kind: str) -> dict[str, float]:
    """What pycocotools itself says; -1, its word for nothing, as NaN."""
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for number, (targets, detections) in enumerate(pairs, start=1):
        for sides, rows in ((targets, annotations), (detections, results)):
            for place, label in enumerate(sides["labels"]):
                x0, y0, x1, y1 = sides["boxes"][place]
                rle = encode_rle(sides["masks"][place])
                row = {"image_id": number, "category_id": int(label), "bbox": [x0, y0, x1 - x0, y1 - y0]}
                row |= {"segmentation": dict(rle), "area": float(coco_mask.area(dict(rle)))}
                if rows is annotations:
                    row |= {"id": len(rows) + 1, "iscrowd": int(targets["crowd"][place])}
                else:
                    row["score"] = float(detections["scores"][place])
                    if kind == "bbox":
                        del row["segmentation"], row["area"]
                    else:
                        del row["bbox"], row["area"]
                rows.append(row)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": n, "height": SIZE[0], "width": SIZE[1]} for n in range(1, len(pairs) + 1)],
        "categories": [{"id": item.index, "name": item.name} for item in PARTS if item.index],
        "annotations": annotations,
        "info": {},
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    values = np.where(evaluation.stats == -1, np.nan, evaluation.stats)
    return dict(zip(COCO_NAMES, values.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_pycocotools(seed: int) -> None:
    pairs = photos(25, seed)
    ours = scorer_of(pairs).scores()
    for kind, prefix in (("segm", ""), ("bbox", "box_")):
        theirs = coco_scores(pairs, kind)
        assert 0.02 < theirs["ap"] < 0.9
        for name, value in theirs.items():
            assert ours[prefix + name] == pytest.approx(value, abs=1e-6, nan_ok=True), (kind, name)


def test_of_equal_overlaps_the_last_object_is_taken() -> None:
    objects = [np.zeros(SIZE, dtype=bool) for _ in range(2)]
    objects[0][10:20, 10:40], objects[1][10:20, 20:50] = True, True
    middle = np.zeros(SIZE, dtype=bool)
    middle[10:20, 15:45] = True
    for second in objects:
        found = side([middle, second], [1, 1], scores=[0.9, 0.8])
        pair = (side(objects, [1, 1], crowd=[False, False]), found)
        ours, theirs = scorer_of([pair]).scores(), coco_scores([pair], "segm")
        assert ours["ap50"] == pytest.approx(theirs["ap50"], abs=1e-6)


def test_only_the_hundred_best_of_a_class_count() -> None:
    random = np.random.default_rng(5)
    masks = [blob(random) for _ in range(4)]
    others = [blob(random, large=False) for _ in range(130)]
    scores = np.concatenate([random.random(130), [0.999, 0.5, 0.001, 0.0005]])
    pair = (side(masks, [1] * 4, crowd=[False] * 4), side([*others, *masks], [1] * 134, scores=scores))
    ours, theirs = scorer_of([pair]).scores(), coco_scores([pair], "segm")
    assert ours["ar"] == pytest.approx(theirs["ar"]) and ours["ar"] < 1
    assert ours["ap"] == pytest.approx(theirs["ap"], abs=1e-6)


def test_a_resample_is_what_evaluating_its_photos_gives() -> None:
    pairs = photos(12, 3)
    random = np.random.default_rng(0)
    for _, detections in pairs:  # equal scores of different photos are the one thing that order decides
        detections["scores"] = random.random(len(detections["labels"]))
    scorer = scorer_of(pairs)
    weights = resample_weights(12, 5, seed=1)
    measured = scorer.measure("mask", weights).named()
    for row, times in enumerate(weights.astype(int)):
        drawn = [pair for pair, count in zip(pairs, times, strict=True) for _ in range(count)]
        theirs = coco_scores(drawn, "segm")
        for name, value in theirs.items():
            assert measured[name][row] == pytest.approx(value, abs=1e-6, nan_ok=True), name


def test_intervals_hold_the_value_and_repeat_with_the_seed() -> None:
    scorer = scorer_of(photos(25, 7))
    scores, again = scorer.intervals(resamples=100), scorer.intervals(resamples=100)
    assert scores == again != scorer.intervals(resamples=100, seed=1)
    for name in ("ap", "ap50", "box_ap", "ar"):
        assert scores[name].low < scores[name].value < scores[name].high, name
    more = scorer_of(photos(100, 7)).intervals(resamples=100)
    assert more["ap"].high - more["ap"].low < scores["ap"].high - scores["ap"].low


def test_perfect_and_empty_detections() -> None:
    random = np.random.default_rng(1)
    masks = [blob(random), blob(random)]
    perfect = InstanceScorer(PARTS)
    perfect.add("a", side(masks, [1, 2]), side(masks, [1, 2], scores=[0.9, 0.8]))
    assert perfect.scores()["ap"] == perfect.scores()["box_ap"] == perfect.last_photo == 1
    empty = InstanceScorer(PARTS)
    empty.add("a", side(masks, [1, 2]), side([], [], scores=[]))
    assert empty.scores()["ap"] == empty.scores()["ar"] == empty.last_photo == 0
    nothing = InstanceScorer(PARTS)
    nothing.add("a", side([], []), side(masks, [1, 2], scores=[0.9, 0.8]))
    assert np.isnan(nothing.scores()["ap"]) and np.isnan(nothing.last_photo)


def test_what_lies_in_ignored_places_counts_nowhere() -> None:
    whole = np.zeros(SIZE, dtype=bool)
    top, unknown, wrong = whole.copy(), whole.copy(), whole.copy()
    top[10:60, 10:60], unknown[80:150, 10:120], wrong[90:140, 20:70] = True, True, True
    found = side([wrong, top], [1, 1], scores=[0.9, 0.5])
    strict, lenient = InstanceScorer(PARTS), InstanceScorer(PARTS)
    strict.add(1, side([top], [1]), found)
    lenient.add(1, side([top, unknown], [1, IGNORE]), found)
    assert strict.scores()["ap"] == pytest.approx(0.5)
    assert lenient.scores()["ap"] == lenient.scores()["box_ap"] == 1.0


def test_garments_have_a_mean_of_their_own_where_there_is_a_body() -> None:
    random = np.random.default_rng(2)
    skin, top = blob(random), blob(random)
    labels = [WARDROBE.index("skin"), WARDROBE.index("top")]
    scorer = InstanceScorer(WARDROBE)
    scorer.add(1, side([skin, top], labels), side([top], labels[1:], scores=[0.9]))
    scores = scorer.scores()
    assert (scores["ap"], scores["garment_ap"], scores["box_garment_ap50"]) == (0.5, 1.0, 1.0)
    assert "garment_ap" not in scorer_of(photos(2, 0)).scores()


class TestBadInput:
    ONE = np.ones((1, *SIZE), dtype=bool)

    @pytest.mark.parametrize(
        ("targets", "detections"),
        [
            ({}, {"labels": [7]}),
            ({"labels": [0]}, {}),
            ({}, {"labels": [IGNORE]}),
            ({}, {"scores": [np.nan]}),
            ({}, {"scores": [0.5, 0.4]}),
            ({"crowd": [True, False]}, {}),
            ({"boxes": np.zeros((2, 4))}, {}),
        ],
    )
    def test_what_does_not_fit_is_refused(self, targets: Side, detections: Side) -> None:
        whole: Side = {"masks": self.ONE, "boxes": [[0, 0, 140, 160]], "labels": [1]}
        scorer = InstanceScorer(PARTS)
        with pytest.raises(MaskError) as error:
            scorer.add(1, {**whole, **targets}, {**whole, "scores": [0.5], **detections})
        assert "\n" not in str(error.value) and len(scorer) == 0

    def test_no_photo(self) -> None:
        with pytest.raises(DatasetError, match="no photo"):
            InstanceScorer(PARTS).scores()
