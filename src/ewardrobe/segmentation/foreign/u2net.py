"""U²-Net and IS-Net as rembg runs them: background removal, and the three garment regions of `u2net_cloth_seg`.

Mean, standard deviation and size are those of rembg's sessions (https://github.com/danielgatis/rembg, rembg/sessions),
the output's lowest value becomes 0 and its highest 1. Three things differ: rembg divides by the photo's own
brightest value, where 255 is meant, and resizes with Lanczos; and it normalises `u2net_cloth_seg` with ImageNet's mean,
where it was trained with (x / 255 - 0.5) / 0.5 (https://github.com/levindabhi/cloth-segmentation).
"""

from __future__ import annotations

from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.foreign.modelfile import ModelFile
from ewardrobe.segmentation.specs import InputSpec, OutputSpec

__all__ = ["CLOTH_CLASSES", "CLOTH_SIZE", "HALF", "describe_u2net"]

_SIDE = "side1.weight"  # the first of the side outputs that both nets have, and nothing else does
_NAMES = ("u2net", "isnet")  # in the file's name, where an optimiser has renamed the weights
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
_ONES = (1.0, 1.0, 1.0)
_LARGE = 1024  # IS-Net's size
CLOTH_SIZE, CLOTH_CLASSES = 768, 4


def describe_u2net(file: ModelFile) -> ModelDescription | None:
    """The description of a U²-Net or IS-Net, None for any other file."""
    output, channels = file.first_output()
    is_known = any(name == _SIDE or name.endswith(f".{_SIDE}") for name in file.graph.weights)
    is_known = is_known or any(name in file.name.lower() for name in _NAMES)
    if not is_known or file.image is None or len(channels) != 4:
        return None
    name, shape = file.image
    if len(shape) != 4 or shape[2] is None or shape[2] != shape[3]:
        return None
    side = shape[2]
    size = InputSpec("stretch", height=side, width=side, name=name)
    if channels[1] == CLOTH_CLASSES and side == CLOTH_SIZE:
        return ModelDescription(
            name=file.name,
            title="U²-Net cloth segmentation",
            taxonomy="u2net-cloth",
            input=size,
            mean=HALF,
            std=HALF,
            outputs={output: OutputSpec("logits", stride=1)},
        )
    if channels[1] != 1:
        return None
    if side < _LARGE:
        title, mean, std = "U²-Net", _MEAN, _STD
    elif "anime" in file.name.lower():
        title, mean, std = "IS-Net for drawings", _MEAN, _ONES
    else:
        title, mean, std = "IS-Net", HALF, _ONES
    return ModelDescription(
        name=file.name,
        title=title,
        task="matting",
        taxonomy="foreground",
        input=size,
        mean=mean,
        std=std,
        outputs={output: OutputSpec("alpha", stride=1, activation="minmax")},
    )
