"""YOLO11-seg and YOLO26-seg: Ultralytics' networks and losses (AGPL-3.0) behind our interface.

Whoever distributes a model trained with them, or runs it as a service, is asked by Ultralytics for AGPL-3.0 or for an
enterprise licence; nothing of theirs is part of this package, and nothing of it is imported before it is chosen.
Network: docs.ultralytics.com/models/yolo11 and /yolo26.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import batched_nms

from ewardrobe.errors import MissingExtraError
from ewardrobe.training.architectures.interface import Detections, InstanceNet, Target
from ewardrobe.training.architectures.norms import HELD
from ewardrobe.training.architectures.onnx_weights import graph_tensors, read_graph, state_by_order
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.weights import fit, start_from

# At its import it would ask the network whether it is there.
os.environ.setdefault("YOLO_OFFLINE", "true")
try:
    from ultralytics.nn.tasks import SegmentationModel, yaml_model_load
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("ultralytics"):
        raise
    raise MissingExtraError(
        "yolo needs ultralytics, which is not installed (its licence is AGPL-3.0, and covers what you make with it): "
        'pip install "ewardrobe[yolo]"'
    ) from None

__all__ = ["COEFFICIENTS", "Options", "SegmentationModel", "YoloSeg"]

_GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}  # Ultralytics' defaults
_LEAST_SCORE, _NMS_IOU, _MOST = 0.001, 0.7, 300  # as Ultralytics validates
COEFFICIENTS = 32
"""Prototypes that a mask is mixed of."""


class Options(ModelOptions):
    """`version`: 11, with non-maximum suppression after it, or 26, end to end without. `size`: n, s or m.

    `weights`: None, or a file: a state dict (`.safetensors`, `.pth`) or an `.onnx` that Ultralytics exported. Its own
    `.pt` files are pickles that run code when they are read: `models export --allow-pickle` makes them ONNX first.
    """

    version: Literal[11, 26] = 11
    size: Literal["n", "s", "m"] = "n"


class YoloSeg(InstanceNet):
    """One stage: at every cell of strides 8, 16 and 32 a box, class scores, and coefficients of 32 mask prototypes.

    Args:
        classes: of the taxonomy; the network's class k is taxonomy index k + 1.
    """

    outputs = ("detections", "prototypes")
    decode = "yolo-seg"
    mean = (0.0, 0.0, 0.0)
    std = (1.0, 1.0, 1.0)

    def __init__(
        self,
        classes: int,
        version: int = 11,
        size: str = "n",
        weights: str | None = None,
    ) -> None:
        super().__init__(classes)
        about = {**yaml_model_load(f"yolo{version}{size}-seg.yaml"), "nc": classes - 1}
        self.net = SegmentationModel(about, verbose=False)
        # `epochs` would move weight between YOLO26's two heads; they share no parameter that both train, so it is left.
        self.net.args = SimpleNamespace(**_GAINS, overlap_mask=False, epochs=1)
        self.net.end2end = version == 26
        self.net.model[-1].dynamic = True  # the grid is made anew for each photo, in an exported graph, too
        self._criterion: Any = None
        layer = f"net.model.{len(self.net.model) - 1}"
        self.heads = tuple(f"{layer}.{head}" for head in ("cv3", "one2one_cv3", "proto.semseg"))
        if weights is not None and Path(weights).suffix == ".onnx":
            state = _unfolded(self, read_graph(Path(weights)))
            self.loaded = str(fit(self, state, Path(weights).name, partial=True))  # type: ignore[arg-type]
        else:
            start_from(self, weights)  # type: ignore[arg-type]

    def losses(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """Ultralytics' losses per photo: box, mask ("seg"), class, distribution of the box ("dfl"; "l1" for 26), and
        classes of pixels ("sem", 26)."""
        if self._criterion is None or self._criterion[0] != images.device:
            self._criterion = (images.device, self.net.init_criterion())
        terms, named = self._criterion[1](self.net(images), _batch(images, targets))
        kinds = [name.removesuffix("_loss") for name in named]
        return {
            kind: term / len(images)
            for kind, term in zip(kinds, terms, strict=True)
            if kind != "sem" or self.net.end2end
        }

    @torch.no_grad()
    def predict(self, images: Tensor) -> list[Detections]:
        """What is in each image, in evaluation mode, with Ultralytics' own rules of suppression and masks."""
        found, prototypes = self.forward(images)
        size = (images.shape[-2], images.shape[-1])
        decoded = _picked if self.net.end2end else _suppressed
        detections = []
        for one, proto in zip(found.float(), prototypes.float(), strict=True):
            boxes, scores, labels, weights = decoded(one)
            limit = boxes.new_tensor([size[1], size[0]] * 2)
            boxes = boxes.clamp(min=torch.zeros_like(limit), max=limit)
            masks = _masks(weights, proto, boxes, size)
            detections.append(Detections(boxes=boxes, labels=labels + 1, scores=scores, masks=masks))
        return detections

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images, float (N, 3, H, W) -> detections float (N, 4 + classes - 1 + 32, A), or for 26 (N, 300, 6 + 32), and
        prototypes float (N, 32, H / 4, W / 4), in evaluation mode."""
        (found, prototypes), _ = self.net(images)
        return found, prototypes

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those of the layers before the pyramid."""
        return list(self.net.model[: len(self.net.yaml["backbone"])].parameters())

    def rename(self, name: str) -> str:
        """Ultralytics' names are this net's."""
        return name


