"""Zero-shot engines on a tiny pair of real graphs: a picture is its mean colour, a sentence its colour word."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ewardrobe.attributes import Describer, Value, ZeroShotEngine, pull_engine, zero_shot_engines
from ewardrobe.attributes import zero_shot as room
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.errors import ModelError
from ewardrobe.segmentation import Segmenter
from ewardrobe.segmentation.runtime import Runtime
from tests.attributes.made_heads import heads_for
from tests.segmentation.models import paint, photograph, write_colour_model

tokenizers = pytest.importorskip("tokenizers", reason="zero-shot engines need the package tokenizers")

WORDS = {"[PAD]": 0, "[UNK]": 1, "red": 2, "green": 3, "blue": 4}
MEANING = np.array([[0, 0, 0], [0.1, 0.1, 0.1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.float32)
RED = np.full((40, 20, 3), (230, 20, 30), np.uint8)
BLUE = np.full((20, 40, 3), (20, 30, 220), np.uint8)


def _graph(parts: str) -> onnx.ModelProto:
    """`image`: mean colour of `pixel_values`; `text`: sum of the known words' meanings; `both` in one."""
    nodes, inputs, outputs = [], [], []
    if parts in ("image", "both"):
        nodes += [
            helper.make_node("GlobalAveragePool", ["pixel_values"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["image_embeds"]),
        ]
        inputs.append(helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, "h", "w"]))
        outputs.append(helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", 3]))
    if parts in ("text", "both"):
        nodes += [
            helper.make_node("Gather", ["meaning", "input_ids"], ["words"]),
            helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["kept", "last"], ["weights"]),
            helper.make_node("Mul", ["words", "weights"], ["counted"]),
            helper.make_node("ReduceSum", ["counted", "tokens"], ["text_embeds"], keepdims=0),
        ]
        for name in ("input_ids", "attention_mask"):
            inputs.append(helper.make_tensor_value_info(name, TensorProto.INT64, ["m", "t"]))
        outputs.append(helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, ["m", 3]))
    tensors = [
        numpy_helper.from_array(MEANING, "meaning"),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
        numpy_helper.from_array(np.array([1], np.int64), "tokens"),
    ]
    graph = helper.make_graph(nodes, parts, inputs, outputs, tensors if parts != "image" else [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _tokenizer(path: Path) -> None:
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(WORDS, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(path))


def _write_engine(folder: Path, *, together: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    image, text = ("model.onnx", "model.onnx") if together else ("image.onnx", "text.onnx")
    if together:
        onnx.save(_graph("both"), folder / image)
    else:
        onnx.save(_graph("image"), folder / image)
        onnx.save(_graph("text"), folder / text)
    _tokenizer(folder / "words.json")
    entry = {
        "title": "Colours",
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "image_graph": image,
        "text_graph": text,
        "tokenizer": "words.json",
        "size": 32,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "context": 12,
        "padding_token": 0,
        "scale": 20.0,
    }
    (folder / "engine.json").write_text(json.dumps(entry))
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EWARDROBE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class TestEngine:
    @pytest.mark.parametrize("together", [False, True])
    def test_a_picture_is_likest_to_its_own_sentence(self, tmp_path: Path, together: bool) -> None:
        engine = ZeroShotEngine.load(_write_engine(tmp_path / "colours", together=together))
        for picture, name in ((RED, "red"), (BLUE, "blue")):
            found = engine.choose(picture, ["red", "green", "blue"], "a photo of a {} thing")
            assert found.name == name
            assert found.confidence > 0.5
            assert found.runner_up in {"red", "green", "blue"} - {name}
            assert found.source == "model"

    def test_embeddings_have_length_one(self, tmp_path: Path) -> None:
        engine = ZeroShotEngine.load(_write_engine(tmp_path / "colours"))
        assert float(np.linalg.norm(engine.embed_image(RED))) == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(np.linalg.norm(engine.embed_texts(["red", "blue"]), axis=1), 1, atol=1e-5)

    def test_long_sentences_are_cut_and_short_ones_filled(self, tmp_path: Path) -> None:
        engine = ZeroShotEngine.load(_write_engine(tmp_path / "colours"))
        once, padded = engine.embed_texts(["red"]), engine.embed_texts(["red " * 200])
        np.testing.assert_allclose(once, padded, atol=1e-5)

    def test_the_whole_picture_is_seen_undistorted(self) -> None:
        spec = room.EngineSpec.from_dict(room._catalogue()["engines"]["fashion-clip"], "the catalogue")
        tall = np.zeros((300, 100, 3), np.uint8)
        tall[:10] = 255
        seen = room._square(tall, spec)
        white = (1 - np.array(spec.mean)) / np.array(spec.std)
        assert seen.shape == (1, 3, 224, 224)
        np.testing.assert_allclose(seen[0, :, 112, 5], white, atol=1e-4)  # filled at the sides
        assert (seen[0, 0, 20:, 80:140] < 0).all()  # and black where the garment is

    def test_answers_only_its_questions_among_our_names(self, tmp_path: Path) -> None:
        engine = ZeroShotEngine.load(_write_engine(tmp_path / "colours"))
        kind = engine.answer("type", RED)
        assert kind is not None
        assert kind.name in type_vocabulary().names
        assert engine.answer("price", RED) is None
        chosen = engine.answer("type", BLUE, ["red", "blue"])
        assert chosen is not None
        assert chosen.name == "blue"


class TestBehindTheSameInterface:
    def test_describe_asks_the_engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        model = write_colour_model(tmp_path / "colours.onnx")
        segmentation = Segmenter(model).segment(photograph(paint((160, 120), [("pants", (20, 20, 60, 120))])))
        garment = segmentation.garments[0]
        engine = ZeroShotEngine.load(_write_engine(tmp_path / "engine"))
        asked = []

        def answer(question: str, picture: np.ndarray, names: object = None) -> Value | None:  # type: ignore[type-arg]
            asked.append((question, picture.shape, names))
            return Value("jeans", 0.9, "trousers", "model") if question == "type" else None

        monkeypatch.setattr(engine, "answer", answer)
        found = Describer(Runtime(model), heads_for(model)).describe(segmentation, garment, engine)
        assert found.type == Value("jeans", 0.9, "trousers", "model")
        assert found.style.name == "sporty"  # the heads' own, as the engine has none
        names = asked[0][2]
        assert isinstance(names, list)
        assert {"jeans", "trousers"} <= set(names)
        assert "coat" not in names

    def test_end_to_end_with_real_graphs(self, tmp_path: Path) -> None:
        model = write_colour_model(tmp_path / "colours.onnx")
        segmentation = Segmenter(model).segment(photograph(paint((160, 120), [("pants", (20, 20, 60, 120))])))
        engine = ZeroShotEngine.load(_write_engine(tmp_path / "engine"))
        found = Describer(Runtime(model), heads_for(model)).describe(
            segmentation, segmentation.garments[0], engine
        )
        fitting = type_vocabulary().segmented_as("pants")
        assert found.type.name in {
            name for name, fits in zip(type_vocabulary().names, fitting, strict=True) if fits
        }


class TestPulling:
    def test_catalogue_is_whole(self) -> None:
        for name, entry in room._catalogue()["engines"].items():
            spec = room.EngineSpec.from_dict(entry, name)
            assert {spec.image_graph, spec.text_graph, spec.tokenizer} == set(entry["files"])
            for file in entry["files"].values():
                assert file["url"].startswith("https://")
                assert len(file.get("sha256", "0" * 64)) == 64

    def test_an_engine_from_a_folder_is_used_by_name(self, home: Path, tmp_path: Path) -> None:
        source = tmp_path / "download"
        source.mkdir()
        onnx.save(_graph("image"), source / "vision_model_quantized.onnx")
        onnx.save(_graph("text"), source / "text_model_quantized.onnx")
        _tokenizer(source / "tokenizer.json")
        assert zero_shot_engines()["marqo-fashion-siglip"] is None
        with pytest.raises(ModelError, match="pull_engine"):
            ZeroShotEngine.load("marqo-fashion-siglip")
        folder = pull_engine("marqo-fashion-siglip", source=source)
        assert home in folder.parents
        assert pull_engine("marqo-fashion-siglip") == folder  # there already: nothing is fetched
        engine = ZeroShotEngine.load("marqo-fashion-siglip")
        assert engine.choose(BLUE, ["red", "blue"]).name == "blue"

    def test_offline_is_one_clear_line(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        unreachable = copy.deepcopy(dict(room._catalogue()))
        for file in unreachable["engines"]["fashion-clip"]["files"].values():
            file["url"] = "http://127.0.0.1:9/nothing"  # the discard port: refused at once
        monkeypatch.setattr(room, "_catalogue", lambda: unreachable)
        with pytest.raises(ModelError, match="fashion-clip could not be fetched") as caught:
            pull_engine("fashion-clip")
        assert "\n" not in str(caught.value)
        assert "online" in str(caught.value)
        assert zero_shot_engines()["fashion-clip"] is None

    def test_other_bytes_than_the_published_ones_are_refused(self, home: Path, tmp_path: Path) -> None:
        source = tmp_path / "download"
        source.mkdir()
        onnx.save(_graph("both"), source / "model.onnx")
        _tokenizer(source / "tokenizer.json")
        with pytest.raises(ModelError, match="not it"):
            pull_engine("fashion-clip", source=source)
        assert zero_shot_engines()["fashion-clip"] is None

    def test_unknown_names_list_the_known(self, home: Path) -> None:
        for call in (pull_engine, ZeroShotEngine.load):
            with pytest.raises(ModelError, match="fashion-clip, marqo-fashion-siglip"):
                call("clipper")

    def test_a_folder_that_is_no_engine(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"engine\.json"):
            ZeroShotEngine.load(tmp_path)
        (tmp_path / "engine.json").write_text("{")
        with pytest.raises(ModelError, match="not valid JSON"):
            ZeroShotEngine.load(tmp_path)
        (tmp_path / "engine.json").write_text('{"title": "x"}')
        with pytest.raises(ModelError, match="licence"):
            ZeroShotEngine.load(tmp_path)

    def test_damaged_files_are_one_line(self, tmp_path: Path) -> None:
        folder = _write_engine(tmp_path / "colours")
        (folder / "image.onnx").write_bytes(b"no graph")
        with pytest.raises(ModelError, match="ONNX Runtime") as caught:
            ZeroShotEngine.load(folder)
        assert "\n" not in str(caught.value)
        (folder / "words.json").write_text("{}")
        with pytest.raises(ModelError, match="tokenizer"):
            ZeroShotEngine.load(folder)
