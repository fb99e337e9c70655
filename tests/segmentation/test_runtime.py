from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.errors import EwardrobeError, ModelError
from ewardrobe.segmentation import InputSpec, OutputSpec, Segmenter, available_providers, write_description
from tests.segmentation.graphs import damaged
from tests.segmentation.models import colour_graph, description, paint, person, photograph, write_colour_model


def described(path: Path, graph: onnx.ModelProto, **changes: object) -> Path:
    onnx.save(graph, path)
    write_description(path, path, description(**changes))  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"outputs": {"scores": OutputSpec("logits")}},
            "no output 'scores'; it has: logits, features, presence",
        ),
        ({"labels": "parts"}, "17 channels, taxonomy parts 4 classes"),
        ({"input": InputSpec(long_side=64, name="photo")}, "no input 'photo'; it has: image"),
        ({"taxonomy": "shoes-of-mars"}, "unknown taxonomy 'shoes-of-mars'"),
        ({"task": "embedding"}, "is for embedding"),
    ],
)
def test_a_description_that_contradicts_the_graph(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        Segmenter(described(tmp_path / "m.onnx", colour_graph(), **changes))
    assert "\n" not in str(caught.value)


def test_a_graph_that_onnx_runtime_refuses(tmp_path: Path) -> None:
    broken = colour_graph()
    broken.graph.node[1].op_type = "Convolute"
    with pytest.raises(ModelError, match=r"m\.onnx is not a model that ONNX Runtime can load"):
        Segmenter(described(tmp_path / "m.onnx", broken))


def test_a_name_in_the_graph_that_is_no_text(colour_model: Path, tmp_path: Path) -> None:
    data = colour_model.read_bytes()
    assert b"\x12\x01H" in data, "a free dimension called H"
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(data.replace(b"\x12\x01H", b"\x12\x01\xb5"))
    with pytest.raises(ModelError, match=r"damaged\.onnx .*(no text|cannot|not)"):
        Segmenter(damaged)


def test_a_name_on_two_lines_is_refused() -> None:
    with pytest.raises(ModelError, match="one line"):
        description(name="two\nlines")


def test_a_graph_that_fails_on_a_photo(tmp_path: Path) -> None:
    graph = colour_graph()
    graph.graph.node[0].input[0] = "seven"
    graph.graph.node.insert(0, onnx.helper.make_node("Reshape", ["image", "shape"], ["seven"]))
    shape = onnx.numpy_helper.from_array(np.array([1, 3, 7, 7], np.int64), "shape")
    graph.graph.initializer.append(shape)
    with pytest.raises(ModelError, match="colours failed to run") as caught:
        Segmenter(described(tmp_path / "m.onnx", graph)).segment(np.zeros((20, 20, 3), np.uint8))
    assert "\n" not in str(caught.value)


def test_sizes_by_number_by_name_and_the_models_own(colour_model: Path) -> None:
    assert Segmenter(colour_model).size == 256
    assert Segmenter(colour_model, size="live").size == 128
    assert Segmenter(colour_model, size=320).size == 320
    with pytest.raises(ModelError, match="no size named 'tiny'; it has: full, live"):
        Segmenter(colour_model, size="tiny")
    with pytest.raises(ModelError, match="out of range"):
        Segmenter(colour_model, size=0)
    with pytest.raises(ModelError, match="long side"):
        Segmenter(colour_model, size=(64, 64)).segment(np.zeros((9, 9, 3), np.uint8))


def test_a_graph_of_fixed_size_keeps_it(tmp_path: Path) -> None:
    path = described(
        tmp_path / "fixed.onnx",
        colour_graph(size=(96, 64)),
        input=InputSpec("stretch", height=96, width=64),
        sizes={},
    )
    scene = photograph(paint((300, 200), [("dress", (40, 60, 100, 200))]))
    assert [item.label for item in Segmenter(path).segment(scene).garments] == ["dress"]
    with pytest.raises(ModelError, match="takes 96x64 only"):
        Segmenter(path, size=128)


def test_probabilities_need_not_sum_to_one(tmp_path: Path) -> None:
    graph = colour_graph()
    graph.graph.node.append(onnx.helper.make_node("Mul", ["probabilities", "three"], ["tripled"]))
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array(3, np.float32), "three"))
    graph.graph.output.append(
        onnx.helper.make_tensor_value_info("tripled", onnx.TensorProto.FLOAT, [1, 17, None, None])
    )
    path = described(tmp_path / "m.onnx", graph, outputs={"tripled": OutputSpec("probabilities", 4)})
    result = Segmenter(path).segment(photograph(paint((256, 256), [("skirt", (64, 64, 128, 128))])))
    assert [item.label for item in result.garments] == ["skirt"]
    assert 0.9 < result.garments[0].score <= 1
    assert (result.features, result.presence) == (None, None)


def test_a_description_may_be_given(tmp_path: Path) -> None:
    onnx.save(colour_graph(), tmp_path / "bare.onnx")
    with pytest.raises(ModelError, match="carries no description"):
        Segmenter(tmp_path / "bare.onnx")
    assert Segmenter(tmp_path / "bare.onnx", description=description()).description.name == "colours"


def test_providers(colour_model: Path) -> None:
    assert available_providers()[-1] == "CPUExecutionProvider"
    assert Segmenter(colour_model, providers=["CPUExecutionProvider"]).provider == "CPUExecutionProvider"
    with pytest.raises(ModelError, match="QuantumExecutionProvider is not installed"):
        Segmenter(colour_model, providers=["QuantumExecutionProvider"])


def test_threads_change_nothing(colour_model: Path) -> None:
    scene = photograph(paint((260, 200), person(60)))
    one, two = (Segmenter(colour_model, threads=count).segment(scene) for count in (1, 2))
    np.testing.assert_array_equal(one.label_map, two.label_map)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_damaged_model_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, colour_model: Path, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "m.onnx"
    path.write_bytes(damaged(colour_model.read_bytes(), data))
    try:
        Segmenter(path, threads=1).segment(np.zeros((32, 32, 3), np.uint8))
    except EwardrobeError as error:
        assert "\n" not in str(error)


def test_models_of_other_taxonomies(tmp_path: Path) -> None:
    path = write_colour_model(tmp_path / "parts.onnx", "parts")
    scene = photograph(paint((256, 256), [("dress", (64, 64, 128, 128))], "parts"), "parts")
    result = Segmenter(path).segment(scene)
    assert [item.label for item in result.garments] == ["dress"]
    assert result.taxonomy.name == "parts"
