"""Batch norms whose statistics are held while training, and statistics taken anew from images.

An exported graph has its batch norms folded into the convolutions: the function is kept, the statistics are lost. A net
that is given such weights has norms that do nothing (mean 0, variance 1), and normalising by the batch in training
would make another function of it. So these norms are *held*: in training, too, they use the statistics they have. What
marks them is `num_batches_tracked == -1`, which lies in the state dict and so survives a checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ewardrobe.errors import ModelError

__all__ = ["HELD", "hold", "is_held", "measure_norms"]

HELD = -1


def hold(norm: nn.BatchNorm2d) -> None:
    """Let `norm` keep its statistics in training from the next `train()` of its net on."""
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.fill_(HELD)


def is_held(norm: nn.BatchNorm2d) -> bool:
    """Whether `norm` keeps its statistics in training."""
    return norm.num_batches_tracked is not None and int(norm.num_batches_tracked) == HELD


@torch.no_grad()
def measure_norms(model: nn.Module, images: Iterable[Tensor], norms: Iterable[nn.BatchNorm2d]) -> None:
    """Put each norm's true input statistics into it, and take their effect back out with its weight and bias.

    In evaluation `model` computes what it did; in training its norms measure every batch: they are no longer held.

    Args:
        model: left in evaluation mode.
        images: normalised batches, float (N, 3, H, W), like those of training.
        norms: of `model`.

    Raises:
        ModelError: there are no images, or the model does not compute finite numbers on them.
    """
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def collect(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        x = inputs[0].double()
        count = x.numel() / x.shape[1]
        measured = [x.sum((0, 2, 3)), (x**2).sum((0, 2, 3)), torch.full((x.shape[1],), count).to(x)]
        sums[norm] += torch.stack(measured).cpu()

    hooks = [norm.register_forward_pre_hook(collect) for norm in sums]
    model.eval()
    for batch in images:
        model(batch)
    for hook in hooks:
        hook.remove()
    for norm, (total, squares, count) in sums.items():
        if not math.isfinite(float(total.sum())) or not float(count[0]):
            raise ModelError("the statistics need at least one batch of images")
        assert norm.running_mean is not None and norm.running_var is not None
        mean = (total / count).float().to(norm.weight.device)
        variance = (squares / count - (total / count) ** 2).clamp(min=1e-8).float().to(norm.weight.device)
        gain = norm.weight.data / (norm.running_var + norm.eps).sqrt()
        norm.bias.data += gain * (mean - norm.running_mean)
        norm.weight.data.copy_(gain * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        if is_held(norm) and norm.num_batches_tracked is not None:
            norm.num_batches_tracked.zero_()
