"""Models that others exported: known by their graphs, run as their makers run them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe import taxonomy
from ewardrobe.errors import ModelError
from ewardrobe.segmentation import Segmenter, describe_model, export, read_description
from ewardrobe.segmentation.foreign import recognise
from ewardrobe.segmentation.foreign.classes import classes_from
from ewardrobe.segmentation.geometry import place, prepare
from ewardrobe.segmentation.onnxgraph import read_graph
from tests.segmentation.graphs import (
    damaged,
    ultralytics_metadata,
    write_constants,
    write_light,
    yolo_outputs,
)
from tests.segmentation.models import colour_graph, description

SIZE = 64
PLANES = np.full((2, SIZE // 4, SIZE // 4), 9, np.float32)
HEAD = "model.roi_heads.box_predictor.cls_score.weight"


def yolo(path: Path, labels: list[str], *, end_to_end: bool = False, **metadata: str) -> Path:
    """The classes 0 and 1 are in it, above each other on the left and on the right."""
    boxes, classes = [(4, 8, 24, 56), (40, 8, 60, 56)], [0, 1]
    outputs = yolo_outputs(boxes, classes, [0.9, 0.3], PLANES, count=len(labels), end_to_end=end_to_end)
    return write_constants(path, outputs, metadata={**ultralytics_metadata(labels), **metadata})


def mask_rcnn(path: Path, classes: int, *, shape: tuple[int | str, ...] = (3, "H", "W")) -> Path:
    """Classes 1 and 27 (of COCO's own numbers, a backpack), the masks of the input's size."""
    masks = np.zeros((2, 1, SIZE, SIZE), np.float32)
    masks[0, 0, 8:56, 8:30] = masks[1, 0, 8:56, 34:60] = 0.9
    outputs = {
        "boxes": np.array([[8, 8, 30, 56], [34, 8, 60, 56]], np.float32),
        "labels": np.array([1, min(27, classes - 1)]),
        "scores": np.array([0.9, 0.8], np.float32),
        "masks": masks,
    }
    return write_constants(path, outputs, shape=shape, weights={HEAD: (classes, 8)}, open_sizes=True)


def segformer(path: Path, classes: int) -> Path:
    logits = np.zeros((1, classes, 8, 8), np.float32)
    logits[0, classes - 1, 2:6, 2:6] = 9
    logits[0, 0] += 1
    return write_constants(
        path, {"logits": logits}, image="pixel_values", shape=("batch", 3, "height", "width")
    )


def test_the_graph_as_the_onnx_package_reads_it(tmp_path: Path) -> None:
    path = mask_rcnn(tmp_path / "m.onnx", 91)
    old = onnx.load(path)
    old.graph.input.append(old.graph.input[0].__class__.FromString(old.graph.input[0].SerializeToString()))
    old.graph.input[-1].name = HEAD  # as files of before 2019 do with their weights
    onnx.save(old, path)
    found, graph = read_graph(path), onnx.load(path).graph

    def shape(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
        return tuple(dim.dim_value or None for dim in value.type.tensor_type.shape.dim)

    assert found.inputs == {item.name: shape(item) for item in graph.input if item.name != HEAD}
    assert found.outputs == {item.name: shape(item) for item in graph.output}
    assert found.weights == {item.name: tuple(item.dims) for item in graph.initializer}


@given(st.data())
def test_a_damaged_file_is_read_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, colour_model: Path, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "m.onnx"
    path.write_bytes(damaged(colour_model.read_bytes(), data))
    try:
        recognise(path)
    except ModelError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "size", "mean", "std"),
    [
        ("u2netp", 32, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("isnet-general-use", 1024, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
        ("isnet-anime", 1024, (0.485, 0.456, 0.406), (1.0, 1.0, 1.0)),
    ],
)
def test_background_removal_as_rembg_runs_it(
    tmp_path: Path, name: str, size: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    path = write_light(tmp_path / f"{name}.onnx", size=size, extra=2, side="net.side1.weight")
    found = describe_model(path)
    assert (found.name, found.task, found.taxonomy) == (name, "matting", "foreground")
    assert (found.mean, found.std, found.default_size()) == (mean, std, (size, size))
    assert {key: spec.activation for key, spec in found.outputs.items()} == {"d0": "minmax"}
    photo = np.full((60, 40, 3), 20, np.uint8)
    photo[20:40, 10:30] = 220
    assert [item.label for item in Segmenter(path, threads=1).segment(photo).garments] == ["foreground"]


def test_cloth_segmentation_by_its_graph(tmp_path: Path) -> None:
    outputs = {"output": np.zeros((1, 4, 768, 768), np.float32)}
    path = write_constants(
        tmp_path / "x.onnx", outputs, shape=("batch", 3, 768, 768), weights={"side1.weight": (4, 64, 3, 3)}
    )
    found = describe_model(path)
    assert (found.taxonomy, found.mean, found.std) == ("u2net-cloth", (0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize("end_to_end", [False, True])
def test_ultralytics_models(tmp_path: Path, end_to_end: bool) -> None:
    path = yolo(tmp_path / "yolo11n-seg.onnx", ["person", "car", "hair drier"], end_to_end=end_to_end)
    segmenter = Segmenter(path, threads=1)
    about = segmenter.description
    assert (about.title, about.licence[:8]) == ("YOLO11n-seg model", "AGPL-3.0")
    assert about.input.pad == (114 / 255,) * 3 and about.thresholds == {"score": 0.25, "nms_iou": 0.7}
    assert [item.kind for item in segmenter.taxonomy] == ["background", "body", "garment", "garment"]
    assert len({item.colour for item in segmenter.taxonomy}) == 4
    result = segmenter.segment(np.zeros((128, 128, 3), np.uint8))
    assert [(item.label, item.box) for item in result.garments] == [("car", (80, 16, 40, 96))]
    assert result.detections is not None and result.detections.labels.tolist() == [1, 2]


def test_grey_goes_around_the_photo(tmp_path: Path) -> None:
    segmenter = Segmenter(yolo(tmp_path / "y.onnx", ["shirt", "shoe"]), threads=1)
    about = segmenter.description
    batch = prepare(
        np.zeros((20, 40, 3), np.uint8),
        place((20, 40), about.input, 64),
        about.mean,
        about.std,
        about.input.pad,
    )
    np.testing.assert_allclose(batch[0, :, :16], 114 / 255, rtol=1e-6)
    assert batch.shape == (1, 3, 64, 64) and not batch[0, :, 16:48].any()


@pytest.mark.parametrize(
    ("names", "expected", "in_order"),
    [
        (["Top", "outer-wear", "SKIRT"], "wardrobe", False),
        (["top", "bottom", "dress"], "parts", True),
        (["jeans", "blazer"], "people-clothing", False),
    ],
)
def test_class_names_that_a_taxonomy_has(names: list[str], expected: str, in_order: bool) -> None:
    made = classes_from(names, "m", background=False)
    assert made["taxonomy"] == expected and ("labels" not in made) == in_order
    known = taxonomy.load(expected)
    found = [known[index].name for index in made.get("labels", range(1, len(known)))]
    assert [name.lower() for name in found] == [name.replace("-", "").lower() for name in names]


def test_class_names_of_its_own() -> None:
    made = classes_from(["kimono", "kimono", "face of a cat", "left hand", "", "a\nb"], "m", background=False)
    rows = made["classes"]
    assert [row.name for row in rows] == [
        "background", "kimono", "kimono 2", "face of a cat", "left hand", "class 5", "a b",
    ]  # fmt: skip
    assert [row.kind for row in rows[3:5]] == ["garment", "body"]
    assert len({row.colour for row in rows}) == len(rows)
    for count in (0, 255):
        with pytest.raises(ModelError, match=f"has {count} classes"):
            classes_from(["x"] * count, "m", background=False)


def test_segformer_with_and_without_its_config(tmp_path: Path) -> None:
    hub = tmp_path / "clothes"
    path = segformer(hub / "onnx" / "model.onnx", 3)
    with pytest.raises(ModelError, match=r"without its config\.json"):
        Segmenter(path)
    names = {"0": "Background", "1": "Scarf", "2": "Hat"}
    (hub / "config.json").write_text(json.dumps({"id2label": names}))
    processor = {"size": {"height": 96, "width": 48}, "image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1]}
    (hub / "preprocessor_config.json").write_text(json.dumps(processor))
    segmenter = Segmenter(hub, threads=1)
    assert segmenter.path == path
    about = segmenter.description
    assert (about.name, about.mean, about.default_size()) == ("clothes", (0.1, 0.2, 0.3), (96, 48))
    assert (about.taxonomy, about.labels) == ("wardrobe", (0, 15, 3))
    photo = np.zeros((80, 80, 3), np.uint8)
    assert [(item.label, item.index) for item in segmenter.segment(photo).garments] == [("hat", 3)]
    plain = describe_model(segformer(tmp_path / "b0.onnx", 18))
    assert (plain.taxonomy, plain.default_size()) == ("segformer-clothes", (512, 512))


@pytest.mark.parametrize(
    ("config", "processor", "says"),
    [
        ({"id2label": {"0": "Background", "2": "Hat"}}, {}, "without gaps"),
        ({}, {}, "no id2label"),
        ({"id2label": {"0": "Hat", "1": "Scarf", "2": "Bag"}}, {}, "class 0 is 'Hat'"),
        ({"id2label": {"0": "Background", "1": "Hat"}}, {}, "3 channels, taxonomy wardrobe 2 classes"),
        ({"id2label": {"0": "Background", "1": "a", "2": "b"}}, {"image_mean": [1]}, "image_mean"),
        ({"id2label": {"0": "Background", "1": "a", "2": "b"}}, {"size": {"height": -4}}, "has the size"),
        ([], {}, "no JSON object"),
    ],
)
def test_a_config_that_makes_no_sense(tmp_path: Path, config: object, processor: object, says: str) -> None:
    path = segformer(tmp_path / "m.onnx", 3)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(processor))
    with pytest.raises(ModelError, match=says) as caught:
        Segmenter(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(3, "H", "W"), (1, 3, "H", "W"), (3, SIZE, SIZE)])
def test_torchvision_mask_rcnn_of_coco(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    segmenter = Segmenter(mask_rcnn(tmp_path / "rcnn.onnx", 91, shape=shape), size=SIZE, threads=1)
    result = segmenter.segment(np.zeros((SIZE, SIZE, 3), np.uint8))
    assert [item.label for item in result.garments] == ["backpack"]
    assert result.garments[0].box == (34, 8, 26, 48)
    assert result.detections is not None
    assert [result.taxonomy[int(label)].name for label in result.detections.labels] == ["person", "backpack"]


def test_torchvision_mask_rcnn_of_other_classes(tmp_path: Path) -> None:
    path = mask_rcnn(tmp_path / "rcnn.onnx", 4)
    with pytest.raises(ModelError, match=r"of 4 classes and does not name them"):
        Segmenter(path)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"id2label": {"0": "none", "1": "Dress", "2": "Bottom"}}))
    with pytest.raises(ModelError, match=r"names 3 classes; the graph has 4"):
        Segmenter(path)
    config.write_text(json.dumps({"id2label": {"0": "none", "1": "Dress", "2": "Bottom", "3": "Top"}}))
    result = Segmenter(path, size=SIZE).segment(np.zeros((SIZE, SIZE, 3), np.uint8))
    assert [item.label for item in result.garments] == ["top", "dress"]


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"task": "detect"}, "for the task 'detect'"),
        ({"names": "import os"}, "metadata 'names' that cannot be read"),
        ({"names": "7"}, "names or imgsz"),
        ({"imgsz": "[0, 640]"}, "names or imgsz"),
    ],
)
def test_ultralytics_metadata_that_make_no_sense(tmp_path: Path, metadata: dict[str, str], says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        Segmenter(yolo(tmp_path / "y.onnx", ["a", "b"], **metadata))
    assert "\n" not in str(caught.value)


def test_a_description_beside_the_file(tmp_path: Path) -> None:
    path, beside = tmp_path / "mine.onnx", tmp_path / "mine.json"
    onnx.save(colour_graph(), path)
    beside.write_text('{"images": []}')  # a file of another kind that has its name
    with pytest.raises(ModelError, match="carries no description"):
        Segmenter(path)
    beside.write_text(description().to_json())
    assert Segmenter(path).description == description()
    assert read_description(export(str(path), tmp_path / "out.onnx")) == description()
    beside.write_text('{"schema_version": 1}')
    with pytest.raises(ModelError, match=r"mine\.json is not valid: it lacks name"):
        Segmenter(path)


def test_a_graph_that_nothing_is_known_of(tmp_path: Path) -> None:
    onnx.save(colour_graph(), tmp_path / "m.onnx")
    assert recognise(tmp_path / "m.onnx") is None
