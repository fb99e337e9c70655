"""Tiny ONNX graphs of each kind that others export: the same numbers out, whatever goes in; and one that sees light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.float32]


def write_constants(
    path: Path,
    outputs: Mapping[str, npt.NDArray[np.generic]],
    *,
    image: str = "images",
    shape: Sequence[int | str] = (1, 3, 64, 64),
    weights: Mapping[str, Sequence[int]] | None = None,
    metadata: Mapping[str, str] | None = None,
    open_sizes: bool = False,
) -> Path:
    """A model at `path` that gives `outputs` for every image; `weights` are further ones, of these shapes."""
    constants = [
        numpy_helper.from_array(np.asarray(value), f"{name}_value") for name, value in outputs.items()
    ]
    constants += [
        numpy_helper.from_array(np.zeros(size, np.float32), name) for name, size in (weights or {}).items()
    ]
    graph = helper.make_graph(
        [helper.make_node("Identity", [f"{name}_value"], [name]) for name in outputs],
        "constants",
        [helper.make_tensor_value_info(image, TensorProto.FLOAT, list(shape))],
        [
            helper.make_tensor_value_info(
                name,
                helper.np_dtype_to_tensor_dtype(value.dtype),
                [None if open_sizes else size for size in value.shape],
            )
            for name, value in outputs.items()
        ],
        constants,
    )
    return save(graph, path, metadata)


def write_light(path: Path, *, size: int = 32, extra: int = 0, side: str = "side1.weight") -> Path:
    """A model whose output is its input's brightness, with the outputs and the first side layer's name of a U²-Net."""
    weight = np.full((1, 3, 1, 1), 0.1, np.float32)
    outputs = ["d0", *(f"d{number}" for number in range(1, extra + 1))]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input.1", side], [name], kernel_shape=[1, 1]) for name in outputs],
        "light",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, size, size]) for name in outputs],
        [numpy_helper.from_array(weight, side)],
    )
    return save(graph, path, None)


def damaged(whole: bytes, data: st.DataObject) -> bytes:
    """The bytes of a model, one to four of them changed."""
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    return bytes(content)


def save(graph: onnx.GraphProto, path: Path, metadata: Mapping[str, str] | None) -> Path:
    """The graph as a checked model at `path`."""
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def yolo_outputs(
    boxes: Sequence[tuple[float, float, float, float]],
    classes: Sequence[int],
    scores: Sequence[float],
    prototypes: Array,
    *,
    count: int,
    end_to_end: bool = False,
) -> dict[str, Array]:
    """Ultralytics' `output0` and `output1`: object k, with its box x0, y0, x1, y1 in input pixels, has prototype k."""
    coefficients = np.eye(len(boxes), len(prototypes), dtype=np.float32)
    corners = np.asarray(boxes, np.float32).reshape(-1, 4)
    if end_to_end:
        rows = [corners, np.asarray(scores)[:, None], np.asarray(classes)[:, None], coefficients]
        given = np.concatenate(rows, axis=1)
    else:
        centres, sizes = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
        chances = np.zeros((len(boxes), count))
        chances[np.arange(len(boxes)), list(classes)] = scores
        given = np.concatenate([centres, sizes, chances, coefficients], axis=1).T
    return {"output0": given[None].astype(np.float32), "output1": prototypes[None].astype(np.float32)}


def ultralytics_metadata(names: Sequence[str], size: int = 64) -> dict[str, str]:
    """What `yolo export` writes."""
    return {
        "description": "Ultralytics YOLO11n-seg model trained on somewhere",
        "author": "Ultralytics",
        "license": "AGPL-3.0 License (https://ultralytics.com/license)",
        "stride": "32",
        "task": "segment",
        "imgsz": f"[{size}, {size}]",
        "names": repr(dict(enumerate(names))),
    }
