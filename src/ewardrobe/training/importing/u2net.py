"""U²-Net's published state dicts: background removal (one output), and `u2net_cloth_seg` (four).

Size, mean and std are those of the makers' own inference, as in `ewardrobe.segmentation.foreign.u2net`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.foreign.u2net import CLOTH_CLASSES, CLOTH_SIZE, HALF
from ewardrobe.segmentation.specs import InputSpec, OutputSpec
from ewardrobe.training.architectures.interface import IMAGENET_MEAN, IMAGENET_STD, SemanticNet
from ewardrobe.training.architectures.u2net import U2Net, U2NetP
from ewardrobe.training.importing.interface import Foreign, take_all

__all__ = ["is_u2net", "open_u2net"]

_INNER = "stage1.rebnconv1.conv_s1.weight"
_HEAD = "outconv.weight"
_SIZE = 320
_LICENCE = "network and published weights: Apache-2.0; other weights: those of their training data"


class _Foreground(SemanticNet):
    """A U²-Net of one output, with the sigmoid that its makers end with: the brightest and darkest place are sought in
    what comes after it."""

    def __init__(self, net: SemanticNet) -> None:
        super().__init__(1)
        self.net = net

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Probability of the foreground, float (N, 1, H, W)."""
        return (self.net(image)[0].sigmoid(),)


def is_u2net(state: Mapping[str, Tensor]) -> bool:
    """Whether these are a U²-Net's tensors, whatever their prefix."""
    return _find(state, _INNER) is not None and _find(state, _HEAD) is not None


def open_u2net(state: Mapping[str, Tensor], source: str) -> Foreign:
    """The network with the tensors `state`; ModelError where they do not fit."""
    inner, head = _find(state, _INNER), _find(state, _HEAD)
    if inner is None or head is None or inner.ndim != 4 or head.ndim != 4:
        raise ModelError(f"{source} does not hold the tensors of a U²-Net")
    classes = len(head)
    small = len(inner) == 16
    net = (U2NetP if small else U2Net)(classes)
    take_all(net, state, source)
    fields: dict[str, Any] = {
        "title": "U²-Net, small" if small else "U²-Net",
        "input": _stretched(_SIZE),
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "outputs": {"logits": OutputSpec("logits", stride=1)},
        "licence": _LICENCE,
    }
    if classes == 1:
        fields |= {"task": "matting", "outputs": {"logits": OutputSpec("alpha", 1, activation="minmax")}}
        return Foreign(_Foreground(net.eval()).eval(), fields, {"taxonomy": "foreground"})
    if classes == CLOTH_CLASSES:
        fields |= {"title": "U²-Net cloth segmentation", "input": _stretched(CLOTH_SIZE)}
        fields |= {"mean": HALF, "std": HALF}
        return Foreign(net.eval(), fields, {"taxonomy": "u2net-cloth"})
    return Foreign(net.eval(), fields)


def _stretched(side: int) -> InputSpec:
    return InputSpec("stretch", height=side, width=side)


def _find(state: Mapping[str, Tensor], ending: str) -> Tensor | None:
    return next((value for name, value in state.items() if f".{name}".endswith(f".{ending}")), None)
