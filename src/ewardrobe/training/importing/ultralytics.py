"""Ultralytics' `.pt` segment models (AGPL-3.0). They are pickles: reading one runs whatever code is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.foreign.classes import classes_from
from ewardrobe.segmentation.foreign.ultralytics import GREY, THRESHOLDS
from ewardrobe.segmentation.specs import InputSpec, OutputSpec, is_size
from ewardrobe.training.architectures.interface import InstanceNet
from ewardrobe.training.architectures.yolo import COEFFICIENTS, SegmentationModel, YoloSeg
from ewardrobe.training.importing.interface import Foreign

__all__ = ["open_ultralytics"]

_SIZE = 640
_LICENCE = "AGPL-3.0 License (https://ultralytics.com/license)"


class _Trained(YoloSeg):
    """The network of a checkpoint, of whatever version of YOLO."""

    def __init__(self, model: SegmentationModel) -> None:
        InstanceNet.__init__(self, model.model[-1].nc + 1)
        self.net = model.float()
        self.net.model[-1].dynamic = True


def open_ultralytics(path: Path, name: str) -> Foreign:
    """The network in the checkpoint `path`, whose code is run.

    Raises:
        ModelError: it cannot be read, or is for another task.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # a pickle may fail in any way
        raise ModelError(f"cannot read {path.name}: {' '.join(str(error).split())[:120]}") from None
    held: dict[str, Any] = content if isinstance(content, dict) else {"model": content}
    model = held.get("ema") or held.get("model")
    if not isinstance(model, SegmentationModel):
        raise ModelError(
            f"{path.name} holds a {type(model).__name__}; eWardrobe runs Ultralytics' models for the task 'segment'"
        )
    if getattr(model.model[-1], "nm", None) != COEFFICIENTS:
        raise ModelError(f"{path.name} does not make its masks of {COEFFICIENTS} prototypes")
    net = _Trained(model).eval()
    size = (held.get("train_args") or {}).get("imgsz", _SIZE)
    size = max(size) if isinstance(size, list | tuple) and size else size
    fields = {
        "title": Path(str(model.yaml.get("yaml_file", name))).stem,
        "task": "instance",
        "input": InputSpec("fit", long_side=size if is_size(size) else _SIZE, pad=GREY),
        "mean": net.mean,
        "std": net.std,
        "outputs": {"detections": OutputSpec("detections"), "prototypes": OutputSpec("prototypes", stride=4)},
        "decode": net.decode,
        "thresholds": THRESHOLDS,
        "licence": str(held.get("license") or _LICENCE),
        "source": str(held.get("docs") or "https://docs.ultralytics.com"),
    }
    names = [str(model.names[key]) for key in sorted(model.names)]
    return Foreign(net, fields, classes_from(names, name, background=False))
