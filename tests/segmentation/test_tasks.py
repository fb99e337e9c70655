"""Matting and instance models through `Segmenter`: what comes out is what comes out of every model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from ewardrobe.errors import ModelError, TaxonomyError
from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec, Segmenter
from ewardrobe.taxonomy import LabelClass
from tests.segmentation.graphs import write_constants, write_light, yolo_outputs
from tests.segmentation.models import colour_graph, description, paint, photograph

SIZE = 64
Photo = npt.NDArray[np.uint8]


def matting_model(**changes: object) -> ModelDescription:
    fields: dict[str, object] = {
        "name": "light",
        "task": "matting",
        "taxonomy": "foreground",
        "input": InputSpec("letterbox", height=SIZE, width=SIZE),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "outputs": {"d0": OutputSpec("alpha", stride=1, activation="minmax")},
    }
    return ModelDescription(**{**fields, **changes})  # type: ignore[arg-type]


def instance_model(**changes: object) -> ModelDescription:
    fields: dict[str, object] = {
        "name": "finder",
        "task": "instance",
        "taxonomy": "wardrobe",
        "decode": "yolo-seg",
        "input": InputSpec("letterbox", height=SIZE, width=SIZE, pad=(0.4, 0.4, 0.4)),
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
        "outputs": {"output0": OutputSpec("detections"), "output1": OutputSpec("prototypes", stride=4)},
        "thresholds": {"score": 0.5, "nms_iou": 0.7},
    }
    return ModelDescription(**{**fields, **changes})  # type: ignore[arg-type]


def dark_photo_with_light(box: tuple[int, int, int, int], size: tuple[int, int] = (200, 120)) -> Photo:
    x, y, width, height = box
    pixels = np.full((*size, 3), 60, np.uint8)
    pixels[y : y + height, x : x + width] = 200
    return pixels


@pytest.fixture
def found_layers(tmp_path: Path) -> Segmenter:
    """A coat (0.9), the same as a dress (0.8), a bag on it (0.7) and a doubtful hat (0.1), in a photo of 128 x 128."""
    plane = np.full((4, SIZE // 4, SIZE // 4), 9, np.float32)
    boxes = [(8, 8, 40, 56), (8, 8, 40, 56), (16, 16, 32, 32), (44, 0, 60, 8)]
    classes = [5, 6, 12, 2]  # of wardrobe: outerwear, dress, bag, hat, each minus one
    outputs = yolo_outputs(boxes, classes, [0.9, 0.8, 0.7, 0.1], plane, count=16)
    return Segmenter(write_constants(tmp_path / "y.onnx", outputs), description=instance_model(), threads=1)


def test_a_matting_model_gives_one_piece_of_foreground(tmp_path: Path) -> None:
    segmenter = Segmenter(write_light(tmp_path / "l.onnx", size=SIZE), description=matting_model(), threads=1)
    photo = dark_photo_with_light((30, 50, 60, 100))
    result = segmenter.segment(photo)
    assert [item.label for item in result.garments] == ["foreground"]
    assert np.mean((result.label_map == 1) != (photo[..., 0] == 200)) < 0.02
    assert result.detections is None
    # The padding of the letterbox takes no part in lowest and highest.
    assert result.scores.probability([1]).min() < 0.01 and result.scores.probability([1]).max() > 0.99
    (person,) = result.cutouts("person", crop=False)
    alpha = np.asarray(person.image)[..., 3]
    assert alpha[100, 60] == 255 and alpha[10, 10] == 0
    assert abs(int((alpha > 127).sum()) - 6000) < 200
    with pytest.raises(TaxonomyError):
        result.remap("parts")


@pytest.mark.parametrize(
    ("activation", "light"), [("sigmoid", 1 / (1 + np.exp(-0.3 * 0.568627))), ("none", 0.3 * 0.568627)]
)
def test_an_alpha_by_its_activation(tmp_path: Path, activation: str, light: float) -> None:
    about = matting_model(outputs={"d0": OutputSpec("alpha", activation=activation)})  # type: ignore[arg-type]
    segmenter = Segmenter(write_light(tmp_path / "l.onnx", size=SIZE), description=about, threads=1)
    scores = segmenter.segment(dark_photo_with_light((0, 0, 120, 200))).scores
    np.testing.assert_allclose(scores.probability([1])[100, 60], light, rtol=1e-3)
    np.testing.assert_allclose(scores.probabilities.sum(axis=0), 1, rtol=1e-5)


def test_of_overlapping_detections_the_smaller_lies_on_top(found_layers: Segmenter) -> None:
    result = found_layers.segment(np.zeros((128, 128, 3), np.uint8))
    by_name = {item.label: item for item in result.garments}
    assert set(by_name) == {"outerwear", "bag"}  # the dress is the coat again, the hat too doubtful
    assert by_name["bag"].box == (32, 32, 32, 32) and by_name["bag"].area == 1024
    assert by_name["outerwear"].box == (16, 16, 64, 96) and by_name["outerwear"].area == 64 * 96 - 1024
    assert by_name["outerwear"].score == pytest.approx(0.9)
    covered = np.zeros((128, 128), np.uint8)
    for item in result.garments:
        covered += item.mask
        assert (result.label_map[item.mask] == item.index).all()
    np.testing.assert_array_equal(covered, result.label_map != 0)
    np.testing.assert_allclose(result.scores.probabilities.sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(result.scores.label_map()[4:-4:8, 4:-4:8], result.label_map[4:-4:8, 4:-4:8])


def test_detections_are_all_of_them_overlapping(found_layers: Segmenter) -> None:
    result = found_layers.segment(np.zeros((128, 128, 3), np.uint8))
    assert result.detections is not None
    assert result.detections.scores.tolist() == pytest.approx([0.9, 0.8, 0.7, 0.1])
    assert result.detections.mask(0).sum() == result.detections.mask(1).sum() == 64 * 96
    in_parts = result.remap("parts")
    assert in_parts.detections is not None
    # The bag and the hat are background there.
    assert [in_parts.taxonomy[int(label)].name for label in in_parts.detections.labels] == ["top", "dress"]
    assert [item.label for item in in_parts.garments] == ["top"]


def test_cutouts_of_an_instance_model_have_soft_edges(found_layers: Segmenter) -> None:
    result = found_layers.segment(np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8))
    alpha = next(item for item in result.garments if item.label == "bag").alpha
    assert alpha[48, 48] == 1 and alpha[8, 120] == 0


def test_a_photo_without_anything(tmp_path: Path) -> None:
    outputs = yolo_outputs([(0, 0, 9, 9)], [0], [0.0], np.ones((1, 16, 16), np.float32), count=16)
    segmenter = Segmenter(write_constants(tmp_path / "y.onnx", outputs), description=instance_model())
    result = segmenter.segment(np.zeros((50, 70, 3), np.uint8))
    assert result.garments == () and not result.label_map.any()
    assert result.detections is not None and len(result.detections) == 0
    assert result.cutouts("person") == []


def test_the_person_is_the_class_person_where_there_is_one(tmp_path: Path) -> None:
    classes = (
        LabelClass(0, "background", "Background", (0, 0, 0), "background"),
        LabelClass(1, "person", "Person", (200, 10, 20), "body"),
        LabelClass(2, "car", "Car", (20, 10, 200), "garment"),
        LabelClass(3, "tie", "Tie", (20, 200, 20), "garment"),
    )
    boxes = [(8, 8, 24, 56), (24, 8, 60, 60), (12, 12, 16, 24)]
    planes = np.full((3, 16, 16), 9, np.float32)
    planes[0, 8:12, 3:5] = -9  # between the legs
    outputs = yolo_outputs(boxes, [0, 1, 2], [0.9, 0.9, 0.9], planes, count=3)
    about = instance_model(taxonomy="mine", classes=classes)
    segmenter = Segmenter(write_constants(tmp_path / "y.onnx", outputs), description=about)
    result = segmenter.segment(np.zeros((64, 64, 3), np.uint8))
    assert sorted(item.label for item in result.garments) == ["car", "tie"]
    wanted = np.zeros((64, 64), np.bool_)
    wanted[8:56, 8:24] = True  # the tie is within
    wanted[32:48, 12:20] = False
    assert np.count_nonzero(result.person_mask() != wanted) <= 8  # a hole's corners are round


@pytest.mark.parametrize(
    ("outputs", "about", "says"),
    [
        ({"d0": np.zeros((1, 3, 8, 8), np.float32)}, matting_model(), "3 channels; an alpha has one"),
        ({"d0": np.zeros((1, 8, 8), np.float32)}, matting_model(), "3 dimensions; one of kind 'alpha' has 4"),
        (
            {"d0": np.zeros((1, 1, 8, 8), np.float32)},
            matting_model(taxonomy="parts"),
            "a background and a foreground, not the 4 classes of parts",
        ),
        ({"d0": np.full((1, 1, 8, 8), np.nan, np.float32)}, matting_model(), "not of numbers"),
        (
            {"output0": np.zeros((1, 9, 9, 9), np.float32), "output1": np.zeros((1, 2, 8, 8), np.float32)},
            instance_model(),
            "4 dimensions; one of kind 'detections' has 3",
        ),
        (
            {"output0": np.zeros((1, 9, 9), np.float32), "output1": np.zeros((1, 2, 8, 8), np.float32)},
            instance_model(),
            "model finder and its description disagree",
        ),
        (
            {"output0": np.zeros((1, 22, 9), np.float32), "output1": np.zeros((1, 2, 8, 8), np.float32)},
            instance_model(labels=(1, 99)),
            "names class 99 among its labels; taxonomy wardrobe has 0..16",
        ),
        (
            {
                "b": np.zeros((3, 5), np.float32),
                "c": np.zeros((1, 3, 8), np.float32),
                "m": np.zeros((1, 3, 8, 8), np.float32),
            },
            instance_model(
                decode="detr-seg",
                outputs={
                    "b": OutputSpec("boxes"),
                    "c": OutputSpec("box_logits"),
                    "m": OutputSpec("mask_logits"),
                },
            ),
            "5 numbers per box",
        ),
    ],
)
def test_a_description_that_contradicts_its_graph(
    tmp_path: Path, outputs: dict[str, npt.NDArray[np.float32]], about: ModelDescription, says: str
) -> None:
    path = write_constants(tmp_path / "m.onnx", outputs)
    with pytest.raises(ModelError, match=says) as caught:
        Segmenter(path, description=about).segment(np.zeros((20, 30, 3), np.uint8))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "layout", "says"),
    [
        ((1, 1, 64, 64), "NCHW", "has 1 channels"),
        ((3, 64, 64), "NCHW", r"is not float32 \(1, 3, H, W\)"),
        ((1, 3, 64, 64), "CHW", r"is not float32 \(3, H, W\)"),
    ],
)
def test_an_input_of_another_shape(tmp_path: Path, shape: tuple[int, ...], layout: str, says: str) -> None:
    outputs = {"d0": np.zeros((1, 1, 8, 8), np.float32)}
    path = write_constants(tmp_path / "m.onnx", outputs, shape=shape)
    spec = InputSpec("letterbox", height=64, width=64, layout=layout)
    with pytest.raises(ModelError, match=says):
        Segmenter(path, description=matting_model(input=spec))


def test_channels_in_another_order_are_put_in_theirs(tmp_path: Path) -> None:
    """Two channels that become one class are added up."""
    onnx.save(colour_graph("parts"), tmp_path / "m.onnx")
    about = replace(description("wardrobe"), labels=(0, 5, 8, 5))
    result = Segmenter(tmp_path / "m.onnx", description=about).segment(
        photograph(paint((256, 256), [("dress", (64, 64, 128, 128))], "parts"), "parts")
    )
    assert [item.label for item in result.garments] == ["top"]
