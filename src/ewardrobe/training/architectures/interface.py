"""What every network is to the rest of the training room: a `SemanticNet` or an `InstanceNet`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, Self, TypedDict

from torch import Tensor, nn

from ewardrobe.training.architectures.norms import is_held

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "Detections", "InstanceNet", "SemanticNet", "Target"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class _Net(nn.Module):
    def train(self, mode: bool = True) -> Self:
        """Training mode, except for batch norms that are held: they go on using the statistics they have."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d) and is_held(module):
                module.training = False
        return self


class SemanticNet(_Net, ABC):
    """A network that scores every pixel: one channel per class of the taxonomy, or one for the foreground (matting).

    Args:
        classes: channels of the logits; 1 for matting.

    Attributes:
        outputs: names of what `forward` gives in evaluation, in order; "logits" is one of them.
        heads: beginnings of the names of the parameters whose shape depends on `classes`.
        divisor: height and width of the input are multiples of it, in pixels.
        fixed_size: the exported graph takes one height and width only.
        mean, std: of RGB in 0..1, by which the input is normalised.
        activation: what turns logits into probabilities. "softmax": one class per pixel. "sigmoid": one mask per class;
            channel 0, the background, is then trained as "none of the others".
        loaded: what was taken from the file or name that `weights` gave, one line; empty for random weights.
    """

    outputs: ClassVar[tuple[str, ...]] = ("logits",)
    heads: ClassVar[tuple[str, ...]] = ()
    divisor: int = 32
    fixed_size: bool = False
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    loaded: str = ""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.activation: Literal["softmax", "sigmoid"] = "sigmoid" if classes == 1 else "softmax"

    @abstractmethod
    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Normalised image, float (N, 3, H, W), sides multiples of `divisor` -> what `outputs` names.

        `logits` are float (N, classes, h, w) at any stride. In training mode, tensors after those of `outputs` are
        auxiliary logits, float (N, classes, h', w'), that get the same loss.
        """

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The parameters that pretrained weights exist for; they may learn more slowly."""
        return list(self.encoder.parameters())

    def rename(self, name: str) -> str:
        """This net's name for a parameter that other releases of its published weights call `name`."""
        return name


class Target(TypedDict):
    """The instances of one photo: boxes float (n, 4) x0 y0 x1 y1 in pixels; labels int64 (n,), taxonomy indices
    from 1; masks bool (n, H, W)."""

    boxes: Tensor
    labels: Tensor
    masks: Tensor


class Detections(TypedDict):
    """What was found in one photo, as in `Target`, with scores float (n,) in 0..1, best first."""

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    masks: Tensor


class InstanceNet(_Net, ABC):
    """A network that finds objects, each with a class, a box and a mask.

    Args:
        classes: of the taxonomy, the background (index 0) among them.

    Attributes:
        outputs: names of what `forward` gives, in order.
        decode: how the exported graph's outputs are read (see the description of a model file).
        divisor, fixed_size, mean, std, loaded: as in `SemanticNet`.
    """

    outputs: tuple[str, ...] = ()
    decode: Literal["boxes-masks", "yolo-seg", "detr-seg"]
    divisor: int = 32
    fixed_size: bool = False
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    loaded: str = ""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    @abstractmethod
    def losses(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """The named losses (scalars) on normalised images, float (N, 3, H, W); their sum is what is minimised."""

    @abstractmethod
    def predict(self, images: Tensor) -> list[Detections]:
        """What is in each of the normalised images, float (N, 3, H, W), in their pixels."""

    @abstractmethod
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """What is exported: one normalised image, float (1, 3, H, W) -> what `outputs` names."""

    @abstractmethod
    def encoder_parameters(self) -> list[nn.Parameter]:
        """The parameters that pretrained weights exist for; they may learn more slowly."""
