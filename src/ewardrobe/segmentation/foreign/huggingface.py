"""Semantic models of Hugging Face transformers, exported with Optimum: SegFormer, and what has the same in and out.

The graph has `pixel_values` and `logits`; `config.json` (the classes) and `preprocessor_config.json` (size, mean and
standard deviation) lie beside it or, in a hub's layout, one folder up. A graph of 18 classes without them is taken for
`mattmdjaga/segformer_b2_clothes` or one of its sisters, which share them.
"""

from __future__ import annotations

from typing import Any

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.foreign.classes import classes_from, is_background, names_from_id2label
from ewardrobe.segmentation.foreign.modelfile import ModelFile
from ewardrobe.segmentation.specs import InputSpec, OutputSpec, are_numbers, is_size

__all__ = ["describe_huggingface"]

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SIZE = 512
_CLOTHES = "segformer-clothes"
_CLOTHES_CLASSES = 18
_LICENCE = (
    "stated on its model card; SegFormer's pretrained encoders are under NVIDIA's non-commercial licence"
)


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
    height, width = _size(made, file)
    plain = made.get("do_normalize") is False
    return ModelDescription(
        name=file.name,
        input=InputSpec("stretch", height=height, width=width, name="pixel_values"),
        mean=(0.0, 0.0, 0.0) if plain else _numbers(made, "image_mean", _MEAN, file),
        std=(1.0, 1.0, 1.0) if plain else _numbers(made, "image_std", _STD, file),
        outputs={"logits": OutputSpec("logits", stride=4)},
        licence=_LICENCE,
        **classes,
    )


def _size(made: dict[str, Any], file: ModelFile) -> tuple[int, int]:
    size: Any = made.get("size", _SIZE)
    if isinstance(size, dict):
        edge = size.get("shortest_edge", _SIZE)
        height, width = size.get("height", edge), size.get("width", edge)
    else:
        height = width = size
    fixed = file.graph.inputs["pixel_values"]
    if len(fixed) == 4 and fixed[2] and fixed[3]:
        height, width = fixed[2:]
    if not (isinstance(height, int) and isinstance(width, int) and is_size(height) and is_size(width)):
        raise ModelError(f"preprocessor_config.json beside {file.path.name} has the size {size!r}")
    return height, width


def _numbers(
    made: dict[str, Any], key: str, otherwise: tuple[float, float, float], file: ModelFile
) -> tuple[float, float, float]:
    given = made.get(key, otherwise)
    if not isinstance(given, list | tuple) or not are_numbers(given):
        raise ModelError(f"preprocessor_config.json beside {file.path.name} has {key} {given!r}")
    return given[0], given[1], given[2]
