"""Models side by side: the taxonomy they share, turns and scores, pictures and the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.datasets import Sample
from ewardrobe.errors import DatasetError, ModelError, PhotoError, TaxonomyError, UsageError
from ewardrobe.evaluation import Contender, compare, evaluate, load_contenders
from ewardrobe.evaluation.contenders import shared_taxonomy, split_size
from ewardrobe.evaluation.strips import draw_strip
from ewardrobe.imaging import Photo
from tests.conftest import Scene
from tests.evaluation.predictors import WARDROBE, FindsObjects, Found, KnowsTheAnswer, swap, worn
from tests.evaluation.test_tasks import Pictures

MakeScene = Callable[..., Scene]
PARTS = taxonomy.load("parts")


def contenders(make_scene: MakeScene, count: int = 12) -> tuple[list[Contender], list[Sample]]:
    """A model that is right, and one that takes pants for skirts; and photos."""
    right, wrong = FindsObjects(), FindsObjects(partial(swap, "pants", "skirt"))
    samples = worn(right, make_scene, count)
    wrong.answers = right.answers
    return [Contender("right", right), Contender("wrong & <b>bold</b>", wrong, licence="none")], samples


def without_labels(sample: Sample) -> Sample:
    return replace(sample, load_label_map=None, taxonomy=None)


class TestSharedTaxonomy:
    def of(self, *models: str, labels: str | None = None, name: str | None = None) -> str:
        found = taxonomy.load(labels) if labels else None
        return shared_taxonomy([taxonomy.load(model) for model in models], found, name).name

    def test_the_finest_whose_classes_all_can_find(self) -> None:
        assert self.of("wardrobe", "wardrobe") == "wardrobe"
        assert self.of("wardrobe", "wardrobe", labels="people-clothing") == "wardrobe"
        # u2net-cloth has a map to wardrobe, but no hat could ever be right.
        assert self.of("wardrobe", "u2net-cloth") == "parts"
        assert self.of("u2net-cloth", labels="people-clothing") == "parts"
        assert self.of("wardrobe", labels="people-clothing", name="regions") == "regions"

    def test_none(self) -> None:
        with pytest.raises(TaxonomyError, match="no map onto one"):
            shared_taxonomy([WARDROBE, replace(PARTS, name="mine", classes=PARTS.classes[:2])], None, None)
        with pytest.raises(TaxonomyError):
            self.of("wardrobe", name="people-clothing")


class TestNames:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("default", ("default", None)),
            ("default@live", ("default", "live")),
            ("a/b.onnx@512", ("a/b.onnx", 512)),
            ("default@", ("default@", None)),
        ],
    )
    def test_sizes(self, text: str, expected: tuple[str, int | str | None]) -> None:
        assert split_size(text) == expected

    def test_a_file_with_an_at(self, tmp_path: Path) -> None:
        path = tmp_path / "me@home"
        path.write_bytes(b"")
        assert split_size(str(path)) == (str(path), None)

    def test_what_cannot_be_loaded(self) -> None:
        for texts in ([], [" "], ["default", "default"]):
            with pytest.raises(UsageError):
                load_contenders(texts)
        with pytest.raises(ModelError, match="nonsense"):
            load_contenders(["nonsense@live"])


class TestCompare:
    def test_scores_are_those_of_evaluate(self, make_scene: MakeScene, tmp_path: Path) -> None:
        models, samples = contenders(make_scene)
        found = compare(models, samples, tmp_path, resamples=50)
        for model, scores in zip(models, found.scores, strict=True):
            report = evaluate(model.predictor, samples, resamples=50)
            for name in ("garment_miou", "miou", "foreground_iou"):
                assert scores[name] == report.scores[name]
        ahead = found.scores[1]["garment_miou_ahead"]
        assert ahead.high < 0 and ahead.value == pytest.approx(
            found.scores[1]["garment_miou"].value - found.scores[0]["garment_miou"].value
        )
        assert "ap" not in found.scores[0]
        header = found.table().header
        assert "garment mIoU [95 %]" in header and "garment mIoU, all classes [95 %]" not in header

    def test_instance_models_have_ap_too(self, make_scene: MakeScene, tmp_path: Path) -> None:
        models, samples = contenders(make_scene, 3)
        models[1].task = "instance"
        found = compare(models, samples, tmp_path, resamples=5)
        assert found.scores[0]["ap"].value == 1 > found.scores[1]["ap"].value
        assert {"mask AP [95 %]", "garment mIoU, all classes [95 %]"} <= set(found.table().header)

    def test_in_turns(self, make_scene: MakeScene, tmp_path: Path) -> None:
        models, samples = contenders(make_scene, 4)
        order: list[str] = []

        class Slow:
            taxonomy = WARDROBE

            def __init__(self, contender: Contender) -> None:
                self.name, self.inner = contender.name, contender.predictor

            def segment(self, photo: Photo) -> Found:
                order.append(self.name[0])
                found = self.inner.segment(photo)
                assert isinstance(found, Found)
                return found

        for model in models:
            model.predictor = Slow(model)
        found = compare(models, [without_labels(sample) for sample in samples], tmp_path)
        # One call each that is not timed, then three turns on each of four photos, the first model changing.
        assert "".join(order) == "rw" + "rwwr" * 6
        assert [len(model.milliseconds) for model in models] == [12, 12]
        assert found.table().rows[0][1] == f"{np.median(models[0].milliseconds):.0f}"

    def test_pictures_and_page(self, make_scene: MakeScene, tmp_path: Path) -> None:
        models, samples = contenders(make_scene, 2)
        samples[1] = replace(samples[1], id="below/a photo #1 <i>")
        found = compare(models, samples, tmp_path, resamples=5)
        page = Pictures((tmp_path / "index.html").read_text(encoding="utf-8"))
        assert len(page.images) == 2
        sizes = {Image.open(tmp_path / unquote(image)).size for image in page.images}
        ((width, height),) = sizes
        panel = samples[0].photo
        assert width == 4 * panel.width + 5 * 8 and height > panel.height
        text = " ".join(page.text)
        assert "wrong & <b>bold</b>" in text and "below/a photo #1 <i>" in text
        document = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
        assert document == json.loads(json.dumps(found.to_dict()))
        assert document["photos"][0]["garment_miou"][0] == 1

    def test_photos_without_labels(self, make_scene: MakeScene, tmp_path: Path) -> None:
        models, samples = contenders(make_scene, 2)
        found = compare(models, [without_labels(sample) for sample in samples], tmp_path)
        assert found.scores == ({}, {}) and found.photos[0].scores == ()
        assert found.table().header[:2] == ("model", "ms a photo")
        with Image.open(tmp_path / "0000.jpg") as picture:
            assert picture.width == 3 * samples[0].photo.width + 4 * 8, "no ground truth"

    def test_broken_photos_are_counted_and_the_others_go_on(
        self, make_scene: MakeScene, tmp_path: Path
    ) -> None:
        models, samples = contenders(make_scene, 3)

        def fail() -> Photo:
            raise PhotoError("gone.jpg is truncated: restore it")

        samples[0] = replace(samples[0], load_photo=fail)
        found = compare(models, samples, tmp_path, resamples=5)
        assert len(found.photos) == 2 and [item.id for item in found.broken] == ["0000"]
        assert "truncated" in (tmp_path / "index.html").read_text(encoding="utf-8")
        with pytest.raises(DatasetError, match="truncated"):
            compare(models, samples[:1], tmp_path)

    @pytest.mark.parametrize("wicked", ["../../out", "/etc/x", ".."])
    def test_no_picture_leaves_the_folder(self, make_scene: MakeScene, tmp_path: Path, wicked: str) -> None:
        models, samples = contenders(make_scene, 1)
        out = tmp_path / "in" / "here"
        found = compare(models, [replace(samples[0], id=wicked)], out, resamples=2)
        assert (out / found.photos[0].picture).resolve().is_relative_to(out.resolve())
        assert (out / found.photos[0].picture).is_file()


def test_a_strip_has_its_colours_named() -> None:
    picture = Image.new("RGB", (120, 60), (10, 10, 10))
    panels = [("photo", "", picture), ("a model with a very long name indeed", "1 ms", picture)]
    present = [WARDROBE.index(name) for name in ("hat", "top", "pants")]
    strip = draw_strip(panels, WARDROBE, present)
    assert strip.width == 2 * 120 + 3 * 8
    colours = {colour for _, colour in strip.getcolors(1 << 20) or []}
    assert {WARDROBE[index].colour for index in present} <= colours
    assert WARDROBE["skirt"].colour not in colours
    everything = draw_strip(panels, WARDROBE, range(1, len(WARDROBE)))
    assert everything.height > strip.height, "what is too long for one line goes on in the next"


def test_models_of_unlike_taxonomies(make_scene: MakeScene, tmp_path: Path) -> None:
    right = KnowsTheAnswer()
    samples = worn(right, make_scene, 2)
    lut = taxonomy.load_map("wardrobe", "parts").lut
    coarse = KnowsTheAnswer(lambda truth: np.where(lut[truth] == 255, 0, lut[truth]).astype(np.uint8), PARTS)
    coarse.answers = right.answers
    found = compare([Contender("fine", right), Contender("coarse", coarse)], samples, tmp_path, resamples=2)
    assert found.taxonomy.name == "parts"
    assert [scores["garment_miou_all"].value for scores in found.scores] == [1, 1]
