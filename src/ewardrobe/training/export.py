"""From a trained model to one ONNX file that describes itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription, write_description

__all__ = ["export_onnx", "forget_origin", "halve_weights"]

OUTPUTS = ("logits", "features", "presence")
_HALVED_FROM = 256
_TOLERANCE = 1e-3


def export_onnx(model: nn.Module, path: Path, description: ModelDescription, *, half: bool = True) -> float:
    """Write `model` (outputs `logits`, `features`, `presence`) with its description to `path`.

    Height and width of the graph's input are free (multiples of 32). With `half`, weights are stored as float16 and
    widened when the file is loaded: half the size, the same speed.

    Returns:
        The largest difference of the graph's class probabilities from PyTorch's, on a random image.

    Raises:
        ModelError: the graph does not compute what the model does.
    """
    model = model.eval().to(memory_format=torch.contiguous_format)
    image = torch.randn(1, 3, 160, 128, generator=torch.Generator().manual_seed(0))
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        raw = Path(folder) / "raw.onnx"
        # Sides are multiples of 32, up to 4,096.
        sides = {
            2: 32 * torch.export.Dim("rows", min=1, max=128),
            3: 32 * torch.export.Dim("columns", min=1, max=128),
        }
        program = torch.onnx.export(
            model,
            (image,),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_shapes={"image": sides},
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
        difference = _difference(model, raw)
        if difference > (10 * _TOLERANCE if half else _TOLERANCE):
            raise ModelError(f"the exported graph is off by {difference:.2g}: not written to {path}")
        write_description(raw, path, description)
    return difference


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


def _difference(model: nn.Module, path: Path) -> float:
    """Compared at a size the graph was not traced with, so that a frozen shape shows."""
    image = torch.randn(1, 3, 192, 224, generator=torch.Generator().manual_seed(1))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    logits = torch.from_numpy(session.run(["logits"], {"image": image.numpy()})[0])
    with torch.no_grad():
        expected = model(image)[0]
    return float((logits.softmax(1) - expected.softmax(1)).abs().max())
