"""Models that others exported, known by their graphs: what each kind needs to be run as its makers run it.

One module per family, each with a function from a file to its description, or None where the file is not of the family.
"""

from __future__ import annotations

from pathlib import Path

from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.foreign.huggingface import describe_huggingface
from ewardrobe.segmentation.foreign.maskrcnn import describe_maskrcnn
from ewardrobe.segmentation.foreign.modelfile import ModelFile
from ewardrobe.segmentation.foreign.u2net import describe_u2net
from ewardrobe.segmentation.foreign.ultralytics import describe_ultralytics

__all__ = ["recognise"]

_FAMILIES = (describe_ultralytics, describe_huggingface, describe_u2net, describe_maskrcnn)


def recognise(path: Path) -> ModelDescription | None:
    """The description of an ONNX file that carries none, by its graph and what lies beside it; None if it is unknown.

    ModelError where the family is known and something is missing, such as the names of its classes.
    """
    file = ModelFile.read(path)
    return next((found for family in _FAMILIES if (found := family(file)) is not None), None)
