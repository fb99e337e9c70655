"""`evaluate` from files to report: taxonomies, kinds, broken samples, flat photos, and its speed."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ewardrobe import taxonomy
from ewardrobe.datasets import BrokenSample, Sample, open_dataset
from ewardrobe.errors import DatasetError, PhotoError, TaxonomyError, UsageError
from ewardrobe.evaluation import Report, evaluate
from ewardrobe.evaluation.flat import main_garment
from ewardrobe.imaging import Photo
from ewardrobe.taxonomy import IGNORE, Taxonomy
from tests.conftest import Scene
from tests.evaluation.predictors import WARDROBE, Found, KnowsTheAnswer, swap, worn


def test_a_perfect_model_scores_one(make_scene: Callable[..., Scene]) -> None:
    model = KnowsTheAnswer()
    report = evaluate(model, worn(model, make_scene))
    assert report.photos == 12 and report.kind == "worn" and report.taxonomy.name == "wardrobe"
    for name, score in report.scores.items():
        assert (score.value, score.low, score.high) == (1.0, 1.0, 1.0), name
    assert {"top", "pants", "footwear", "hair", "skin"} <= {item.name for item in report.classes}


def test_a_wrong_class_costs_what_it_should(make_scene: Callable[..., Scene]) -> None:
    model = KnowsTheAnswer(partial(swap, "pants", "skirt"))
    report = evaluate(model, worn(model, make_scene))
    classes = {item.name: item for item in report.classes}
    assert classes["pants"].iou.value == 0.0
    assert (classes["skirt"].photos, classes["skirt"].precision) == (0, 0.0)
    assert np.isnan(classes["skirt"].iou.value)  # not in the labels, so in no mean
    present = [item for item in report.classes if item.photos]
    assert report.scores["miou"].value == pytest.approx((len(present) - 1) / len(present))
    assert report.scores["foreground_iou"].value == 1.0


def test_ignored_labels_and_ignored_predictions(make_scene: Callable[..., Scene]) -> None:
    """In `parts` legwear is ignored: labelled pixels drop out, predicted ones are background."""
    right = KnowsTheAnswer(partial(swap, "legwear", "pants"))
    report = evaluate(right, worn(right, make_scene), taxonomy="parts")
    assert report.scores["miou"].value == 1.0  # what is predicted where the label is ignored counts nowhere
    wrong = KnowsTheAnswer(partial(swap, "pants", "legwear"))
    report = evaluate(wrong, worn(wrong, make_scene), taxonomy="parts")
    assert {item.name: item.iou.value for item in report.classes}["bottom"] == 0.0
    bottom, background = report.taxonomy.index("bottom"), 0
    assert report.confusion[bottom, background] == report.confusion[bottom].sum() > 0


def test_taxonomies_are_bridged(make_scene: Callable[..., Scene]) -> None:
    u2net = taxonomy.load("u2net-cloth")
    lut = np.zeros(256, np.uint8)
    lut[[WARDROBE.index("top"), WARDROBE.index("pants")]] = u2net.index("upper"), u2net.index("lower")
    model = KnowsTheAnswer(lambda truth: lut[truth], u2net)
    samples = worn(model, make_scene)
    assert evaluate(model, samples, taxonomy="parts").scores["garment_miou"].value == 1.0
    # Labels cannot be written in its four classes, but its classes can be written in theirs.
    assert evaluate(model, samples).taxonomy.name == "wardrobe"
    unlike = KnowsTheAnswer(into=taxonomy.load("imaterialist"))
    unlike.answers = model.answers
    with pytest.raises(TaxonomyError):
        evaluate(unlike, [replace(s, taxonomy="u2net-cloth") for s in samples])


def test_one_name_for_two_taxonomies_is_refused(make_scene: Callable[..., Scene]) -> None:
    impostor = Taxonomy(name="wardrobe", title="Other", classes=tuple(taxonomy.load("parts")))
    model = KnowsTheAnswer(into=impostor)
    with pytest.raises(TaxonomyError, match="differ"):
        evaluate(model, worn(model, make_scene, 1), taxonomy="wardrobe")


def test_broken_samples_are_counted(make_scene: Callable[..., Scene]) -> None:
    model = KnowsTheAnswer()
    samples = worn(model, make_scene, 4)

    def fail() -> Photo:
        raise PhotoError("gone.jpg is truncated: restore it")

    samples[1] = replace(samples[1], load_photo=fail)
    samples[2] = replace(samples[2], load_label_map=lambda: np.zeros((3, 3), np.uint8))
    seen: list[str] = []
    report = evaluate(model, samples, on_photo=lambda sample: seen.append(sample.id))
    assert report.photos == 2
    assert [broken.id for broken in report.broken] == ["0001", "0002"]
    assert "2 samples could not be read" in report.table() and "truncated" in report.table()
    assert seen == ["0000", "0001", "0002", "0003"]
    with pytest.raises(DatasetError, match="truncated"):
        evaluate(model, samples[1:2])


def test_worn_and_flat_are_never_mixed(make_scene: Callable[..., Scene]) -> None:
    model = KnowsTheAnswer()
    samples = [
        model.sample(make_scene(60, 80, seed=0), 0),
        model.sample(make_scene(60, 80, items=("top",), kind="flat", seed=1), 1, "flat", "top"),
    ]
    with pytest.raises(DatasetError, match="apart"):
        evaluate(model, samples)


def test_a_dataset_without_pixel_labels_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("1.jpg", b"never opened")
    (tmp_path / "styles.csv").write_text("id,articleType\n1,Shirts\n")
    with pytest.raises(DatasetError, match="no pixel labels"):
        evaluate(KnowsTheAnswer(), open_dataset(tmp_path))


class TestFlat:
    LABELS = ("top", "pants", "dress", "footwear") * 5

    def samples(self, model: KnowsTheAnswer, make_scene: Callable[..., Scene]) -> list[Sample]:
        return [
            model.sample(make_scene(60, 80, items=(label,), kind="flat", seed=n), n, "flat", label)
            for n, label in enumerate(self.LABELS)
        ]

    def test_right_class_and_alpha(self, make_scene: Callable[..., Scene]) -> None:
        model = KnowsTheAnswer(partial(swap, "dress", "skirt"))
        samples = self.samples(model, make_scene)
        report = evaluate(model, samples)
        assert report.kind == "flat" and not report.slices
        assert report.scores["right_class"].value == pytest.approx(0.75)
        assert report.scores["right_class"].low < 0.75 < report.scores["right_class"].high
        errors = [
            np.abs((sample.label_map > 0) - sample.alpha)  # type: ignore[operator]
            for sample in samples
        ]
        assert report.scores["alpha_mae"].value == pytest.approx(np.mean([e.mean() for e in errors]))
        assert report.scores["alpha_sad"].value == pytest.approx(np.mean([e.sum() / 1000 for e in errors]))

    def test_classes_without_a_place_have_no_right_answer(self, make_scene: Callable[..., Scene]) -> None:
        model = KnowsTheAnswer(partial(swap, "dress", "footwear"))
        report = evaluate(model, self.samples(model, make_scene), taxonomy="parts")
        assert report.unscored == 5  # shoes are background in `parts`
        # Of fifteen with an answer, the five dresses were taken for shoes: no part found.
        assert report.scores["right_class"].value == pytest.approx(10 / 15)
        assert "5 photos have no right class in parts" in report.table()

    def test_main_garment(self) -> None:
        label_map = np.zeros((10, 10), np.uint8)
        label_map[:8] = WARDROBE.index("skin")
        assert main_garment(label_map, WARDROBE) is None
        label_map[9, :4] = WARDROBE.index("top")
        label_map[9, 4:] = WARDROBE.index("dress")
        label_map[0] = IGNORE
        assert main_garment(label_map, WARDROBE) == "dress"


class TestReport:
    @pytest.fixture
    def report(self, make_scene: Callable[..., Scene]) -> Report:
        model = KnowsTheAnswer(partial(swap, "pants", "skirt"))
        samples = worn(model, make_scene, 24)
        return evaluate(model, samples, name="the model")

    def test_slices_share_their_classes(self, report: Report) -> None:
        for axis, values in report.slices.items():
            assert sum(part.photos for part in values.values()) == 24, axis
            assert len({part.classes for part in values.values()}) == 1
        whole = report.slices["legs"]["covered"]
        assert whole.photos == 24
        assert whole.scores["garment_miou"].value == pytest.approx(report.scores["garment_miou"].value)

    def test_only_classes_of_both_sides_are_compared(self, make_scene: Callable[..., Scene]) -> None:
        model = KnowsTheAnswer()
        wears = [("top", "pants")] * 12 + [("top", "shorts")] * 12
        samples = [
            model.sample(make_scene(120, 160, items=items, seed=number), number)
            for number, items in enumerate(wears)
        ]
        legs = evaluate(model, samples).slices["legs"]
        assert {value: part.photos for value, part in legs.items()} == {"bare": 12, "covered": 12}
        assert {part.classes for part in legs.values()} == {("background", "hair", "skin", "top")}

    def test_json_is_complete_and_plain(self, report: Report) -> None:
        content = json.loads(report.to_json())
        assert content == report.to_dict()
        assert content["scores"]["miou"]["value"] == report.scores["miou"].value
        assert {row["name"]: row["iou"]["value"] for row in content["classes"]}["skirt"] is None
        assert np.array_equal(content["confusion"]["pixels"], report.confusion)
        assert content["settings"]["resamples"] == 1000

    def test_table_lines_up(self, report: Report) -> None:
        text = report.table()
        assert text.startswith("the model on photos: 24 worn photos, in wardrobe\n")
        for block in text.split("\n\n"):
            rows = [line for line in block.splitlines() if line.startswith("|")]
            assert len({len(row) for row in rows}) <= 1
        assert f"{report.scores['miou'].value:.3f}" in text

    def test_difference_of_two_models_is_paired(
        self, report: Report, make_scene: Callable[..., Scene]
    ) -> None:
        other = KnowsTheAnswer(partial(swap, "top", "skirt"))
        theirs = evaluate(other, worn(other, make_scene, 24))
        ahead, behind = report.minus(theirs), theirs.minus(report)
        for name, score in ahead.items():
            assert score.value == pytest.approx(report.scores[name].value - theirs.scores[name].value)
            assert score.low <= score.value <= score.high
            assert (behind[name].low, behind[name].high) == pytest.approx((-score.high, -score.low))
        # Both see every garment pixel as some garment: whatever photos are drawn, the difference is nothing.
        foreground = ahead["foreground_iou"]
        assert (foreground.value, foreground.low, foreground.high) == (0, 0, 0)
        with pytest.raises(UsageError, match="same photos"):
            report.minus(evaluate(other, worn(other, make_scene, 12)))

    def test_broken_samples_are_part_of_it(self, report: Report) -> None:
        damaged = replace(report, broken=(BrokenSample("7", "no photo"),))
        assert damaged.to_dict()["broken"] == [{"id": "7", "reason": "no photo"}]
        assert "- 7: no photo" in damaged.table()


def test_samples_stream(make_scene: Callable[..., Scene]) -> None:
    """One photo at a time: the next sample is made only when the last one has been scored."""
    model = KnowsTheAnswer()
    made: list[int] = []
    scored: list[int] = []

    def stream() -> Iterator[Sample]:
        for number in range(4):
            assert len(scored) == number
            made.append(number)
            yield model.sample(make_scene(60, 80, seed=number), number)

    evaluate(model, stream(), on_photo=lambda sample: scored.append(int(sample.id)), resamples=5)
    assert made == scored == [0, 1, 2, 3]


@pytest.mark.data
def test_development_data_scores_fast(data_folder: Path) -> None:
    """Labels scored against themselves: all ones, and well under a second a photo at its own size."""
    dataset = open_dataset(data_folder / "ccp", split="val")
    into = taxonomy.load_map("people-clothing", "wardrobe")

    class Labels:
        taxonomy = WARDROBE

        def segment(self, photo: Photo) -> Found:
            answer = next(s for s in dataset if s.id == photo.name).label_map
            assert answer is not None
            return Found(into.apply(answer), WARDROBE, np.zeros(answer.shape, np.float32))

    dataset.ids = dataset.ids[:12]
    start = time.process_time()
    report = evaluate(Labels(), dataset)
    assert (time.process_time() - start) / len(dataset) < 0.5
    assert report.scores["miou"].value == report.scores["boundary_miou"].value == 1.0
