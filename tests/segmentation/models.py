"""Small real ONNX models, and scenes they segment: each class of a taxonomy is its colour.

The graph's logits are minus the squared distance of a pixel's colour to every class colour (a 1x1 convolution, as the
pixel's own square is the same for all classes), so a scene painted in class colours is segmented as it was painted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ewardrobe import taxonomy
from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec, write_description

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SHARPNESS = 60.0


def description(
    labels: str = "wardrobe", *, stride: int = 4, long_side: int = 256, **changes: object
) -> ModelDescription:
    fields: dict[str, object] = {
        "name": "colours",
        "title": "Colours",
        "taxonomy": labels,
        "input": InputSpec(long_side=long_side),
        "mean": MEAN,
        "std": STD,
        "outputs": {
            "logits": OutputSpec("logits", stride=stride),
            "features": OutputSpec("features", stride=16),
            "presence": OutputSpec("presence", activation="none"),
        },
        "sizes": {"full": long_side, "live": 128},
        "licence": "Apache-2.0",
        "commercial_use": True,
    }
    return ModelDescription(**{**fields, **changes})  # type: ignore[arg-type]


def colour_graph(
    classes: str = "wardrobe", *, stride: int = 4, size: tuple[int, int] | None = None
) -> onnx.ModelProto:
    """Input `image`, outputs `logits` (stride), `features` (the mean colour, stride 16) and `presence` (logits)."""
    colours = taxonomy.load(classes).colours.astype(np.float32) / 255
    mean, std = np.asarray(MEAN, np.float32), np.asarray(STD, np.float32)
    # The graph sees (x - mean) / std; weights and biases take that back.
    weight = 2 * SHARPNESS * colours * std
    bias = 2 * SHARPNESS * colours @ mean - SHARPNESS * (colours**2).sum(axis=1)
    height, width = size or ("H", "W")
    nodes = [
        # Every stride-th pixel, not their mean: the mean of two classes' colours may be a third class's.
        helper.make_node("Slice", ["image", "first", "last", "spatial", "steps"], ["pooled"]),
        helper.make_node("Conv", ["pooled", "weight", "bias"], ["logits"], kernel_shape=[1, 1]),
        helper.make_node("AveragePool", ["image"], ["features"], kernel_shape=[16, 16], strides=[16, 16]),
        # A class is there when some cell is sure of it.
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("ReduceMax", ["probabilities", "spatial"], ["presence"], keepdims=0),
    ]
    initialisers = [
        numpy_helper.from_array(weight[:, :, None, None].astype(np.float32), "weight"),
        numpy_helper.from_array(bias.astype(np.float32), "bias"),
        numpy_helper.from_array(np.array([2, 3], np.int64), "spatial"),
        numpy_helper.from_array(np.array([stride // 2] * 2, np.int64), "first"),
        numpy_helper.from_array(np.array([1 << 30] * 2, np.int64), "last"),
        numpy_helper.from_array(np.array([stride] * 2, np.int64), "steps"),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, height, width])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(colours), None, None]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 3, None, None]),
            helper.make_tensor_value_info("presence", TensorProto.FLOAT, [1, len(colours)]),
        ],
        initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def write_colour_model(path: Path, classes: str = "wardrobe", **options: object) -> Path:
    """A described colour model at `path`."""
    shape = {key: options.pop(key) for key in ("stride", "size") if key in options}
    onnx.save(colour_graph(classes, **shape), path)  # type: ignore[arg-type]
    stride = {"stride": shape["stride"]} if "stride" in shape else {}
    write_description(path, path, description(classes, **stride, **options))  # type: ignore[arg-type]
    return path


Shape = tuple[str, tuple[int, int, int, int]]


def paint(size: tuple[int, int], shapes: list[Shape], classes: str = "wardrobe") -> npt.NDArray[np.uint8]:
    """A label map of `size` (height, width) from rectangles (class, (x, y, width, height)), later ones on top."""
    known = taxonomy.load(classes)
    labels = np.zeros(size, dtype=np.uint8)
    for name, (x, y, width, height) in shapes:
        labels[y : y + height, x : x + width] = known.index(name)
    return labels


def photograph(labels: npt.NDArray[np.uint8], classes: str = "wardrobe") -> npt.NDArray[np.uint8]:
    """The scene whose classes are their colours, uint8 (H, W, 3)."""
    return np.ascontiguousarray(taxonomy.load(classes).colours[labels])


def person(x: int, y: int = 0, scale: float = 1.0) -> list[Shape]:
    """A standing person, 80 x 240 pixels at scale 1, whose column starts at `x`."""
    parts: list[Shape] = [
        ("hair", (25, 4, 30, 14)),
        ("skin", (28, 14, 24, 26)),
        ("top", (15, 40, 50, 70)),
        ("skin", (5, 50, 10, 60)),
        ("skin", (65, 50, 10, 60)),
        ("pants", (18, 110, 44, 100)),
        ("background", (37, 130, 6, 80)),
        ("footwear", (14, 210, 24, 14)),
        ("footwear", (42, 210, 24, 14)),
    ]
    return [
        (name, (x + round(a * scale), y + round(b * scale), round(c * scale), round(d * scale)))
        for name, (a, b, c, d) in parts
    ]
