from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.errors import ModelError
from ewardrobe.segmentation import (
    InputSpec,
    ModelDescription,
    OutputSpec,
    read_description,
    write_description,
)
from ewardrobe.segmentation.onnxfile import graph_sha256, read_metadata, write_metadata
from ewardrobe.taxonomy import LabelClass
from tests.segmentation.graphs import damaged
from tests.segmentation.models import colour_graph, description

SIZES = st.integers(1, 4096)
INPUTS = st.one_of(
    st.builds(
        InputSpec, resize=st.sampled_from(["fit", "round"]), long_side=SIZES, divisor=st.integers(1, 128)
    ),
    st.builds(
        InputSpec,
        resize=st.sampled_from(["stretch", "letterbox"]),
        height=SIZES,
        width=SIZES,
        pad=st.none() | st.tuples(*[st.floats(0, 1)] * 3),
        layout=st.sampled_from(["NCHW", "CHW"]),
    ),
)
OUTPUTS = st.builds(
    lambda kind, name, stride, activation: {
        name: OutputSpec(kind, stride),
        name + "p": OutputSpec("presence", activation=activation),
    },
    st.sampled_from(["logits", "probabilities"]),
    st.text(min_size=1, max_size=8),
    st.none() | SIZES,
    st.sampled_from(["sigmoid", "none"]),
)
INSTANCE_OUTPUTS = {
    "boxes-masks": ["boxes", "box_scores", "labels", "box_masks"],
    "yolo-seg": ["detections", "prototypes"],
    "detr-seg": ["boxes", "box_logits", "mask_logits"],
}
SHARES = st.floats(0, 1)
TASKS = st.one_of(
    st.fixed_dictionaries({"task": st.just("semantic"), "outputs": OUTPUTS}),
    st.builds(
        lambda activation: {"task": "matting", "outputs": {"a": OutputSpec("alpha", activation=activation)}},
        st.sampled_from(["sigmoid", "none", "minmax"]),
    ),
    st.builds(
        lambda decode, thresholds, labels: {
            "task": "instance",
            "decode": decode,
            "outputs": {kind: OutputSpec(kind) for kind in INSTANCE_OUTPUTS[decode]},
            "thresholds": thresholds,
            "labels": labels,
        },
        st.sampled_from(sorted(INSTANCE_OUTPUTS)),
        st.fixed_dictionaries({}, optional={"score": SHARES, "nms_iou": SHARES}),
        st.lists(st.integers(0, 254), max_size=4).map(tuple),
    ),
)
NUMBERS = st.tuples(*[st.floats(0.01, 10)] * 3)
DESCRIPTIONS = st.builds(
    lambda task, **fields: ModelDescription(**task, **fields),
    task=TASKS,
    name=st.text(min_size=1, max_size=20).filter(str.isprintable),
    taxonomy=st.sampled_from(["wardrobe", "parts"]),
    input=INPUTS,
    mean=NUMBERS,
    std=NUMBERS,
    sizes=st.dictionaries(st.text(min_size=1, max_size=6), SIZES, max_size=3),
    about=st.text(max_size=40),
    commercial_use=st.sampled_from([True, False, None]),
    training_data=st.lists(st.text(min_size=1, max_size=9), max_size=3).map(tuple),
    scores=st.dictionaries(st.text(max_size=5), st.floats(0, 1), max_size=3),
)


@given(DESCRIPTIONS)
def test_json_round_trip(made: ModelDescription) -> None:
    assert ModelDescription.from_json(made.to_json()) == made


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x), max_leaves=5)
)
def test_a_document_of_other_things_is_one_clear_line(value: Any) -> None:
    document = json.loads(description().to_json())
    for key in (*document, "classes"):
        if value == document.get(key):
            continue
        changed = json.dumps({**document, key: value})
        try:
            ModelDescription.from_json(changed)
        except ModelError as error:
            assert "\n" not in str(error)


