"""Objects and soft masks from samples to reports, the choice by task, and the report as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from ewardrobe.datasets import Annotation, BrokenSample, Sample
from ewardrobe.datasets.drawn import find_instances
from ewardrobe.errors import DatasetError, PhotoError, TaxonomyError, UsageError
from ewardrobe.evaluation import (
    AnyReport,
    Gallery,
    InstanceReport,
    MattingReport,
    Predictor,
    Report,
    evaluate_instances,
    evaluate_matting,
    evaluate_task,
    report_page,
    task_of,
)
from ewardrobe.evaluation.matting import s_measure
from ewardrobe.imaging import Photo, encode_rle
from ewardrobe.taxonomy import IGNORE
from tests.conftest import Scene
from tests.evaluation.predictors import WARDROBE, FindsObjects, KnowsTheAnswer, LabelMap, swap, worn

MakeScene = Callable[..., Scene]
EVALUATIONS: list[tuple[Callable[..., AnyReport], type[KnowsTheAnswer]]] = [
    (evaluate_instances, FindsObjects),
    (evaluate_matting, KnowsTheAnswer),
]


def listed(sample: Sample, *, crowd: str | None = None, faults: tuple[str, ...] = ()) -> Sample:
    """The sample as a dataset that lists objects has it."""
    label_map = sample.label_map
    assert label_map is not None
    objects = tuple(replace(item, crowd=item.label == crowd) for item in find_instances(label_map, WARDROBE))
    annotation = Annotation(objects, label_map.shape[::-1], faults=faults)
    return replace(sample, load_annotation=lambda: annotation)


class TestInstances:
    def test_a_perfect_model_scores_one(self, make_scene: MakeScene) -> None:
        model = FindsObjects()
        report = evaluate_instances(model, worn(model, make_scene, 6), resamples=20)
        for name in ("ap", "ap50", "ar", "box_ap", "garment_ap"):
            score = report.scores[name]
            assert (score.value, score.low, score.high) == (1, 1, 1), name
        rows = {item.name: item for item in report.classes}
        assert (rows["top"].photos, rows["top"].objects, rows["top"].ap50.value) == (6, 6, 1)

    def test_what_is_missed_and_what_is_mistaken(self, make_scene: MakeScene) -> None:
        model = FindsObjects()
        samples = worn(model, make_scene, 6)
        model.drop = "pants"
        report = evaluate_instances(model, samples, resamples=20)
        rows = {item.name: item for item in report.classes}
        assert rows["pants"].ap.value == 0 and rows["top"].ap.value == 1
        assert report.scores["ap"].value == pytest.approx((len(rows) - 1) / len(rows))
        wrong = FindsObjects(partial(swap, "pants", "skirt"))
        wrong.answers = model.answers
        found = {item.name: item for item in evaluate_instances(wrong, samples, resamples=20).classes}
        assert found["pants"].ap.value == 0
        assert (found["skirt"].objects, np.isnan(found["skirt"].ap.value)) == (0, True)

    def test_listed_objects_crowds_and_faults(self, make_scene: MakeScene) -> None:
        model = FindsObjects()
        samples = [
            listed(sample, crowd="pants", faults=("polygon of 2 points",))
            for sample in worn(model, make_scene, 3)
        ]
        report = evaluate_instances(model, samples, resamples=5)
        assert report.scores["ap"].value == 1
        pants = {item.name: item for item in report.classes}["pants"]
        assert pants.objects == 0 and np.isnan(pants.ap.value), "a crowd need not be found"
        assert [fault.reason for fault in report.faults] == ["polygon of 2 points"] * 3
        assert "3 records of the labels were left out" in report.table()
        assert report.to_dict()["faults"][0] == {"id": "0000", "reason": "polygon of 2 points"}

    @pytest.mark.parametrize("as_list", [True, False])
    def test_ignored_labels_are_nobodys_mistake(self, make_scene: MakeScene, as_list: bool) -> None:
        """In `parts` legwear is ignored: pants found there count nowhere, in the same place unlabelled they would."""
        model = FindsObjects(partial(swap, "legwear", "pants"))
        items = ("top", "legwear")
        samples = [model.sample(make_scene(120, 160, items=items, seed=n), n) for n in range(3)]
        samples = [listed(sample) for sample in samples] if as_list else samples
        report = evaluate_instances(model, samples, taxonomy="parts", resamples=5)
        assert report.scores["ap"].value == 1 and report.scores["box_ap"].value == 1
        strict = evaluate_instances(model, samples, resamples=5)
        assert {item.name: item.ap.value for item in strict.classes}["legwear"] == 0

    def test_pixels_to_ignore(self, make_scene: MakeScene) -> None:
        model = FindsObjects()
        sample = worn(model, make_scene, 1)[0]
        truth = sample.label_map
        assert truth is not None
        hidden = np.where(truth == WARDROBE.index("pants"), IGNORE, truth).astype(np.uint8)
        report = evaluate_instances(model, [replace(sample, load_label_map=lambda: hidden)], resamples=5)
        assert report.scores["ap"].value == 1

    def test_garments_stand_in_where_a_model_lists_nothing(self, make_scene: MakeScene) -> None:
        model = KnowsTheAnswer()
        samples = worn(model, make_scene, 3)

        class Garments:
            taxonomy = WARDROBE

            def segment(self, photo: Photo) -> SimpleNamespace:
                label_map = model.segment(photo).label_map
                top = label_map == WARDROBE.index("top")
                rows, columns = np.flatnonzero(top.any(axis=1)), np.flatnonzero(top.any(axis=0))
                box = int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
                garment = SimpleNamespace(index=WARDROBE.index("top"), score=0.9, box=box, mask=top)
                return SimpleNamespace(label_map=label_map, taxonomy=WARDROBE, garments=[garment])

        rows = {item.name: item for item in evaluate_instances(Garments(), samples, resamples=5).classes}
        assert rows["top"].ap.value == rows["top"].box_ap.value == 1 and rows["pants"].ap.value == 0
        with pytest.raises(UsageError, match="finds no objects"):
            evaluate_instances(model, samples)


class TestMatting:
    def test_alpha_where_there_is_one_else_the_labels(self, make_scene: MakeScene) -> None:
        model = KnowsTheAnswer()
        flat = [model.sample(make_scene(60, 80, items=("top",), kind="flat"), 0, "flat", "top")]
        soft = flat[0].alpha
        assert soft is not None
        hard = (flat[0].label_map > 0).astype(np.float32)  # type: ignore[operator]
        report = evaluate_matting(model, flat, resamples=5)
        assert report.scores["mae"].value == pytest.approx(np.abs(hard - soft).mean())
        assert report.scores["s_measure"].value == pytest.approx(s_measure(hard, soft))
        people = evaluate_matting(model, worn(model, make_scene, 3), resamples=5)
        assert (people.scores["mae"].value, people.scores["s_measure"].value) == (0, pytest.approx(1))
        assert people.taxonomy.name == "wardrobe" and people.kind == "worn"

    def test_the_taxonomy_says_what_is_foreground(self, make_scene: MakeScene) -> None:
        """In `parts` skin and hair are background, legwear is ignored and so right whatever is found there."""
        model = KnowsTheAnswer()
        samples = [model.sample(make_scene(120, 160, items=("top", "pants", "legwear")), 0)]
        truth = samples[0].label_map
        assert truth is not None
        body = np.isin(truth, [WARDROBE.index("skin"), WARDROBE.index("hair")])
        report = evaluate_matting(model, samples, taxonomy="parts", resamples=5)
        assert report.scores["mae"].value == pytest.approx(body.mean())

    def test_a_model_without_alpha_is_refused(self, make_scene: MakeScene) -> None:
        model = KnowsTheAnswer()
        samples = worn(model, make_scene, 1)

        class NoAlpha:
            taxonomy = WARDROBE

            def segment(self, photo: Photo) -> SimpleNamespace:
                return SimpleNamespace(label_map=model.segment(photo).label_map, taxonomy=WARDROBE)

        with pytest.raises(UsageError, match="no soft mask"):
            evaluate_matting(NoAlpha(), samples)

    def test_every_photo_is_in_the_json(self, make_scene: MakeScene) -> None:
        model = KnowsTheAnswer()
        report = evaluate_matting(model, worn(model, make_scene, 3), resamples=5)
        rows = json.loads(report.to_json())["per_photo"]
        assert [row["id"] for row in rows] == ["0000", "0001", "0002"]
        assert rows[0]["weighted_f"] == pytest.approx(1)


@pytest.mark.parametrize(("evaluation", "kind_of_model"), EVALUATIONS)
class TestBadInput:
    def test_broken_samples_are_counted_and_the_others_go_on(
        self, make_scene: MakeScene, evaluation: Callable[..., AnyReport], kind_of_model: type[KnowsTheAnswer]
    ) -> None:
        model = kind_of_model()
        samples = worn(model, make_scene, 3)

        def fail() -> Photo:
            raise PhotoError("gone.jpg is truncated: restore it")

        samples[1] = replace(samples[1], load_photo=fail)
        report = evaluation(model, samples, resamples=5)
        assert (report.photos, [item.id for item in report.broken]) == (2, ["0001"])
        assert "1 samples could not be read" in report.table()
        with pytest.raises(DatasetError, match="truncated"):
            evaluation(model, samples[1:2])
        with pytest.raises(DatasetError, match="no photo"):
            evaluation(model, [])

    def test_no_map_between_the_taxonomies(
        self, make_scene: MakeScene, evaluation: Callable[..., AnyReport], kind_of_model: type[KnowsTheAnswer]
    ) -> None:
        model = kind_of_model()
        for wanted in ("people-clothing", "nonsense"):
            with pytest.raises(TaxonomyError) as error:
                evaluation(model, worn(model, make_scene, 1), taxonomy=wanted)
            assert "\n" not in str(error.value)


class TestChoice:
    def test_by_the_models_task(self, make_scene: MakeScene) -> None:
        model = FindsObjects()
        samples = worn(model, make_scene, 2)
        reports: dict[str, type[AnyReport]] = {
            "semantic": Report,
            "instance": InstanceReport,
            "matting": MattingReport,
        }
        for task, kind in reports.items():
            model.description = SimpleNamespace(name="made", task=task)  # type: ignore[attr-defined]
            report = evaluate_task(model, samples, resamples=2)
            assert isinstance(report, kind) and report.model == "made"
            assert report.to_dict()["task"] == task
            assert type(evaluate_task(model, samples, task="matting", resamples=2)) is MattingReport
        assert task_of(KnowsTheAnswer()) == "semantic"

    def test_a_task_without_scores(self) -> None:
        with pytest.raises(UsageError, match="semantic, instance, matting"):
            evaluate_task(KnowsTheAnswer(), [], task="inpainting")


class Pictures(HTMLParser):
    """The tags of a page: they nest rightly, and nothing is loaded from elsewhere."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.images: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe")
        if tag == "img":
            self.images.append(str(dict(attrs)["src"]))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


