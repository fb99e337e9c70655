"""From an exported ONNX file back to a model that can be trained further.

Export folds every batch normalisation into the convolution before it. Folding loses the statistics that training
needs, so they are measured again on images: the function stays the file's own, to float16.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from ewardrobe.errors import ModelError
from ewardrobe.training.architectures.norms import measure_norms
from ewardrobe.training.architectures.onnx_weights import graph_tensors, read_graph

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
    stored = graph_tensors(read_graph(path))
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
    measure_norms(model, images, [norm for _, _, norm in pairs])


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


def _normalised(model: nn.Module) -> list[tuple[str, nn.Conv2d, nn.BatchNorm2d]]:
    modules = dict(model.named_modules())
    pairs = []
    for name, norm in modules.items():
        convolution = modules.get(f"{name[:-1]}0")
        if isinstance(norm, nn.BatchNorm2d) and name.endswith(".1") and isinstance(convolution, nn.Conv2d):
            pairs.append((name[:-2], convolution, norm))
    return pairs
