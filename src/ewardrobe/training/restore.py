"""From an exported ONNX file back to a model that can be trained further.

Export folds every batch normalisation into the convolution before it. Folding loses the statistics that training
needs, so they are measured again on images: the function stays the file's own, to float16.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from ewardrobe.errors import ModelError

__all__ = ["mixed", "restore_from_onnx"]


def restore_from_onnx(model: nn.Module, path: Path, images: Iterable[Tensor]) -> None:
    """Give `model`, in place, the weights of the ONNX file that a model of its kind was exported to.

    Args:
        model: freshly made; convolution `X.0` is followed by batch normalisation `X.1`.
        path: written by `export_onnx`.
        images: normalised batches, float (N, 3, H, W), like those of training; the statistics come from them.

    Raises:
        ModelError: a weight of the model is not in the file, or has another shape.
    """
    stored = _weights(path)
    pairs = _normalised(model)
    folded = {f"{name}.0.weight" for name, _, _ in pairs}
    state = {}
    for name, value in model.state_dict().items():
        inside_norm = any(name.startswith(f"{pair}.1.") for pair, _, _ in pairs)
        if inside_norm:
            continue
        if name not in stored or stored[name].shape != value.shape:
            raise ModelError(
                f"{path.name} has no weight {name} of shape {tuple(value.shape)}: another architecture?"
            )
        state[name] = stored[name]
    before = {name: model.state_dict()[name].flatten(1).norm(dim=1) for name in folded}
    model.load_state_dict(state, strict=False)
    for name, convolution, norm in pairs:
        # Filters as long as they were before training: how far a step of the optimiser turns them depends on it.
        weight = convolution.weight.data
        scale = before[f"{name}.0.weight"] / weight.flatten(1).norm(dim=1).clamp(min=1e-6)
        scale = scale.clamp(min=1e-2)
        weight.mul_(scale.view(-1, 1, 1, 1))
        norm.running_mean.zero_()
        norm.running_var.copy_(scale**2)
        norm.weight.data.copy_((scale**2 + norm.eps).sqrt() / scale)
        norm.bias.data.copy_(stored[f"{name}.0.weight_bias"])
    _measure(model, pairs, images)


def mixed(model: nn.Module, start: dict[str, Tensor], share: float) -> nn.Module:
    """A copy of `model` whose weights are `share` its own and the rest `start`'s, its state before further training.

    After WiSE-FT (Wortsman et al., arXiv 2109.01903); what it brought here is in the model card.
    """
    mean = copy.deepcopy(model)
    mean.load_state_dict(
        {
            name: torch.lerp(start[name], value, share) if value.dtype.is_floating_point else value
            for name, value in model.state_dict().items()
        }
    )
    return mean


def _weights(path: Path) -> dict[str, Tensor]:
    graph = onnx.load(str(path)).graph
    stored = {
        tensor.name.removesuffix(".half"): torch.from_numpy(numpy_helper.to_array(tensor).copy()).float()
        for tensor in graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    }
    # A linear layer is written as a product with a nameless transposed matrix, then a sum with its named bias.
    products = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for node in graph.node:
        if node.op_type == "Add" and node.input[0] in products and node.input[1].endswith(".bias"):
            matrix = products[node.input[0]]
            stored[node.input[1].removesuffix("bias") + "weight"] = stored[matrix].T.contiguous()
    return stored


def _normalised(model: nn.Module) -> list[tuple[str, nn.Conv2d, nn.BatchNorm2d]]:
    modules = dict(model.named_modules())
    pairs = []
    for name, norm in modules.items():
        convolution = modules.get(f"{name[:-1]}0")
        if isinstance(norm, nn.BatchNorm2d) and name.endswith(".1") and isinstance(convolution, nn.Conv2d):
            pairs.append((name[:-2], convolution, norm))
    return pairs


@torch.no_grad()
def _measure(
    model: nn.Module, pairs: list[tuple[str, nn.Conv2d, nn.BatchNorm2d]], images: Iterable[Tensor]
) -> None:
    """Put each norm's true input statistics into it, and take their effect back out with its weight and bias."""
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for _, _, norm in pairs}

    def collect(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        x = inputs[0].double()
        count = x.numel() / x.shape[1]
        sums[norm] += torch.stack([x.sum((0, 2, 3)), (x**2).sum((0, 2, 3)), torch.full((x.shape[1],), count)])

    hooks = [norm.register_forward_pre_hook(collect) for _, _, norm in pairs]
    model.eval()
    for batch in images:
        model(batch)
    for hook in hooks:
        hook.remove()
    for _, _, norm in pairs:
        total, squares, count = sums[norm]
        if not math.isfinite(float(total.sum())) or not float(count[0]):
            raise ModelError("the statistics need at least one batch of images")
        mean = (total / count).float()
        variance = (squares / count - (total / count) ** 2).clamp(min=1e-8).float()
        gain = norm.weight.data / (norm.running_var + norm.eps).sqrt()
        norm.bias.data += gain * (mean - norm.running_mean)
        norm.weight.data.copy_(gain * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
