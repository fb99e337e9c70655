"""The door in: networks that others trained in PyTorch, as ONNX files that describe themselves.

One module per family, each with a function from files to a `Foreign`: the network with its weights, and what is known
of it. What else a description needs comes from the user (`describing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ewardrobe.training.exporting import Exported, write_checked
from ewardrobe.training.importing.describing import describe
from ewardrobe.training.importing.opening import open_foreign

__all__ = ["import_model"]


def import_model(
    source: str,
    path: Path,
    *,
    classes: str | None = None,
    description: Path | None = None,
    size: int | None = None,
    allow_pickle: bool = False,
    photos: Sequence[NDArray[np.uint8]] = (),
    half: bool = False,
) -> Exported:
    """Write somebody else's network to the ONNX file `path`, with a description, compared with PyTorch on `photos`.

    Args:
        source: the folder or the hub's `owner/name` of a SegFormer of Hugging Face transformers; a state dict of
            torchvision's Mask R-CNN (ResNet-50 FPN, v1 or v2) or of a U²-Net; an Ultralytics `.pt` segment model.
        classes: a taxonomy's name, or a file with the names of the classes in their order, one per line, with or
            without the background; `.json`: with `id2label`.
        description: a description in JSON, in place of `classes`; the outputs are the network's, whatever it says.
        size: the long side, or the height and the width, in pixels, that the file is made for; None: its maker's.
        allow_pickle: run the code that is in an Ultralytics `.pt`.
        photos: uint8 (H, W, 3) each; without any, it is compared on noise.
        half: store the weights as float16.

    Raises:
        UsageError: a pickle without `allow_pickle`, or options that do not go together.
        ModelError: the source cannot be read or is of no known family, its classes have no names, or the graph does
            not compute what the network does. Nothing is written then.
        MissingExtraError: Ultralytics is not installed.
    """
    name, foreign = open_foreign(source, allow_pickle=allow_pickle)
    about = describe(foreign, name, classes=classes, description=description, size=size)
    return write_checked(foreign.net, path, about, photos, half=half)