def _unfolded(net: YoloSeg, graph: Any) -> dict[str, Tensor]:
    """An exported graph's weights as state. Ultralytics' exports name their convolutions; ours are told by their order.

    A bias that a batch norm was folded into goes to the norm, which does nothing else and is held.
    """
    state = graph_tensors(graph)
    if "model.0.conv.weight" not in state:
        return state_by_order(net, graph, torch.zeros(1, 3, 64, 64))
    norms = {name: norm for name, norm in net.net.named_modules() if isinstance(norm, nn.BatchNorm2d)}
    for name, norm in norms.items():
        shift = state.pop(name.removesuffix("bn") + "conv.bias", None)
        if shift is not None:
            one = torch.ones_like(shift)
            state[f"{name}.weight"], state[f"{name}.bias"] = one, shift
            state[f"{name}.running_mean"], state[f"{name}.running_var"] = 0 * one, one - norm.eps
            state[f"{name}.num_batches_tracked"] = torch.tensor(HELD)
    return state


def _batch(images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
    """The targets as Ultralytics' losses want them; masks at stride 4."""
    height, width = images.shape[-2:]
    scale = images.new_tensor([width, height, width, height])
    numbers, labels, boxes, masks, pixels = [], [], [], [], []
    for number, target in enumerate(targets):
        corners = target["boxes"].float()
        low, high = corners[:, :2], corners[:, 2:]
        numbers.append(torch.full((len(corners),), float(number), device=images.device))
        labels.append(target["labels"].float() - 1)
        boxes.append(torch.cat([(low + high) / 2, high - low], 1) / scale)
        quarter = F.avg_pool2d(target["masks"][:, None].float(), 4)[:, 0] >= 0.5
        masks.append(quarter)
        classes = torch.zeros(height // 4, width // 4, dtype=torch.long, device=images.device)
        for index in quarter.flatten(1).sum(1).argsort(descending=True).tolist():
            classes[quarter[index]] = int(target["labels"][index]) - 1
        pixels.append(classes)
    return {
        "batch_idx": torch.cat(numbers),
        "cls": torch.cat(labels)[:, None],
        "bboxes": torch.cat(boxes),
        "masks": torch.cat(masks).float(),
        "sem_masks": torch.stack(pixels),
    }


def _picked(found: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Boxes, scores, classes and coefficients of the end-to-end head's rows, float (n, 6 + 32)."""
    boxes, scores, labels, weights = found[found[:, 4] > _LEAST_SCORE].split([4, 1, 1, COEFFICIENTS], 1)
    return boxes, scores[:, 0], labels[:, 0].long(), weights


def _suppressed(found: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same of all cells, float (4 + classes + 32, A), after non-maximum suppression class by class."""
    kinds = found.shape[0] - 4 - COEFFICIENTS
    centres, sizes, probabilities, weights = found.T.split([2, 2, kinds, COEFFICIENTS], 1)
    scores, labels = probabilities.max(1)
    likely = (scores > _LEAST_SCORE).nonzero()[:, 0]
    boxes = torch.cat([centres - sizes / 2, centres + sizes / 2], 1)
    kept = likely[batched_nms(boxes[likely], scores[likely], labels[likely], _NMS_IOU)[:_MOST]]
    return boxes[kept], scores[kept], labels[kept], weights[kept]


def _masks(weights: Tensor, prototypes: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Prototypes mixed, enlarged, cut at zero and to the boxes: bool (n, H, W)."""
    if not len(boxes):
        return torch.zeros(0, *size, dtype=torch.bool, device=boxes.device)
    mixed = torch.einsum("nk,khw->nhw", weights, prototypes)
    whole = F.interpolate(mixed[None], size, mode="bilinear", align_corners=False)[0] > 0
    rows = torch.arange(size[0], device=boxes.device)[None, :, None]
    columns = torch.arange(size[1], device=boxes.device)[None, None]
    x0, y0, x1, y1 = (side[:, None, None] for side in boxes.unbind(1))
    return whole & (columns >= x0) & (columns < x1) & (rows >= y0) & (rows < y1)
