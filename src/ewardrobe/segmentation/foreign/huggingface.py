"""Semantic models of Hugging Face transformers, exported with Optimum: SegFormer, and what has the same in and out.

The graph has `pixel_values` and `logits`; `config.json` (the classes) and `preprocessor_config.json` (size, mean and
standard deviation) lie beside it or, in a hub's layout, one folder up. A graph of 18 classes without them is taken for
`mattmdjaga/segformer_b2_clothes` or one of its sisters, which share them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.foreign.classes import classes_from, is_background, names_from_id2label
from ewardrobe.segmentation.foreign.modelfile import ModelFile
from ewardrobe.segmentation.specs import InputSpec, OutputSpec, are_numbers, is_size

__all__ = ["LICENCE", "Preprocessing", "describe_huggingface", "read_preprocessing"]

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SIZE = 512
_CLOTHES = "segformer-clothes"
_CLOTHES_CLASSES = 18
LICENCE = (
    "stated on its model card; SegFormer's pretrained encoders are under NVIDIA's non-commercial licence"
)


class Preprocessing(NamedTuple):
    """What is done to a photo: stretched to height x width pixels; mean and std of RGB in 0..1."""

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def describe_huggingface(file: ModelFile) -> ModelDescription | None:
    """The description of an exported semantic model of transformers, None for any other file."""
    shape = file.graph.outputs.get("logits", ())
    if "pixel_values" not in file.graph.inputs or len(shape) != 4:
        return None
    config = file.neighbour("config.json")
    if config is not None:
        names = names_from_id2label(config, f"config.json beside {file.path.name}")
        if not is_background(names[0]):
            raise ModelError(
                f"{file.path.name}: class 0 is {names[0]!r}; only models with a background are run"
            )
        classes = classes_from(names, file.name, background=True)
    elif shape[1] == _CLOTHES_CLASSES:
        classes = {"taxonomy": _CLOTHES}
    else:
        raise ModelError(
            f"{file.path.name} is a transformers export without its config.json, which names its classes; put it "
            "beside the file, or give a description"
        )
    made = file.neighbour("preprocessor_config.json") or {}
    image = file.graph.inputs["pixel_values"]
    fixed = (image[2], image[3]) if len(image) == 4 and image[2] and image[3] else None
    where = f"preprocessor_config.json beside {file.path.name}"
    (height, width), mean, std = read_preprocessing(made, where, fixed)
    return ModelDescription(
        name=file.name,
        input=InputSpec("stretch", height=height, width=width, name="pixel_values"),
        mean=mean,
        std=std,
        outputs={"logits": OutputSpec("logits", stride=4)},
        licence=LICENCE,
        **classes,
    )


def read_preprocessing(
    made: dict[str, Any], where: str, fixed: tuple[int, int] | None = None
) -> Preprocessing:
    """What a `preprocessor_config.json`, called `where`, says; SegFormer's own numbers for what it leaves out.

    `fixed`: the (height, width) of a graph that takes no other. ModelError where a value makes no sense.
    """
    size: Any = made.get("size", _SIZE)
    if isinstance(size, dict):
        edge = size.get("shortest_edge", _SIZE)
        height, width = size.get("height", edge), size.get("width", edge)
    else:
        height = width = size
    if fixed is not None:
        height, width = fixed
    if not (isinstance(height, int) and isinstance(width, int) and is_size(height) and is_size(width)):
        raise ModelError(f"{where} has the size {size!r}")
    if made.get("do_normalize") is False:
        return Preprocessing((height, width), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    mean, std = _numbers(made, "image_mean", _MEAN, where), _numbers(made, "image_std", _STD, where)
    return Preprocessing((height, width), mean, std)


def _numbers(
    made: dict[str, Any], key: str, otherwise: tuple[float, float, float], where: str
) -> tuple[float, float, float]:
    given = made.get(key, otherwise)
    if not isinstance(given, list | tuple) or not are_numbers(given):
        raise ModelError(f"{where} has {key} {given!r}")
    return given[0], given[1], given[2]
