"""Detections from each layout of outputs: where they lie, which stay, and what is no detection."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.errors import ModelError
from ewardrobe.imaging import encode_rle
from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec
from ewardrobe.segmentation.decoding import decode
from ewardrobe.segmentation.geometry import Placement, place
from ewardrobe.segmentation.suppression import box_ious, suppress
from tests.segmentation.graphs import yolo_outputs

SIDES = st.integers(20, 400)
SIZE = 128
Array = npt.NDArray[np.float32]


def instance_model(decode: str, **changes: object) -> ModelDescription:
    kinds = {
        "boxes-masks": ("boxes", "box_scores", "labels", "box_masks"),
        "yolo-seg": ("detections", "prototypes"),
        "detr-seg": ("boxes", "box_logits", "mask_logits"),
    }[decode]
    fields: dict[str, object] = {
        "name": "finder",
        "task": "instance",
        "taxonomy": "parts",
        "decode": decode,
        "input": InputSpec("letterbox", height=SIZE, width=SIZE),
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
        "outputs": {kind: OutputSpec(kind) for kind in kinds},  # type: ignore[arg-type]
    }
    return ModelDescription(**{**fields, **changes})  # type: ignore[arg-type]


def letterbox(height: int, width: int) -> Placement:
    return place((height, width), InputSpec("letterbox", height=SIZE, width=SIZE), (SIZE, SIZE))


def yolo(
    boxes: list[tuple[float, ...]], classes: list[int], scores: list[float], **more: object
) -> dict[str, Array]:
    prototypes = more.pop("prototypes", np.full((max(len(boxes), 1), SIZE // 4, SIZE // 4), 9, np.float32))
    made = yolo_outputs(boxes, classes, scores, prototypes, count=3, **more)  # type: ignore[arg-type]
    return {"detections": made["output0"], "prototypes": made["output1"]}


BOXES = st.lists(
    st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(1, 40), st.floats(1, 40)), min_size=0, max_size=25
)


@given(boxes=BOXES, seed=st.integers(0, 2**31), iou=st.floats(0.1, 0.9), limit=st.integers(1, 30))
def test_suppression_is_that_of_a_slow_loop(
    boxes: list[tuple[float, ...]], seed: int, iou: float, limit: int
) -> None:
    random = np.random.default_rng(seed)
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.float32).reshape(-1, 4)
    labels = random.integers(0, 3, len(boxes))
    scores = np.round(random.random(len(boxes)), 1).astype(np.float32)  # with ties
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda index: (-scores[index], index)):
        rivals = [other for other in kept if labels[other] == labels[index]]
        if len(kept) < limit and all(_slow_iou(corners[index], corners[other]) <= iou for other in rivals):
            kept.append(index)
    assert suppress(corners, labels, scores, iou=iou, limit=limit).tolist() == kept


def _slow_iou(one: Array, other: Array) -> float:
    a, b, c, d = (float(value) for value in one)
    e, f, g, h = (float(value) for value in other)
    shared = max(min(c, g) - max(a, e), 0) * max(min(d, h) - max(b, f), 0)
    union = (c - a) * (d - b) + (g - e) * (h - f) - shared
    return shared / union if union > 0 else 0.0


def test_boxes_without_area_overlap_nothing() -> None:
    point = np.array([3, 3, 3, 3], np.float32)
    assert box_ious(point, np.stack([point, point + 1])).tolist() == [0, 0]


@given(height=SIDES, width=SIDES, data=st.data())
def test_boxes_come_back_to_the_photo(height: int, width: int, data: st.DataObject) -> None:
    placement = letterbox(height, width)
    x = sorted(data.draw(st.tuples(*[st.floats(0, width)] * 2)))
    y = sorted(data.draw(st.tuples(*[st.floats(0, height)] * 2)))
    scale = np.array([placement.size[1] / width, placement.size[0] / height] * 2)
    origin = np.array([placement.origin[1], placement.origin[0]] * 2)
    wanted = np.array([x[0], y[0], x[1], y[1]])
    box = tuple((wanted * scale + origin).tolist())
    for end_to_end in (False, True):
        outputs = yolo([box], [1], [0.8], end_to_end=end_to_end)
        found = decode(outputs, instance_model("yolo-seg"), placement)
        assert found.labels.tolist() == [2] and found.scores[0] == np.float32(0.8)
        np.testing.assert_allclose(found.boxes[0], wanted, atol=max(height, width) * 1e-5)


@given(height=SIDES, width=SIDES, data=st.data())
def test_a_mask_is_exact_to_half_a_pixel(height: int, width: int, data: st.DataObject) -> None:
    """A band of whole cells, +1 in it and -1 beside it, ends between two cells: in the photo, where that maps to."""
    placement = letterbox(height, width)
    cells = SIZE // 4
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, cells)] * 2)))
    across = data.draw(st.booleans())
    left, right, top, bottom = (first, last, 0, cells) if across else (0, cells, first, last)
    plane = np.full((1, cells, cells), -1, np.float32)
    plane[0, top:bottom, left:right] = 1
    scale = np.array([width / placement.size[1], height / placement.size[0]])
    origin = np.array([placement.origin[1], placement.origin[0]])
    x0, y0 = (np.array([left, top]) * 4 - origin) * scale
    x1, y1 = (np.array([right, bottom]) * 4 - origin) * scale
    # At the output's own edge there is nothing to lie between: it goes on.
    x0, y0 = (-1 if left == 0 else x0), (-1 if top == 0 else y0)
    x1, y1 = (width + 1 if right == cells else x1), (height + 1 if bottom == cells else y1)
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    inside = ((rows > y0) & (rows < y1))[:, None] & ((columns > x0) & (columns < x1))
    near = (np.minimum(abs(rows - y0), abs(rows - y1)) < 0.501)[:, None] | (
        np.minimum(abs(columns - x0), abs(columns - x1)) < 0.501
    )
    yolo_found = decode(
        yolo([(0, 0, SIZE, SIZE)], [0], [0.9], prototypes=plane), instance_model("yolo-seg"), placement
    )
    detr_outputs = {
        "boxes": np.array([[[0.5, 0.5, 1, 1]]], np.float32),
        "box_logits": np.array([[[-9, 4, -9, -9]]], np.float32),
        "mask_logits": plane[None],
    }
    detr_found = decode(detr_outputs, instance_model("detr-seg"), placement)
    for found in (yolo_found, detr_found):
        mask = found.mask(0)
        assert not ((mask != inside) & ~near).any()
        assert found.rle(0) == encode_rle(mask)


@given(
    size=st.tuples(SIDES, SIDES),
    box=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    seed=st.integers(0, 2**31),
)
def test_a_box_mask_is_pasted_as_torchvision_does(
    size: tuple[int, int], box: tuple[float, ...], seed: int
) -> None:
    height, width = size
    random = np.random.default_rng(seed)
    mask = random.random((28, 28)).astype(np.float32)
    x, y = sorted((box[0] * width, box[2] * width)), sorted((box[1] * height, box[3] * height))
    corners = np.array([x[0], y[0], x[1], y[1]], np.float32)
    spec = InputSpec("stretch", height=height, width=width)
    outputs = {
        "boxes": corners[None],
        "box_scores": np.array([0.7], np.float32),
        "labels": np.array([3]),
        "box_masks": mask[None, None],
    }
    found = decode(outputs, instance_model("boxes-masks", input=spec), place(size, spec, size))
    np.testing.assert_array_equal(found.mask(0), _pasted(mask, found.boxes[0], size))
    assert found.rle(0) == encode_rle(found.mask(0))


def _pasted(mask: Array, box: Array, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """`paste_mask_in_image` of torchvision/models/detection/roi_heads.py, line by line; OpenCV's resize is its."""
    side = mask.shape[0]
    padded = np.pad(mask, 1)
    x0, y0, x1, y1 = (float(value) for value in box)
    half = np.array([x1 - x0, y1 - y0]) * 0.5 * (side + 2) / side
    centre = np.array([x1 + x0, y1 + y0]) * 0.5
    left, top = (int(value) for value in centre - half)
    right, bottom = (int(value) for value in centre + half)
    wide, high = max(right - left + 1, 1), max(bottom - top + 1, 1)
    resized = cv2.resize(padded, (wide, high), interpolation=cv2.INTER_LINEAR)
    whole = np.zeros(size, np.float32)
    a, b, c, d = max(left, 0), min(right + 1, size[1]), max(top, 0), min(bottom + 1, size[0])
    whole[c:d, a:b] = resized[c - top : d - top, a - left : b - left]
    close = np.abs(whole - 0.5) < 1e-4  # there the last bit decides
    assert close.mean() < 0.05
    return whole > 0.5


