from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe import taxonomy
from ewardrobe.attributes.features import CropEncoder
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.heads import SCHEMA_VERSION, Heads, ReadOut, shipped_heads
from ewardrobe.datasets import open_dataset
from ewardrobe.errors import MaskError, ModelError
from ewardrobe.segmentation import InputSpec, OutputSpec, models
from ewardrobe.segmentation.onnxfile import graph_sha256
from ewardrobe.segmentation.runtime import Runtime
from tests.attributes.made_heads import INPUTS, heads_for
from tests.segmentation.models import description, paint, photograph, write_colour_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx")


@pytest.fixture(scope="module")
def heads(model: Path) -> Heads:
    return heads_for(model)


class TestVocabulary:
    def test_names_are_unique_and_classes_exist(self) -> None:
        names, classes = type_vocabulary().names, taxonomy.load("wardrobe")
        assert len(set(names)) == len(names)
        for item in type_vocabulary().types:
            assert item.classes
            assert all(classes[name].kind == "garment" for name in item.classes)

    def test_every_garment_class_has_a_type(self) -> None:
        wardrobe = taxonomy.load("wardrobe")
        for index in wardrobe.garments:
            assert type_vocabulary().segmented_as(wardrobe[index].name).any(), wardrobe[index].name

    @pytest.mark.parametrize("source", ["flat-lay", "people-clothing"])
    def test_every_label_of_a_set_means_types_or_is_left_out_with_a_reason(self, source: str) -> None:
        import ewardrobe.attributes

        document = json.loads(
            (Path(ewardrobe.attributes.__file__).parent / "data" / "types.json").read_text()
        )
        entry = document["sources"][source]
        garments = {item.name for item in taxonomy.load(source) if item.name not in entry["unused"]}
        garments -= {item.name for item in taxonomy.load(source) if item.kind != "garment"}
        assert garments == set(entry["labels"])
        assert all(reason for reason in entry["unused"].values())
        assert set().union(*entry["labels"].values()) <= set(type_vocabulary().names)

    @pytest.mark.parametrize("source", ["flat-lay", "people-clothing"])
    def test_a_label_means_types_of_the_class_it_is_mapped_to(self, source: str) -> None:
        """`types.json` and the map to `wardrobe` must not contradict each other."""
        table = taxonomy.load_map(source, "wardrobe")
        for label, meant in type_vocabulary().sources[source].items():
            target = table.target_of(label)
            if target is not None and label != "accessories":
                fitting = type_vocabulary().segmented_as(target)
                assert (fitting & type_vocabulary().members(source, label)).any(), (label, target, meant)

    @pytest.mark.data
    def test_every_article_type_of_the_shop_photos_is_placed(self, data_folder: Path) -> None:
        import ewardrobe.attributes

        document = json.loads(
            (Path(ewardrobe.attributes.__file__).parent / "data" / "types.json").read_text()
        )
        entry = document["sources"]["products"]
        articles = {sample.label for sample in open_dataset(data_folder / "products", format="products")}
        assert articles <= set(entry["labels"]) | set(entry["unused"])

    def test_season_weights_are_probabilities(self) -> None:
        weights = type_vocabulary().season_weights()
        assert weights.shape == (len(type_vocabulary().types), 4)
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
        names, seasons = type_vocabulary().names, type_vocabulary().seasons
        assert seasons[weights[names.index("coat")].argmax()] == "winter"
        assert seasons[weights[names.index("sandals")].argmax()] == "summer"


