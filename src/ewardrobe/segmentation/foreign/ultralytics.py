"""Ultralytics' segment models (YOLOv8, YOLO11, YOLO26, ...), exported with `yolo export format=onnx`.

They say what they are in their metadata: `task`, `names`, `imgsz`, `license`
(https://docs.ultralytics.com/integrations/onnx/). A photo goes in letterboxed, with grey 114 around it.
"""

from __future__ import annotations

import ast
from typing import Any

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.foreign.classes import classes_from
from ewardrobe.segmentation.foreign.modelfile import ModelFile
from ewardrobe.segmentation.specs import InputSpec, OutputSpec, is_size

__all__ = ["GREY", "THRESHOLDS", "describe_ultralytics"]

GREY = (114 / 255,) * 3
"""Around a photo, RGB in 0..1."""
THRESHOLDS = {"score": 0.25, "nms_iou": 0.7}
"""`conf` and `iou` of `yolo predict`."""


def describe_ultralytics(file: ModelFile) -> ModelDescription | None:
    """The description of an Ultralytics model, None for any other file; ModelError for one of another task."""
    about = file.metadata
    if not {"task", "names", "imgsz"} <= set(about) or file.image is None:
        return None
    if about["task"] != "segment":
        raise ModelError(
            f"{file.path.name} is an Ultralytics model for the task {about['task']!r}; eWardrobe runs 'segment' ones"
        )
    names = _literal(file, "names")
    names = [names[key] for key in sorted(names)] if isinstance(names, dict) else names
    size = _literal(file, "imgsz")
    size = [size, size] if isinstance(size, int) else size
    if (
        not isinstance(names, list)
        or not isinstance(size, list)
        or not all(map(is_size, size))
        or len(size) != 2
    ):
        raise ModelError(f"{file.path.name} has metadata that are not Ultralytics': names or imgsz")
    name, shape = file.image
    height, width = (fixed or wanted for fixed, wanted in zip(shape[2:], size, strict=False))
    ranks = {len(given): output for output, given in file.graph.outputs.items()}
    if 3 not in ranks or 4 not in ranks:
        raise ModelError(
            f"{file.path.name} has no prototypes of masks among its outputs: {', '.join(file.graph.outputs)}"
        )
    return ModelDescription(
        name=file.name,
        title=about.get("description", "").removeprefix("Ultralytics ").split(" trained")[0] or file.name,
        task="instance",
        input=InputSpec("letterbox", height=height, width=width, pad=GREY, name=name),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        outputs={ranks[3]: OutputSpec("detections"), ranks[4]: OutputSpec("prototypes", stride=4)},
        decode="yolo-seg",
        thresholds=THRESHOLDS,
        licence=about.get("license", ""),
        source=about.get("docs", ""),
        **classes_from([str(item) for item in names], file.name, background=False),
    )


def _literal(file: ModelFile, key: str) -> Any:
    """A metadata entry, which is a Python literal."""
    try:
        return ast.literal_eval(file.metadata[key])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ModelError(f"{file.path.name} has metadata {key!r} that cannot be read") from None
