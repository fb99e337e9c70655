from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ewardrobe.attributes import Attributes, Describer, Value, type_vocabulary
from ewardrobe.attributes.describing import CLASS_CONFIDENCE, LEAST_SEASON, LEAST_STYLE, OFF_CLASS, Answers
from ewardrobe.attributes.features import CropEncoder
from ewardrobe.attributes.heads import Heads
from ewardrobe.segmentation import Segmentation, Segmenter
from ewardrobe.segmentation.runtime import Runtime
from tests.attributes.made_heads import heads_for
from tests.segmentation.models import paint, person, photograph, write_colour_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx")


@pytest.fixture(scope="module")
def heads(model: Path) -> Heads:
    return heads_for(model)


@pytest.fixture(scope="module")
def segmentation(model: Path) -> Segmentation:
    return Segmenter(model).segment(photograph(paint((256, 200), person(60))))


def _described(model: Path, heads: Heads | None, segmentation: Segmentation) -> dict[str, Attributes]:
    describer = Describer(Runtime(model, threads=1), heads)
    return {garment.label: describer.describe(segmentation, garment) for garment in segmentation.garments}


class TestDescribe:
    def test_each_garment_gets_a_type_of_its_class(
        self, model: Path, heads: Heads, segmentation: Segmentation
    ) -> None:
        found = _described(model, heads, segmentation)
        assert set(found) == {"top", "pants", "footwear"}
        assert {label: item.type.name for label, item in found.items()} == {
            "top": "t-shirt",
            "pants": "jeans",
            "footwear": "sneakers",
        }

    def test_every_value_says_how_sure_it_is_and_who_says_so(
        self, model: Path, heads: Heads, segmentation: Segmentation
    ) -> None:
        for item in _described(model, heads, segmentation).values():
            for name in ("type", "pattern", "material", "style", "occasion", "season", "colour"):
                value = getattr(item, name)
                assert isinstance(value, Value), name
                assert 0 <= value.confidence <= 1, name
                assert value.source in ("model", "pixels"), name
                assert value.name
                assert value.runner_up != value.name
            assert item.type.runner_up in type_vocabulary().names
            assert item.embedding.dtype == np.float32
            assert float(np.linalg.norm(item.embedding)) == pytest.approx(1, abs=1e-5)
            assert item.colours
            assert sum(colour.share for colour in item.colours) == pytest.approx(1, abs=0.02)

    def test_the_occasion_follows_the_style(self, model: Path, segmentation: Segmentation) -> None:
        for style, occasion in type_vocabulary().styles.items():
            found = _described(model, heads_for(model, style=style), segmentation)["top"]
            assert (found.style.name, found.occasion.name) == (style, occasion)

    def test_the_season_listens_to_the_type(
        self, model: Path, heads: Heads, segmentation: Segmentation
    ) -> None:
        """The same picture-based answer, "summer", is surer for sandals than for a coat."""
        crop = CropEncoder(Runtime(model)).features(segmentation.photo.pixels, segmentation.garments[0].mask)
        summer = type_vocabulary().seasons.index("summer")
        names = type_vocabulary().names
        answers = {}
        for kind in ("coat", "shorts"):
            only = np.zeros((1, heads.weights.shape[1], len(names)), np.float32)
            bias = np.where(np.array(names) == kind, 12.0, 0.0).astype(np.float32)[None]
            questions = {**heads.read_outs, "type": replace(heads.read_outs["type"], weights=only, bias=bias)}
            answers[kind] = Answers(replace(heads, read_outs=questions), crop, None).season[summer]
        assert answers["shorts"] > 0.95
        assert answers["coat"] < answers["shorts"]

    def test_doubt_is_unknown(self, model: Path, heads: Heads, segmentation: Segmentation) -> None:
        questions = dict(heads.read_outs)
        for name in ("style", "season"):
            questions[name] = replace(questions[name], bias=questions[name].bias * 0)
        found = _described(model, replace(heads, read_outs=questions), segmentation)["pants"]
        assert 1 / len(type_vocabulary().styles) < LEAST_STYLE
        assert 1 / len(type_vocabulary().seasons) < LEAST_SEASON
        for value in (found.style, found.occasion, found.season):
            assert not value.known
            assert value.confidence == 0

    def test_a_likely_type_of_another_class_can_still_win(
        self, model: Path, heads: Heads, segmentation: Segmentation
    ) -> None:
        crop = CropEncoder(Runtime(model)).features(segmentation.photo.pixels, segmentation.garments[0].mask)
        free = Answers(heads, crop, None).type
        bound = Answers(heads, crop, "bag").type
        fitting = type_vocabulary().segmented_as("bag")
        assert bound.sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(
            bound[~fitting].sum() / bound[fitting].sum(),
            OFF_CLASS * free[~fitting].sum() / free[fitting].sum(),
            rtol=1e-3,
        )
        assert 0 < bound[~fitting].sum() < free[~fitting].sum()


class TestOtherModels:
    def test_without_fitting_heads_the_class_stands_in_with_less_confidence(
        self, model: Path, heads: Heads, segmentation: Segmentation
    ) -> None:
        strangers = replace(heads, model_sha256="0" * 64)
        describer = Describer(Runtime(model, threads=1), strangers)
        garment = segmentation.garments[0]
        found = describer.describe(segmentation, garment)
        assert found.type.name == garment.label
        assert found.type.confidence == pytest.approx(CLASS_CONFIDENCE * garment.score)
        assert not found.style.known
        assert not found.season.known
        assert len(found.embedding) == 3  # the features themselves
        fitting = Describer(Runtime(model, threads=1), heads).describe(segmentation, garment)
        assert fitting.embedding_model.startswith("colours/")
        assert found.embedding_model == "colours/features"

    def test_a_garment_of_another_taxonomy_is_described_too(
        self, model: Path, heads: Heads, tmp_path: Path
    ) -> None:
        other = write_colour_model(tmp_path / "tags.onnx", "people-clothing")
        pixels = photograph(
            paint((160, 160), [("jeans", (40, 30, 70, 100))], "people-clothing"), "people-clothing"
        )
        segmentation = Segmenter(other).segment(pixels)
        found = Describer(Runtime(model, threads=1), heads).describe(segmentation, segmentation.garments[0])
        assert segmentation.garments[0].label == "jeans"
        assert found.type.name in type_vocabulary().names


class TestShipped:
    @pytest.mark.slow
    def test_the_shipped_describer_answers(self, make_scene) -> None:  # type: ignore[no-untyped-def]
        """End to end with what ships: model, heads, colours; on a rendered figure only names can be checked."""
        import ewardrobe

        result = ewardrobe.segment(make_scene(items=("top", "pants", "footwear"), seed=3).pixels)
        for garment in result.garments:
            found = ewardrobe.describe(result, garment)
            assert found.type.name in type_vocabulary().names
            assert len(found.embedding) in range(128, 257)
