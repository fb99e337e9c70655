"""State dicts of torchvision's Mask R-CNN with ResNet-50: `maskrcnn_resnet50_fpn_v2`, and the first version.

The first version's published weights hold frozen batch norms, which torchvision then runs with an epsilon of 0
(torchvision/models/detection/mask_rcnn.py); norms that were trained keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn
from torchvision.models.detection import maskrcnn_resnet50_fpn

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.foreign.maskrcnn import COCO_CLASSES, coco_classes
from ewardrobe.segmentation.specs import InputSpec, OutputSpec
from ewardrobe.training.architectures.interface import InstanceNet
from ewardrobe.training.architectures.maskrcnn import MaskRCNN
from ewardrobe.training.importing.interface import Foreign, take_all

__all__ = ["FirstMaskRCNN", "is_maskrcnn", "open_maskrcnn"]

_CLASSES = "roi_heads.box_predictor.cls_score.weight"
_FIRST = "roi_heads.box_head.fc6.weight"  # version 2 has convolutions there
_LONG_SIDE = 1067  # torchvision brings the short side to 800: this, for a photo of 3 : 4
# Names up to torchvision 0.12, as torchvision itself renames them.
_RENAMED = (
    (r"(fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$", r"\1.0.\2"),
    (r"(rpn\.head\.conv)\.(weight|bias)$", r"\1.0.0.\2"),
)
_MASK_LAYER = re.compile(r"mask_head\.mask_fcn(\d+)\.")


class FirstMaskRCNN(MaskRCNN):
    """The first version: a plain feature pyramid, two linear layers for boxes.

    Args:
        classes: the background among them.
        frozen: its batch norms were frozen ones.
    """

    def __init__(self, classes: int, frozen: bool) -> None:
        InstanceNet.__init__(self, classes)
        self.net = maskrcnn_resnet50_fpn(
            weights=None, weights_backbone=None, num_classes=classes, box_score_thresh=0.01
        )
        if frozen:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eps = 0.0

    def rename(self, name: str) -> str:
        """The name since torchvision 0.13 of a parameter of any release."""
        for old, new in _RENAMED:
            name = re.sub(old, new, name)
        return _MASK_LAYER.sub(lambda found: f"mask_head.{int(found[1]) - 1}.0.", name)


def is_maskrcnn(state: Mapping[str, Tensor]) -> bool:
    """Whether these are a Mask R-CNN's tensors, whatever their prefix."""
    return any(name.endswith(_CLASSES) for name in state)


def open_maskrcnn(state: Mapping[str, Tensor], source: str, name: str) -> Foreign:
    """The network with the tensors `state`; ModelError where they do not fit."""
    classes = next(len(value) for key, value in state.items() if key.endswith(_CLASSES))
    if classes < 2:
        raise ModelError(f"{source} is a Mask R-CNN of {classes} classes: it finds nothing")
    frozen = not any(key.endswith("num_batches_tracked") for key in state)
    first = any(key.endswith(_FIRST) for key in state)
    net = FirstMaskRCNN(classes, frozen) if first else MaskRCNN(classes)
    take_all(net, state, source)
    kinds = {kind: OutputSpec(kind) for kind in net.outputs}  # type: ignore[arg-type]
    fields = {
        "title": f"Mask R-CNN, ResNet-50 FPN{'' if first else ' v2'}",
        "task": "instance",
        "input": InputSpec("fit", long_side=_LONG_SIDE),
        "mean": net.mean,
        "std": net.std,
        "outputs": kinds,
        "decode": net.decode,
        "licence": "network: BSD-3-Clause; weights: those of their training data",
    }
    return Foreign(net.eval(), fields, coco_classes(name) if classes == COCO_CLASSES else None)