def test_masks_of_the_inputs_size() -> None:
    """As torchvision's whole export gives them."""
    placement = letterbox(100, 50)
    mask = np.zeros((1, 1, SIZE, SIZE), np.float32)
    mask[0, 0, 32:96, 40:80] = 0.9
    kinds = ("boxes", "box_scores", "labels", "masks")
    model = instance_model("boxes-masks", outputs={kind: OutputSpec(kind) for kind in kinds})  # type: ignore[arg-type]
    outputs = {
        "boxes": np.array([[40, 32, 80, 96]], np.float32),
        "box_scores": np.array([0.9], np.float32),
        "labels": np.array([1]),
        "masks": mask,
    }
    found = decode(outputs, model, placement)
    (x, y, width, height), _ = found.cropped_mask(0)
    scale = 100 / SIZE
    wanted = np.array([(40 - placement.origin[1]) * scale, 32 * scale, 40 * scale, 64 * scale])
    assert np.abs(np.array([x, y, width, height]) - wanted).max() <= 1


def test_doubles_go_and_both_layouts_say_the_same() -> None:
    boxes = [
        (10.0, 10.0, 50.0, 60.0),
        (12.0, 10.0, 50.0, 60.0),
        (12.0, 10.0, 50.0, 61.0),
        (70.0, 70.0, 90.0, 90.0),
    ]
    classes, scores = [0, 0, 2, 1], [0.6, 0.9, 0.5, 0.0005]
    found = decode(yolo(boxes, classes, scores), instance_model("yolo-seg"), letterbox(SIZE, SIZE))
    assert found.labels.tolist() == [1, 3] and found.scores.tolist() == pytest.approx([0.9, 0.5])
    kept = [1, 2]
    again = decode(
        yolo(
            [boxes[i] for i in kept], [classes[i] for i in kept], [scores[i] for i in kept], end_to_end=True
        ),
        instance_model("yolo-seg"),
        letterbox(SIZE, SIZE),
    )
    np.testing.assert_allclose(again.boxes, found.boxes, atol=1e-4)
    np.testing.assert_array_equal(again.mask(1), found.mask(1))
    assert found.above(0.8).labels.tolist() == [1]
    assert found.rle(0)["size"] == [SIZE, SIZE]


