"""Mask R-CNN (He et al., arXiv 1703.06870) as torchvision builds it; `resnet50` is its improved v2 (arXiv 2111.11429).

torchvision's own resizing, padding and normalising is left out: images come in normalised and padded.
"""

from __future__ import annotations

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

from ewardrobe.errors import ModelError
from ewardrobe.training.architectures.interface import Detections, InstanceNet, Target
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.weights import start_from

__all__ = ["MaskRCNN", "Options"]

_LEAST_SCORE = 0.01  # average precision counts what scores low, too
_LAYERS = ("layer4", "layer3", "layer2", "layer1", "conv1")
_HUB: dict[str, WeightsEnum] = {
    "coco": MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
    "imagenet": ResNet50_Weights.IMAGENET1K_V2,
}


class Options(ModelOptions):
    """`backbone`: resnet18 is for CPUs. `trainable_layers`: of the backbone's five, counted from the last; the others
    stay as they are. `detections`: most objects found in a photo. `regions`: of a photo, that the second stage learns
    from; afterwards it looks at twice as many, 1000 at most. Fewer are faster.

    `weights`: None, a file (torchvision's state dict of the whole network, or of the backbone's classifier), or, for
    resnet50 and with a connection, "coco" or "imagenet".
    """

    backbone: Literal["resnet50", "resnet18"] = "resnet50"
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
            body = resnet_fpn_backbone(
                backbone_name=backbone, weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5
            )
            self.net = TorchvisionMaskRCNN(body, classes, **about)
        published = _HUB if backbone == "resnet50" else {}
        start_from(self, weights, {name: partial(_fetched, name) for name in published})  # type: ignore[arg-type]
        trained = (*_LAYERS[:trainable_layers], *(("bn1",) if trainable_layers == 5 else ()))
        for name, parameter in self.net.backbone.body.named_parameters():
            parameter.requires_grad_(name.startswith(trained))

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
