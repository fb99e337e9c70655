"""RF-DETR-Seg (Robinson et al., arXiv 2511.09554): Roboflow's network, matcher and losses behind our interface.

Of the package `rfdetr` only what is under Apache-2.0 is used: the sizes nano to large, without the separate
`rfdetr_plus`. Its networks are meant to start from Roboflow's published checkpoints; from random numbers, the
transformer encoder learns slowly.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from ewardrobe.errors import ModelError
from ewardrobe.training.architectures.interface import Detections, InstanceNet, Target
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.weights import fit, read_state, start_from

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # it calls torch.jit.script
    from rfdetr.config import (
        RFDETRSegLargeConfig,
        RFDETRSegMediumConfig,
        RFDETRSegNanoConfig,
        RFDETRSegSmallConfig,
        SegmentationTrainConfig,
    )
    from rfdetr.models.lwdetr import build_criterion_from_config, build_model_from_config
    from rfdetr.utilities.tensors import NestedTensor

__all__ = ["Options", "RFDETRSeg"]

_CONFIGS = {
    "nano": RFDETRSegNanoConfig,
    "small": RFDETRSegSmallConfig,
    "medium": RFDETRSegMediumConfig,
    "large": RFDETRSegLargeConfig,
}


class Options(ModelOptions):
    """`groups`: sets of queries that are trained side by side; fewer are faster and learn more slowly.
    `freeze_encoder`: the DINOv2 encoder stays as it is. `weights`: None or a file, such as Roboflow's
    `rf-detr-seg-nano.pt`.
    """

    size: Literal["nano", "small", "medium", "large"] = "nano"
    groups: Annotated[int, Field(ge=1, le=13)] = 13
    freeze_encoder: bool = False


class RFDETRSeg(InstanceNet):
    """A set of queries, each of which becomes an object or none: no suppression of doubles is needed.

    The sizes were made for square images of 312, 384, 432 and 504 pixels; others are taken, too.

    Args:
        classes: of the taxonomy, the background among them; channel k of the logits is class k, channel 0 is not read.
    """

    outputs = ("boxes", "box_logits", "mask_logits")
    decode = "detr-seg"
    fixed_size = True
    heads: ClassVar[tuple[str, ...]] = ("net.class_embed", "net.transformer.enc_out_class_embed")

    def __init__(
        self,
        classes: int,
        size: str = "nano",
        groups: int = 13,
        freeze_encoder: bool = False,
        weights: str | None = None,
    ) -> None:
        super().__init__(classes)
        logger = logging.getLogger("rf-detr")
        level = logger.level
        logger.setLevel(logging.ERROR)  # that there are no published weights for the encoder alone is known
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            about = _CONFIGS[size](
                num_classes=classes - 1, group_detr=groups, freeze_encoder=freeze_encoder, device="cpu"
            )
            training = SegmentationTrainConfig(dataset_dir=".", output_dir=".")
            self.net = build_model_from_config(about, training)
            self.criterion, _ = build_criterion_from_config(about, training)
        logger.setLevel(level)
        # Of masked pretraining; no gradient reaches it.
        self.net.backbone[0].encoder.encoder.embeddings.mask_token.requires_grad_(False)
        self.divisor = about.patch_size * about.num_windows
        self._most = about.num_select
        if weights is not None and Path(weights).suffix in (".pt", ".pth"):
            state = _published(Path(weights), about.num_queries * groups)
            self.loaded = str(fit(self, state, Path(weights).name))  # type: ignore[arg-type]
        else:
            start_from(self, weights)  # type: ignore[arg-type]

    def losses(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """RF-DETR's weighted losses, summed over the decoder's layers: ce (class), bbox, giou, mask_ce, mask_dice."""
        height, width = images.shape[-2:]
        scale = images.new_tensor([width, height, width, height])
        wanted = []
        for target in targets:
            low, high = target["boxes"][:, :2], target["boxes"][:, 2:]
            boxes = torch.cat([(low + high) / 2, high - low], 1) / scale
            wanted.append({"labels": target["labels"], "boxes": boxes, "masks": target["masks"]})
        found = self.criterion(self.net(_nested(images)), wanted)
        terms: dict[str, Tensor] = {}
        for name, weight in self.criterion.weight_dict.items():
            kind = name.removeprefix("loss_").rstrip("_0123456789").removesuffix("_enc")
            terms[kind] = terms.get(kind, images.new_zeros(())) + weight * found[name]
        return terms

    @torch.no_grad()
    def predict(self, images: Tensor) -> list[Detections]:
        """What is in each image, in evaluation mode: the best pairs of query and class; masks are cut at zero."""
        size = (images.shape[-2], images.shape[-1])
        limit = images.new_tensor([size[1], size[0]] * 2).float()
        detections = []
        for boxes, logits, masks in zip(*(part.float() for part in self.forward(images)), strict=True):
            likely = logits[:, 1:].sigmoid()
            scores, order = likely.flatten().topk(min(self._most, likely.numel()))
            rows = order // likely.shape[1]
            centre, extent = boxes[rows].split(2, 1)
            corners = torch.cat([centre - extent / 2, centre + extent / 2], 1) * limit
            detections.append(
                Detections(
                    boxes=corners.clamp(min=torch.zeros_like(limit), max=limit),
                    labels=order % likely.shape[1] + 1,
                    scores=scores,
                    masks=F.interpolate(masks[rows][None], size, mode="bilinear", align_corners=False)[0] > 0,
                )
            )
        return detections

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images, float (N, 3, H, W) -> boxes float (N, Q, 4), centre and size in 0..1, class logits float
        (N, Q, classes) and mask logits float (N, Q, H / 4, W / 4), in evaluation mode."""
        found = self.net(_nested(images))
        return found["pred_boxes"], found["pred_logits"], found["pred_masks"]

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those of the DINOv2 encoder."""
        return list(self.net.backbone[0].encoder.parameters())

    def rename(self, name: str) -> str:
        """RF-DETR's names are this net's."""
        return name


def _nested(images: Tensor) -> NestedTensor:
    """The images as RF-DETR takes them: no pixel of them is padding."""
    return NestedTensor(images, torch.zeros_like(images[:, 0], dtype=torch.bool))


def _published(path: Path, queries: int) -> dict[str, Tensor]:
    """The tensors of one of Roboflow's checkpoints, which hold their settings, too; of its queries the first."""
    if not path.is_file():
        raise ModelError(f"there is no file {path}")
    with torch.serialization.safe_globals([argparse.Namespace]):
        state = read_state(path)
    for name in ("refpoint_embed.weight", "query_feat.weight"):
        if name in state:
            state[name] = state[name][:queries]
    return state
