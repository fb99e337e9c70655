"""Inception-ResNet-v2 (Szegedy et al., arXiv 1602.07261) with an output stride of 16 or 8.

segmentation_models_pytorch refuses to dilate this encoder, as its last two strides are those of poolings, too. A
pooling is dilated like a convolution (the à-trous algorithm, arXiv 1412.7062): its stride becomes 1, and whatever
comes after looks twice as far. Every second cell of the result is the strided encoder's, exactly, with the same
weights under the same names.
"""

from __future__ import annotations

import copy

import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from segmentation_models_pytorch.encoders.inceptionresnetv2 import InceptionResNetV2Encoder
from torch import Tensor, nn

__all__ = ["make_inception_resnet_v2"]

# What computes at each stride of the plain encoder, in order; the first module of a row has the stride in it.
_STAGES = (("mixed_6a", "repeat_1"), ("mixed_7a", "repeat_2", "block8", "conv2d_7b"))


def make_inception_resnet_v2(output_stride: int) -> nn.Module:
    """The encoder with random weights; `output_stride` is 32, 16 or 8. Feature maps at 2, 4, 8, then at most that."""
    params = copy.deepcopy(smp.encoders.encoders["inceptionresnetv2"]["params"])
    encoder = InceptionResNetV2Encoder(**params, output_stride=output_stride)
    # Average pooling cannot be dilated, and need not be: it stands before stride 8 only.
    kept = {32: 2, 16: 1, 8: 0}[output_stride]
    rate = 1
    for first, *others in _STAGES[kept:]:
        _dilate(encoder.get_submodule(first), rate)
        rate *= 2
        for name in others:
            _dilate(encoder.get_submodule(name), rate)
    return encoder


class _DilatedMaxPool(nn.Module):
    """3 x 3 maximum at stride 1 of cells `rate` apart; PyTorch's own cannot pad by more than 1."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (self.rate,) * 4, value=-torch.inf)
        return F.max_pool2d(padded, 3, stride=1, dilation=self.rate)


def _dilate(block: nn.Module, rate: int) -> None:
    """Take the strides out of `block`, and let its convolutions and poolings look `rate` times as far."""
    for name, module in list(block.named_modules()):
        if isinstance(module, nn.Conv2d):
            rows, columns = module.kernel_size
            module.stride, module.dilation = (1, 1), (rate, rate)
            module.padding = (rows // 2 * rate, columns // 2 * rate)
        elif isinstance(module, nn.MaxPool2d):
            block.set_submodule(name, _DilatedMaxPool(rate))