class TestHeads:
    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 2**32 - 1), networks=st.integers(1, 3), hidden=st.integers(1, 9))
    def test_saved_heads_answer_as_before(
        self, tmp_path_factory: pytest.TempPathFactory, seed: int, networks: int, hidden: int
    ) -> None:
        rng = np.random.default_rng(seed)
        made = _random(rng, networks, hidden)
        path = tmp_path_factory.mktemp("heads") / "heads.npz"
        made.save(path)
        read = Heads.load(path)
        assert (read.model, read.model_sha256, dict(read.about)) == (
            made.model,
            made.model_sha256,
            made.about,
        )
        assert read.names("question") == made.names("question")
        assert read.embedding_id == made.embedding_id
        vector = rng.normal(size=6).astype(np.float32)
        before = made.probabilities("question", made.hidden(vector))
        after = read.probabilities("question", read.hidden(vector))
        np.testing.assert_allclose(after, before, atol=0.02)  # the weights are kept as float16
        np.testing.assert_allclose(after.sum(), 1, rtol=1e-5)

    def test_one_network_is_what_its_layers_say(self) -> None:
        made = _random(np.random.default_rng(1), 1, 4)
        vector = np.linspace(-1, 1, 6, dtype=np.float32)
        shared = np.maximum(made.weights[0] @ ((vector - made.centre) / made.spread) + made.bias[0], 0)
        read_out = made.read_outs["question"]
        scores = (shared @ read_out.weights[0] + read_out.bias[0]) / read_out.temperature
        expected = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(made.probabilities("question", made.hidden(vector)), expected, rtol=1e-4)

    def test_a_higher_temperature_is_less_sure_and_says_the_same(self, heads: Heads, model: Path) -> None:
        warm = heads_for(model, temperature=4.0)
        vector = np.random.default_rng(0).uniform(0, 1, INPUTS).astype(np.float32)
        sure, unsure = (item.probabilities("type", item.hidden(vector)) for item in (heads, warm))
        assert unsure.max() < sure.max()
        assert unsure.argmax() == sure.argmax()

    @pytest.mark.parametrize("content", [b"", b"not a file of heads", b"PK\x03\x04 broken"])
    def test_damaged_files_are_one_line(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "heads.npz"
        path.write_bytes(content)
        with pytest.raises(ModelError, match="heads") as caught:
            Heads.load(path)
        assert "\n" not in str(caught.value)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"gone\.npz"):
            Heads.load(tmp_path / "gone.npz")

    def test_another_schema_is_refused(self, heads: Heads, tmp_path: Path) -> None:
        path = tmp_path / "heads.npz"
        heads.save(path)
        with np.load(path) as stored:
            arrays = dict(stored)
        meta = json.loads(str(arrays.pop("meta")))
        np.savez(path, meta=np.array(json.dumps({**meta, "schema_version": SCHEMA_VERSION + 1})), **arrays)
        with pytest.raises(ModelError, match="schema version"):
            Heads.load(path)


class TestShippedHeads:
    def test_they_fit_the_shipped_model(self) -> None:
        """Heads and model are retrained together: neither may change alone."""
        default = next(item for item in models() if item.name == "default")
        heads = shipped_heads()
        assert default.path is not None
        assert heads is not None
        assert heads.model_sha256 == graph_sha256(default.path), "run: python -m ewardrobe.training.heads"

    def test_they_answer_our_questions_with_our_names(self) -> None:
        heads, vocabulary = shipped_heads(), type_vocabulary()
        assert heads is not None
        assert heads.names("type") == vocabulary.names
        assert set(heads.names("style")) == set(vocabulary.styles)
        assert heads.names("season") == vocabulary.seasons
        assert len(heads.projection) in range(128, 257)

    def test_they_are_small(self) -> None:
        import ewardrobe.attributes

        file = Path(ewardrobe.attributes.__file__).parent / "data" / "heads.npz"
        assert file.stat().st_size < 3_000_000