class TestPage:
    def page(
        self, task: str, model: Predictor, samples: list[Sample], count: int = 2
    ) -> tuple[Pictures, str]:
        gallery = Gallery(count)
        report = evaluate_task(model, samples, task=task, gallery=gallery, resamples=2, name="a <b>model</b>")
        report = replace(report, broken=(BrokenSample("7", "<script>alert(1)</script>"),))
        page = report_page(report, gallery)
        return Pictures(page), page

    @pytest.mark.parametrize(("task", "panels"), [("semantic", 3), ("instance", 3), ("matting", 4)])
    def test_it_stands_alone(self, make_scene: MakeScene, task: str, panels: int) -> None:
        model = FindsObjects(partial(swap, "pants", "skirt"))
        pictures, page = self.page(task, model, worn(model, make_scene, 5))
        assert len(pictures.images) == 2 * 2 * panels
        assert all(image.startswith("data:image/jpeg;base64,/9j/") for image in pictures.images)
        text = " ".join(pictures.text)
        assert "a <b>model</b>" in text and "<script>alert(1)</script>" in text, "names are text"
        assert 'name="viewport"' in page
        assert not re.search(r'(src|href)="(?!data:)', page)
        assert ("Confusion" in text) == (task == "semantic")

    def test_the_best_and_the_worst(self, make_scene: MakeScene) -> None:
        samples = worn(model := KnowsTheAnswer(), make_scene, 7)
        changes: list[LabelMap] = []

        def spoil(truth: LabelMap) -> LabelMap:
            """Each photo worse than the one before: one more row of everything is lost."""
            changes.append(truth)
            changed = truth.copy()
            changed[: 22 * (len(changes) - 1)] = 0
            return changed

        model.change = spoil
        gallery = Gallery(2)
        evaluate_task(model, samples, gallery=gallery, resamples=2)
        assert [shown.id for shown in gallery.best] == ["0000", "0001"]
        assert [shown.id for shown in gallery.worst] == ["0006", "0005"]
        assert gallery.best[0].score == 1 and gallery.score_name == "garment mIoU"

    def test_few_photos_are_shown_once(self, make_scene: MakeScene) -> None:
        model = KnowsTheAnswer()
        pictures, _ = self.page("semantic", model, worn(model, make_scene, 3), count=2)
        assert len(pictures.images) == 3 * 3


def test_objects_can_be_run_lengths_or_masks(make_scene: MakeScene) -> None:
    """What a training loop has as arrays scores like what a model lists as run lengths."""
    from ewardrobe.evaluation import InstanceScorer

    label_map = make_scene(120, 160, items=("top", "pants")).label_map
    objects = find_instances(label_map, WARDROBE)
    masks = np.stack([item.mask(label_map.shape[::-1]) for item in objects])
    labels = [WARDROBE.index(item.label) for item in objects]
    boxes = np.array([item.box for item in objects], float)
    boxes[:, 2:] += boxes[:, :2]
    found = {"boxes": boxes, "labels": labels, "scores": np.full(len(labels), 0.5)}
    scores = []
    for kind in (masks, [encode_rle(mask) for mask in masks]):
        scorer = InstanceScorer(WARDROBE)
        scorer.add(1, {"boxes": boxes, "labels": labels, "masks": masks}, {**found, "masks": kind})
        scores.append(scorer.scores())
    assert scores[0] == pytest.approx(scores[1], nan_ok=True) and scores[0]["ap"] == 1
