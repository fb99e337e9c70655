"""Weights out of an ONNX graph, for the network that it was exported from.

Exporters keep the names of some parameters and lose others: of convolutions that a batch norm was folded into, of the
matrices of linear layers. A linear layer is known by the named bias that is added to its product, a convolution by its
place: graph and network compute them in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from ewardrobe.errors import ModelError
from ewardrobe.training.architectures.norms import HELD

__all__ = ["Convolution", "graph_tensors", "read_graph", "state_by_order"]

_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
_NORM = ("weight", "bias", "running_mean", "running_var")


class Convolution(NamedTuple):
    """A Conv or ConvTranspose node of a graph: its weight, its bias, and the four tensors of a batch norm behind it."""

    weight: Tensor
    bias: Tensor | None
    norm: tuple[Tensor, ...] | None


def read_graph(path: Path) -> onnx.GraphProto:
    """The graph in the ONNX file `path`; ModelError when it is none."""
    try:
        return onnx.load(str(path)).graph
    except Exception as error:  # onnx raises protobuf's, its own and the system's
        raise ModelError(f"cannot read {path.name}: {' '.join(str(error).split())[:120]}") from None


def graph_tensors(graph: onnx.GraphProto) -> dict[str, Tensor]:
    """The graph's float tensors by the names their parameters had, as float32.

    Half-precision ones (`X.half` behind a Cast) come under their own name X, shared ones under each of their names.
    """
    stored = {
        tensor.name.removesuffix(".half"): torch.from_numpy(numpy_helper.to_array(tensor).copy()).float()
        for tensor in graph.initializer
        if tensor.data_type in _FLOATS
    }
    products = {}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
        elif node.op_type == "Constant" and node.attribute and node.attribute[0].t.data_type in _FLOATS:
            stored[node.output[0]] = torch.from_numpy(
                numpy_helper.to_array(node.attribute[0].t).copy()
            ).float()
        elif node.op_type == "MatMul" and node.input[1] in stored:
            products[node.output[0]] = node.input[1]
        elif node.op_type == "Add":
            _name_matrix(list(node.input), products, stored)
    return stored


def _name_matrix(inputs: list[str], products: dict[str, str], stored: dict[str, Tensor]) -> None:
    """A linear layer is written as a product with a nameless transposed matrix, and a sum with its named bias."""
    for product, bias in (inputs, inputs[::-1]):
        if product in products and bias.endswith(".bias"):
            matrix = stored[products[product]]
            stored[bias.removesuffix("bias") + "weight"] = matrix.T.contiguous()


def _convolutions(graph: onnx.GraphProto, stored: dict[str, Tensor]) -> list[Convolution]:
    norms = {n.input[0]: n for n in graph.node if n.op_type == "BatchNormalization"}
    found = []
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose") or node.input[1] not in stored:
            continue
        bias = stored[node.input[2]] if len(node.input) > 2 and node.input[2] else None
        norm = norms.get(node.output[0])
        parts = tuple(stored[name] for name in norm.input[1:5]) if norm else None
        found.append(Convolution(stored[node.input[1]], bias, parts))
    return found


def _modules_in_order(net: nn.Module, image: Tensor) -> list[tuple[str, str | None]]:
    """Names of the convolutions in the order they compute in, each with that of the norm its output goes into."""
    order: list[tuple[str, str | None]] = []
    last: list[Tensor] = []

    def after_convolution(name: str) -> Callable[..., None]:
        def hook(_: nn.Module, __: tuple[Tensor], output: Tensor) -> None:
            order.append((name, None))
            last[:] = [output]

        return hook

    def before_norm(name: str) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[Tensor]) -> None:
            if last and inputs[0] is last[0]:
                order[-1] = (order[-1][0], name)

        return hook

    hooks = []
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            hooks.append(module.register_forward_hook(after_convolution(name)))
        elif isinstance(module, nn.BatchNorm2d):
            hooks.append(module.register_forward_pre_hook(before_norm(name)))
    training = net.training
    with torch.no_grad():
        net.eval()(image)
    net.train(training)
    for handle in hooks:
        handle.remove()
    return order


def state_by_order(net: nn.Module, graph: onnx.GraphProto, image: Tensor) -> dict[str, Tensor]:
    """State of `net`'s convolutions, and of the norms behind them, from the graph's, paired in order.

    A norm that was folded comes back as one that does nothing, marked as held (see `norms`).

    Args:
        image: float (1, 3, H, W), anything that `net` computes on.

    Returns:
        State dict entries; empty when the graph has not as many convolutions as `net`.
    """
    convolutions = _convolutions(graph, graph_tensors(graph))
    order = _modules_in_order(net, image)
    if len(convolutions) != len(order):
        return {}
    modules = dict(net.named_modules())
    state: dict[str, Tensor] = {}
    for (name, norm), found in zip(order, convolutions, strict=True):
        state[f"{name}.weight"] = found.weight
        shift = torch.zeros(modules[name].out_channels) if found.bias is None else found.bias
        has_bias = modules[name].bias is not None
        if has_bias:
            state[f"{name}.bias"] = shift
        if norm is not None and found.norm is not None:
            state.update({f"{norm}.{key}": value for key, value in zip(_NORM, found.norm, strict=True)})
        elif norm is not None:
            one = torch.ones(len(shift))
            state[f"{norm}.weight"], state[f"{norm}.running_mean"] = one, one * 0
            state[f"{norm}.running_var"] = one - modules[norm].eps
            state[f"{norm}.bias"] = one * 0 if has_bias else shift
            state[f"{norm}.num_batches_tracked"] = torch.tensor(HELD)
    return state