class TestCropEncoder:
    def test_features_are_those_under_the_mask(self, model: Path) -> None:
        labels = paint((240, 200), [("top", (40, 32, 96, 64)), ("pants", (40, 96, 96, 96))])
        found = CropEncoder(Runtime(model)).features(
            photograph(labels), labels == taxonomy.load("wardrobe").index("pants")
        )
        colour = taxonomy.load("wardrobe")["pants"].colour
        mean, std = (np.array(description().mean), np.array(description().std))
        np.testing.assert_allclose(found.pooled, (np.array(colour) / 255 - mean) / std, atol=0.25)
        assert found.classes.argmax() == taxonomy.load("wardrobe").index("pants")
        assert found.neighbours[taxonomy.load("wardrobe").index("pants")] < 0.2

    def test_what_lies_far_away_does_not_matter(self, model: Path) -> None:
        labels = paint((300, 600), [("top", (20, 100, 80, 80))])
        other = paint((300, 600), [("top", (20, 100, 80, 80)), ("bag", (400, 20, 150, 250))])
        mask = labels == taxonomy.load("wardrobe").index("top")
        encoder = CropEncoder(Runtime(model))
        one, two = (encoder.features(photograph(item), mask).vector() for item in (labels, other))
        np.testing.assert_array_equal(one, two)

    def test_size_in_the_photo_does_not_matter(self, model: Path) -> None:
        small = paint((160, 160), [("top", (50, 40, 40, 60))])
        large = small.repeat(4, axis=0).repeat(4, axis=1)
        encoder, top = CropEncoder(Runtime(model)), taxonomy.load("wardrobe").index("top")
        one, two = (encoder.features(photograph(item), item == top) for item in (small, large))
        np.testing.assert_allclose(one.vector(), two.vector(), atol=0.12)

    def test_shape_tells_long_from_wide_and_flared_from_straight(self, model: Path) -> None:
        encoder = CropEncoder(Runtime(model))
        pixels = np.full((200, 200, 3), 128, np.uint8)
        tall, wide, flared = (np.zeros((200, 200), np.bool_) for _ in range(3))
        tall[20:180, 80:120], wide[80:120, 20:180] = True, True
        for row in range(60):
            flared[60 + row, 100 - row // 2 - 5 : 100 + row // 2 + 5] = True
        shapes = [encoder.features(pixels, mask).shape for mask in (tall, wide, flared)]
        assert shapes[0][0] > 1 > -1 > shapes[1][0]
        assert shapes[2][3] > 0.15 > shapes[0][3]

    def test_an_empty_mask_is_refused(self, model: Path) -> None:
        with pytest.raises(MaskError, match="empty"):
            CropEncoder(Runtime(model)).features(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.bool_))

    def test_models_without_features_or_of_one_size_are_refused(self, tmp_path: Path, model: Path) -> None:
        bare = description(outputs={"logits": OutputSpec("logits", stride=4)})
        with pytest.raises(ModelError, match="default model"):
            CropEncoder(Runtime(model, bare))
        fixed = description(input=InputSpec(resize="stretch", height=64, width=64), sizes={})
        with pytest.raises(ModelError, match="default model"):
            CropEncoder(Runtime(model, fixed))

    def test_the_runtime_keeps_its_own_size(self, model: Path) -> None:
        runtime = Runtime(model, size=128)
        CropEncoder(runtime)
        assert runtime.size == 128


def test_rewriting_a_description_leaves_the_heads_fitting(model: Path, tmp_path: Path) -> None:
    from ewardrobe.segmentation import write_description

    copy = tmp_path / "copy.onnx"
    write_description(model, copy, description(scores={"worn": {"mIoU": 0.5}}))
    assert graph_sha256(copy) == graph_sha256(model)
    assert copy.read_bytes() != model.read_bytes()


def _random(rng: np.random.Generator, networks: int, hidden: int) -> Heads:
    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.normal(size=shape).astype(np.float32)

    answers = ("yes", "no", "maybe")
    return Heads(
        model="any",
        model_sha256="0" * 64,
        centre=draw(6),
        spread=np.abs(draw(6)) + 0.5,
        weights=draw(networks, hidden, 6),
        bias=draw(networks, hidden),
        read_outs={"question": ReadOut(answers, draw(networks, hidden, 3), draw(networks, 3), 1.5)},
        projection=draw(2, 3),
        projection_centre=draw(3),
        about={"seed": 1},
    )


def test_heads_are_frozen(heads: Heads) -> None:
    assert replace(heads, model="other").model == "other"
    with pytest.raises(AttributeError):
        heads.model = "other"  # type: ignore[misc]