def test_a_query_may_be_two_things() -> None:
    outputs = {
        "boxes": np.array([[[0.5, 0.5, 0.2, 0.2], [0.2, 0.2, 0.1, 0.1]]], np.float32),
        "box_logits": np.array([[[2, 1, -9], [-9, -9, 0]]], np.float32),  # no channel for the background
        "mask_logits": np.ones((1, 2, 8, 8), np.float32),
    }
    found = decode(outputs, instance_model("detr-seg"), letterbox(SIZE, SIZE), score=0.4)
    assert found.labels.tolist() == [1, 2, 3]
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-np.array([2, 1, 0]))), rtol=1e-6)
    np.testing.assert_allclose(found.boxes[0], [51.2, 51.2, 76.8, 76.8], rtol=1e-5)


def test_classes_in_another_order() -> None:
    model = instance_model("yolo-seg", taxonomy="wardrobe", labels=(7, 5, 5))
    found = decode(yolo([(1, 1, 9, 9), (20, 1, 29, 9)], [2, 0], [0.9, 0.8]), model, letterbox(SIZE, SIZE))
    assert found.labels.tolist() == [5, 7]


NAN = float("nan")


@pytest.mark.parametrize(
    ("kind", "outputs", "says"),
    [
        ("yolo-seg", yolo([(NAN, 0, 9, 9)], [0], [0.9]), "not all numbers"),
        ("yolo-seg", yolo([(0, 0, 9, 9)], [0], [NAN]), "not all numbers"),
        ("yolo-seg", yolo([(0, 0, 9, 9)], [3], [0.9], end_to_end=True), r"found class 4.*has classes 1\.\.3"),
        (
            "yolo-seg",
            {
                "detections": np.zeros((1, 90, 5), np.float32),
                "prototypes": np.zeros((1, 2, 8, 8), np.float32),
            },
            r"shape \(1, 90, 5\): neither \(1, 9, A\), for 3 classes and 2 prototypes, nor \(1, n, 8\)",
        ),
        (
            "yolo-seg",
            {"detections": np.zeros((1, 9, 5), np.float32), "prototypes": np.zeros((2, 8, 8), np.float32)},
            "prototypes have shape",
        ),
        (
            "detr-seg",
            {
                "boxes": np.zeros((1, 2, 4), np.float32),
                "box_logits": np.zeros((1, 2, 9), np.float32),
                "mask_logits": np.zeros((1, 2, 8, 8), np.float32),
            },
            "9 classes, its description 3 and a background",
        ),
        (
            "detr-seg",
            {
                "boxes": np.zeros((1, 3, 4), np.float32),
                "box_logits": np.zeros((1, 2, 4), np.float32),
                "mask_logits": np.zeros((1, 2, 8, 8), np.float32),
            },
            "3 boxes, 2 scores, 2 masks",
        ),
        (
            "boxes-masks",
            {
                "boxes": np.zeros((2, 4), np.float32),
                "box_scores": np.ones(1, np.float32),
                "labels": np.ones(2),
                "box_masks": np.zeros((2, 1, 28, 28), np.float32),
            },
            "2 boxes, 1 scores, 2 labels and 2 masks",
        ),
        (
            "boxes-masks",
            {
                "boxes": np.zeros((1, 4), np.float32),
                "box_scores": np.ones(1, np.float32),
                "labels": np.zeros(1),
                "box_masks": np.zeros((1, 1, 28, 28), np.float32),
            },
            r"found class 0.*has classes 1\.\.3",
        ),
    ],
)
def test_outputs_that_contradict_the_description(kind: str, outputs: dict[str, Array], says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        decode(outputs, instance_model(kind), letterbox(SIZE, SIZE))
    assert "\n" not in str(caught.value) and "finder" in str(caught.value)


@pytest.mark.parametrize("kind", ["boxes-masks", "yolo-seg", "detr-seg"])
def test_nothing_found(kind: str) -> None:
    nothing = {
        "boxes-masks": {
            "boxes": np.zeros((0, 4), np.float32),
            "box_scores": np.zeros(0, np.float32),
            "labels": np.zeros(0, np.int64),
            "box_masks": np.zeros((0, 1, 28, 28), np.float32),
        },
        "yolo-seg": yolo([(0, 0, 9, 9)], [0], [0.0]),
        "detr-seg": {
            "boxes": np.zeros((1, 2, 4), np.float32),
            "box_logits": np.full((1, 2, 4), -99, np.float32),
            "mask_logits": np.zeros((1, 2, 8, 8), np.float32),
        },
    }[kind]
    found = decode(nothing, instance_model(kind), letterbox(30, 40))
    assert len(found) == 0 and found.boxes.shape == (0, 4)


@settings(max_examples=20)
@given(st.data())
def test_any_numbers_are_detections_or_one_line(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["boxes-masks", "yolo-seg", "detr-seg"]))
    shapes = data.draw(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=4, max_size=4))
    model = instance_model(kind)
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    outputs = {
        name: random.normal(0, 5, shape).astype(np.float32)
        for name, shape in zip(model.outputs, shapes, strict=False)
    }
    try:
        decode(outputs, model, letterbox(30, 40))
    except ModelError as error:
        assert "\n" not in str(error)


def test_a_large_photo_in_bounded_memory() -> None:
    """Sixty masks of a 12-megapixel photo are 720 MB as arrays of bool."""
    count, size = 60, (3000, 4000)
    prototypes = np.full((count, SIZE // 4, SIZE // 4), 9, np.float32)
    outputs = yolo(
        [(k, 16, 128, 112) for k in range(count)], [0] * count, [0.9] * count, prototypes=prototypes
    )
    model = instance_model("yolo-seg", thresholds={"nms_iou": 1.0})
    tracemalloc.start()
    found = decode(outputs, model, letterbox(*size))
    areas = [int(found.cropped_mask(index)[1].sum()) for index in range(0, count, 10)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == count and areas[0] == 3000 * 4000
    assert peak < 40e6, peak
