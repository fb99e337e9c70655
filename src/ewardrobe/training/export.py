"""From a trained model to one ONNX file that describes itself."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription, write_description
from ewardrobe.training.architectures.interface import SemanticNet

__all__ = ["export_onnx", "forget_origin", "halve_weights"]

_LARGEST = 4096
_HALVED_FROM = 256
_TOLERANCE = 1e-3


def export_onnx(model: SemanticNet, path: Path, description: ModelDescription, *, half: bool = True) -> float:
    """Write `model` with its description to `path`; the graph's outputs are named as in `model.outputs`.

    Height and width of the graph's input are free, multiples of `model.divisor` up to 4,096, or, where
    `model.fixed_size`, those of `description.input`. With `half`, weights are stored as float16 and widened when the
    file is loaded: half the size, the same speed.

    Returns:
        The largest difference of the graph's class probabilities from PyTorch's, on a random image.

    Raises:
        ModelError: the graph does not compute what the model does.
    """
    model = model.eval().cpu().to(memory_format=torch.contiguous_format)
    traced, compared = _sizes(model, description)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        raw = Path(folder) / "raw.onnx"
        program = torch.onnx.export(
            model,
            (_noise(traced, seed=0),),
            input_names=["image"],
            output_names=list(model.outputs),
            dynamic_shapes=None if model.fixed_size else {"image": _free_sides(model.divisor)},
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
        program.save(str(raw))
        graph = onnx.load(str(raw))
        forget_origin(graph)
        if half:
            halve_weights(graph)
        onnx.save(graph, str(raw))
        difference = _difference(model, raw, _noise(compared, seed=1))
        if difference > (10 * _TOLERANCE if half else _TOLERANCE):
            raise ModelError(f"the exported graph is off by {difference:.2g}: not written to {path}")
        write_description(raw, path, description)
    return difference


def _sizes(model: SemanticNet, description: ModelDescription) -> tuple[tuple[int, int], tuple[int, int]]:
    """Height and width to trace at and to compare at; they differ where they may, so that a frozen shape shows."""
    if not model.fixed_size:
        return (5 * model.divisor, 4 * model.divisor), (6 * model.divisor, 7 * model.divisor)
    height, width = description.input.height, description.input.width
    if height is None or width is None:
        raise ModelError(f"{description.name} is exported at one size: its description must give it")
    return (height, width), (height, width)


def _free_sides(divisor: int) -> dict[int, Any]:
    most = _LARGEST // divisor
    return {
        2: divisor * torch.export.Dim("rows", min=1, max=most),
        3: divisor * torch.export.Dim("columns", min=1, max=most),
    }


def _noise(size: tuple[int, int], seed: int) -> Tensor:
    return torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(seed))


def forget_origin(graph: onnx.ModelProto) -> None:
    """Drop, in place, the exporter's notes of which line of which file on this machine each node came from."""
    for part in (
        *graph.graph.node,
        *graph.graph.value_info,
        *graph.graph.input,
        *graph.graph.output,
        graph.graph,
    ):
        del part.metadata_props[:]
        part.doc_string = ""


def halve_weights(graph: onnx.ModelProto) -> None:
    """Store float32 weights of 256 numbers or more as float16, in place, each behind a Cast back to float32."""
    casts = []
    for tensor in list(graph.graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims, dtype=int) < _HALVED_FROM:
            continue
        name = tensor.name
        narrow = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
        tensor.CopyFrom(narrow)
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def _difference(model: SemanticNet, path: Path, image: Tensor) -> float:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = torch.from_numpy(session.run(["logits"], {"image": image.numpy()})[0])
    expected = model(image)[model.outputs.index("logits")]
    if model.activation == "sigmoid":
        return float((found.sigmoid() - expected.sigmoid()).abs().max())
    return float((found.softmax(1) - expected.softmax(1)).abs().max())