def test_classes_of_its_own_make_the_taxonomy() -> None:
    classes = (
        LabelClass(0, "nothing", "Nothing", (0, 0, 0), "background"),
        LabelClass(1, "kimono", "Kimono", (200, 10, 20), "garment", "whole-body"),
    )
    made = description("mine", classes=classes)
    again = ModelDescription.from_json(made.to_json())
    assert again == made
    assert again.load_taxonomy().labels == ("nothing", "kimono")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema_version": 2}, "update eWardrobe"),
        ({"schema_version": None}, "schema_version is missing"),
        ({"mean": [0.5, 0.5]}, "three numbers"),
        ({"std": [0.5, 0.5, 0]}, "positive"),
        ({"task": "poetry"}, "task"),
        ({"outputs": {}}, "logits or probabilities"),
        ({"outputs": {"a": {"kind": "dreams"}}}, "kind"),
        ({"outputs": {"a": {}}}, "lacks a field"),
        ({"input": {"resize": "fit"}}, "long_side"),
        ({"input": {"resize": "stretch", "height": 5}}, "height and input.width"),
        ({"input": {"long_side": 320, "layout": "NHWC"}}, "NHWC"),
        ({"classes": [{"name": "a"}]}, "colour"),
        ({"sizes": {"full": -3}}, "sizes"),
        ({"input": {"long_side": 320, "pad": [0, 1]}}, "input.pad"),
        ({"task": "matting"}, "of kind alpha"),
        (
            {"task": "instance"},
            "decode of an instance model is ''; it is one of boxes-masks, yolo-seg, detr-seg",
        ),
        ({"task": "instance", "decode": ["yolo-seg"]}, "decode of an instance model"),
        ({"task": "instance", "decode": "yolo-seg"}, "must name detections, prototypes"),
        ({"outputs": {"a": {"kind": "logits", "activation": "minmax"}}}, "is for outputs of kind 'alpha'"),
        ({"thresholds": {"score": 2}}, "thresholds.score must be in 0..1"),
        ({"thresholds": {"iou": 0.5}}, "knows score and nms_iou"),
        ({"labels": [1, 300]}, "labels must be taxonomy indices"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], says: str) -> None:
    document = {**json.loads(description().to_json()), **changes}
    with pytest.raises(ModelError, match=says) as caught:
        ModelDescription.from_json(document, where="model x")
    assert "model x" in str(caught.value)


def test_not_json_and_fields_from_the_future() -> None:
    with pytest.raises(ModelError, match="not valid JSON"):
        ModelDescription.from_json("{")
    document = {**json.loads(description().to_json()), "invented_later": 1}
    assert ModelDescription.from_json(document) == description()


def test_written_into_a_model_and_read_back(tmp_path: Path) -> None:
    plain, described = tmp_path / "plain.onnx", tmp_path / "described.onnx"
    onnx.save(colour_graph(), plain)
    write_metadata(plain, plain, {"author": "someone", "ewardrobe": "an older text"})
    write_description(plain, described, description())
    assert read_description(described) == description()
    assert read_metadata(described)["author"] == "someone"
    assert graph_sha256(described) == graph_sha256(plain)
    read = onnx.load(described)  # the onnx package agrees with our own reading of the file
    onnx.checker.check_model(read)
    assert {item.key: item.value for item in read.metadata_props} == read_metadata(described)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an ONNX model"),
        (b"GIF89a", "not an ONNX model"),
        (b"\x08\x09", "not an ONNX model"),  # a protobuf message without a graph
        (None, "does not exist"),
    ],
)
def test_files_that_are_no_model(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=says):
        read_description(path)


def test_a_folder_and_a_model_without_description(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is a folder|cannot be read"):
        read_description(tmp_path)
    onnx.save(colour_graph(), tmp_path / "plain.onnx")
    with pytest.raises(ModelError, match="carries no description"):
        read_description(tmp_path / "plain.onnx")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_model_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "m.onnx"
    path.write_bytes(data)
    try:
        read_metadata(path)
    except ModelError as error:
        assert "\n" not in str(error)


@given(st.data())
def test_a_damaged_model_is_a_model_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, colour_model: Path, data: st.DataObject
) -> None:
    whole = damaged(colour_model.read_bytes(), data)
    path = tmp_path_factory.mktemp("fuzz") / "m.onnx"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        read_description(path)
    except ModelError as error:
        assert "\n" not in str(error)
