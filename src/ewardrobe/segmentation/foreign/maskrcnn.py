"""torchvision's Mask R-CNN, exported whole with `torch.onnx.export`.

The graph normalises and resizes by itself: a photo goes in as RGB in 0..1, with or without a batch dimension, and
boxes, labels, scores and masks (n, 1, H, W) of the input's size come out, in this order. The classes' names are not in
the file: a net of 91 classes is taken for the published one, trained on COCO; for another, `config.json` beside it
gives them as `id2label`, from 0, the background, on.
"""

from __future__ import annotations

from typing import Any

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.foreign.classes import classes_from, names_from_id2label
from ewardrobe.segmentation.foreign.modelfile import ModelFile
from ewardrobe.segmentation.specs import InputSpec, OutputKind, OutputSpec

__all__ = ["COCO_CLASSES", "coco_classes", "describe_maskrcnn"]

_HEAD = "roi_heads.box_predictor.cls_score.weight"
_KINDS: tuple[OutputKind, ...] = ("boxes", "labels", "box_scores", "masks")
_RANKS = [2, 1, 1, 4]
_LONG_SIDE = 1024  # masks come at the input's size, a hundred of them
_COCO_IDS = 90
COCO_CLASSES = _COCO_IDS + 1
"""Of the published network, the background among them."""
_UNUSED = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
_COCO = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,"
    "snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,"
    "fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,"
    "refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)


def describe_maskrcnn(file: ModelFile) -> ModelDescription | None:
    """The description of an exported Mask R-CNN, None for any other file; ModelError if its classes have no names."""
    head = next((shape for name, shape in file.graph.weights.items() if name.endswith(_HEAD)), None)
    if head is None or file.image is None:
        return None
    shapes = list(file.graph.outputs.values())
    if len(shapes) != len(_KINDS) or any(
        shape and len(shape) != rank for shape, rank in zip(shapes, _RANKS, strict=True)
    ):
        return None
    name, shape = file.image
    fixed = shape[-2:] if len(shape) >= 3 and shape[-1] and shape[-2] else None
    layout = "CHW" if len(shape) == 3 else "NCHW"
    if fixed is not None:
        size = InputSpec("letterbox", height=fixed[0], width=fixed[1], name=name, layout=layout)
    else:
        size = InputSpec("fit", long_side=_LONG_SIDE, name=name, layout=layout)
    return ModelDescription(
        name=file.name,
        title="Mask R-CNN",
        task="instance",
        input=size,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        outputs={output: OutputSpec(kind) for output, kind in zip(file.graph.outputs, _KINDS, strict=True)},
        decode="boxes-masks",
        **_classes(file, head[0] or 0),
    )


def _classes(file: ModelFile, count: int) -> dict[str, Any]:
    config = file.neighbour("config.json")
    if config is not None:
        names = names_from_id2label(config, f"config.json beside {file.path.name}")
        if len(names) != count:
            raise ModelError(
                f"config.json beside {file.path.name} names {len(names)} classes; the graph has {count}"
            )
        return classes_from(names[1:], file.name, background=False)
    if count != COCO_CLASSES:
        raise ModelError(
            f"{file.path.name} is a Mask R-CNN of {count} classes and does not name them; put a config.json with "
            "id2label beside it, or give a description"
        )
    return coco_classes(file.name)


def coco_classes(model: str) -> dict[str, Any]:
    """The fields `taxonomy`, `classes` and `labels` of the description of `model`, a net of COCO's 91 categories.

    Ten of them are in no annotation; they become the background.
    """
    used = [number for number in range(1, _COCO_IDS + 1) if number not in _UNUSED]
    labels = tuple(used.index(number) + 1 if number in used else 0 for number in range(1, _COCO_IDS + 1))
    return {**classes_from(_COCO.split(","), model, background=False), "labels": labels}
