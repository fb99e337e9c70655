"""U²-Net (Qin et al., arXiv 2005.09007): a U-Net of which every stage is a U-Net, trained with deep supervision.

Modules bear the names of the published state dicts (`u2net.pth`, `u2netp.pth`), which load as they are.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.weights import start_from

__all__ = ["Options", "U2Net", "U2NetP"]


class Options(ModelOptions):
    """`weights`: None, or a file: the published `.pth`, an `.onnx` exported from it, or one of eWardrobe's own."""


class _Stage(NamedTuple):
    """A residual U-block: its height (levels), whether it dilates instead of pooling, and its channels."""

    height: int
    dilated: bool
    inputs: int
    inner: int
    outputs: int


_FULL = {
    "stage1": _Stage(7, False, 3, 32, 64),
    "stage2": _Stage(6, False, 64, 32, 128),
    "stage3": _Stage(5, False, 128, 64, 256),
    "stage4": _Stage(4, False, 256, 128, 512),
    "stage5": _Stage(4, True, 512, 256, 512),
    "stage6": _Stage(4, True, 512, 256, 512),
    "stage5d": _Stage(4, True, 1024, 256, 512),
    "stage4d": _Stage(4, False, 1024, 128, 256),
    "stage3d": _Stage(5, False, 512, 64, 128),
    "stage2d": _Stage(6, False, 256, 32, 64),
    "stage1d": _Stage(7, False, 128, 16, 64),
}
_SMALL = {
    name: stage._replace(
        inputs=3 if name == "stage1" else 128 if name.endswith("d") else 64, inner=16, outputs=64
    )
    for name, stage in _FULL.items()
}


class _ConvNormRelu(nn.Module):
    """3 x 3 convolution with its bias, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn_s1(self.conv_s1(x)))


class _ResidualUBlock(nn.Module):
    """RSU-L, and RSU-4F where `dilated`: a U-Net of `height` levels, added to the features it starts from.

    float (N, inputs, H, W) -> float (N, outputs, H, W). The deepest level dilates by 2 at the scale of the one above;
    RSU-4F keeps its scale and dilates by 1, 2, 4, 8.
    """

    def __init__(self, stage: _Stage) -> None:
        super().__init__()
        self.height, self.dilated = stage.height, stage.dilated
        self.rebnconvin = _ConvNormRelu(stage.inputs, stage.outputs)
        for level in range(1, stage.height + 1):
            inputs = stage.outputs if level == 1 else stage.inner
            deepest = 2 if level == stage.height else 1
            dilation = 2 ** (level - 1) if stage.dilated else deepest
            self.add_module(f"rebnconv{level}", _ConvNormRelu(inputs, stage.inner, dilation))
        for level in range(stage.height - 1, 0, -1):
            outputs = stage.outputs if level == 1 else stage.inner
            dilation = 2 ** (level - 1) if stage.dilated else 1
            self.add_module(f"rebnconv{level}d", _ConvNormRelu(2 * stage.inner, outputs, dilation))

    def forward(self, x: Tensor) -> Tensor:
        start = self.rebnconvin(x)
        x, levels = start, []
        for level in range(1, self.height):
            x = self.get_submodule(f"rebnconv{level}")(x)
            levels.append(x)
            if not self.dilated and level < self.height - 1:
                x = _pooled(x)
        x = self.get_submodule(f"rebnconv{self.height}")(x)
        for level in range(self.height - 1, 0, -1):
            x = torch.cat((_as_large(x, levels[level - 1]), levels[level - 1]), dim=1)
            x = self.get_submodule(f"rebnconv{level}d")(x)
        return x + start


class U2Net(SemanticNet):
    """U²-Net, 44 million parameters: six stages down, five up, and a side output after each of the last six.

    In training the six side outputs come after the fused one, all at the size of the input.
    """

    heads: ClassVar[tuple[str, ...]] = ("side", "outconv.")
    stages: ClassVar[dict[str, _Stage]] = _FULL

    def __init__(self, classes: int, weights: str | None = None) -> None:
        super().__init__(classes)
        for name, stage in self.stages.items():
            self.add_module(name, _ResidualUBlock(stage))
        for level in range(1, 7):
            stage = self.stages["stage6" if level == 6 else f"stage{level}d"]
            self.add_module(f"side{level}", nn.Conv2d(stage.outputs, classes, 3, padding=1))
        self.outconv = nn.Conv2d(6 * classes, classes, 1)
        start_from(self, weights)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """All of the stages': published weights exist for all but the outputs."""
        return [p for name in self.stages for p in self.get_submodule(name).parameters()]

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Logits at stride 1, float (N, classes, H, W); see `SemanticNet.forward`."""
        x, levels = image, []
        for level in range(1, 7):
            x = self.get_submodule(f"stage{level}")(x if level == 1 else _pooled(x))
            levels.append(x)
        for level in range(5, 0, -1):
            skip = levels[level - 1]
            x = self.get_submodule(f"stage{level}d")(torch.cat((_as_large(x, skip), skip), dim=1))
            levels[level - 1] = x
        # Computed in the order of the published code, by which an exported graph's weights are told apart.
        sides = [self.get_submodule(f"side{n}")(level) for n, level in enumerate(levels, start=1)]
        sides = [_as_large(side, image) for side in sides]
        fused = self.outconv(torch.cat(sides, dim=1))
        return (fused, *sides) if self.training else (fused,)


class U2NetP(U2Net):
    """U²-Net-p, 1.1 million parameters: 64 channels between stages, 16 within."""

    stages: ClassVar[dict[str, _Stage]] = _SMALL


def _pooled(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2, ceil_mode=True)


def _as_large(x: Tensor, other: Tensor) -> Tensor:
    if x.shape[-2:] == other.shape[-2:]:
        return x
    return F.interpolate(x, size=other.shape[-2:], mode="bilinear", align_corners=False)
