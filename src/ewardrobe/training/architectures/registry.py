"""The architectures by name. Their modules, and PyTorch with them, are imported when one is used."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from ewardrobe.errors import MissingExtraError, UsageError
from ewardrobe.training.config import validated

if TYPE_CHECKING:
    from ewardrobe.training.architectures.interface import InstanceNet, SemanticNet

__all__ = ["ARCHITECTURES", "Architecture", "ModelOptions", "create_model"]


class ModelOptions(BaseModel):
    """An architecture's own options, the `model:` section of a config.

    `weights`: what training starts from. None: random numbers; otherwise a file (`.safetensors`, `.pth`, `.pt`,
    `.onnx`), or a name that the architecture knows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: str | None = None


@dataclass(frozen=True)
class Architecture:
    """An entry of the registry.

    Attributes:
        tasks: what it can be trained for: "semantic", "matting", "instance".
        entry: `module:class` in this package; the module's `Options` are the keyword arguments of the class.
        licence: of the code that defines the network; published weights have their own.
        paper: where it is described.
        extra: what to install for it, as in `pip install "ewardrobe[extra]"`.
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    entry: str
    licence: str
    paper: str
    extra: str = "train"

    @property
    def options(self) -> type[ModelOptions]:
        """The options it takes; MissingExtraError when its packages are not installed."""
        return self._module().Options

    def load(self) -> type[SemanticNet] | type[InstanceNet]:
        """The network's class; MissingExtraError when its packages are not installed."""
        return getattr(self._module(), self.entry.partition(":")[2])

    def _module(self) -> Any:
        try:
            return importlib.import_module(f"{__package__}.{self.entry.partition(':')[0]}")
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("ewardrobe"):
                raise
            raise MissingExtraError(
                f"{self.name} needs {error.name}, which is not installed: "
                f'pip install "ewardrobe[{self.extra}]"'
            ) from None


_ALL = (
    Architecture(
        "lite-fpn",
        "EfficientNet-Lite with a separable feature pyramid, the default model's",
        ("semantic",),
        "lite_fpn:LiteFPN",
        "Apache-2.0",
        "arXiv 1905.11946, 1612.03144",
    ),
    Architecture(
        "segformer",
        "SegFormer B0 to B5",
        ("semantic", "matting"),
        "segformer:SegFormer",
        "Apache-2.0",
        "arXiv 2105.15203",
    ),
    Architecture("u2net", "U²-Net", ("semantic", "matting"), "u2net:U2Net", "Apache-2.0", "arXiv 2005.09007"),
    Architecture(
        "u2netp", "U²-Net, small", ("semantic", "matting"), "u2net:U2NetP", "Apache-2.0", "arXiv 2005.09007"
    ),
    Architecture("unet", "U-Net", ("semantic", "matting"), "unet:Unet", "MIT", "arXiv 1505.04597"),
    Architecture(
        "deeplabv3plus",
        "DeepLabV3+",
        ("semantic", "matting"),
        "deeplabv3plus:DeepLabV3Plus",
        "MIT",
        "arXiv 1802.02611",
    ),
    Architecture(
        "maskrcnn",
        "Mask R-CNN, ResNet-50 FPN v2",
        ("instance",),
        "maskrcnn:MaskRCNN",
        "BSD-3-Clause",
        "arXiv 1703.06870, 2111.11429",
    ),
    Architecture(
        "yolo",
        "YOLO11-seg and YOLO26-seg by Ultralytics",
        ("instance",),
        "yolo:YoloSeg",
        "AGPL-3.0",
        "docs.ultralytics.com",
        "yolo",
    ),
    Architecture(
        "rfdetr", "RF-DETR-Seg", ("instance",), "rfdetr:RFDETRSeg", "Apache-2.0", "arXiv 2511.09554", "rfdetr"
    ),
)
ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({item.name: item for item in _ALL})


def create_model(name: str, classes: int, **options: Any) -> SemanticNet | InstanceNet:
    """Make the architecture `name`, with random weights unless `weights` says otherwise.

    Args:
        name: one of `ARCHITECTURES`.
        classes: of the taxonomy, the background among them; 1 for matting.
        options: see the `Options` of the architecture's module.

    Raises:
        UsageError: there is no architecture or option of that name, or a value is of the wrong kind.
        MissingExtraError: the packages it needs are not installed.
        ModelError: `weights` cannot be read or do not fit.
    """
    if name not in ARCHITECTURES:
        near = difflib.get_close_matches(name, ARCHITECTURES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"no architecture {name!r}: {hint}choose from {', '.join(ARCHITECTURES)}")
    architecture = ARCHITECTURES[name]
    checked = validated(architecture.options, options, f"options of {name}")
    return architecture.load()(classes, **dict(checked))
