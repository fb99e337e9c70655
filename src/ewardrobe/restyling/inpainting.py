"""Filling a hole in a photo: by OpenCV (see `imaging.inpainting`), or by a neural network from an ONNX file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ewardrobe.errors import ModelError
from ewardrobe.imaging.inpainting import Inpainter, Mask, OpenCVInpainter, Pixels
from ewardrobe.segmentation.session import one_line, open_session

__all__ = ["Inpainter", "OnnxInpainter", "OpenCVInpainter"]


class OnnxInpainter:
    """A network that takes `image` uint8 (1, 3, H, W) and `mask` uint8 (1, 1, H, W), 0 in the hole and 255 elsewhere.

    It gives uint8 (1, 3, H, W) of the same size. MI-GAN's pipeline export (Sargsyan et al., ICCV 2023) is of this kind.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int | None = None) -> None:
        """Load the file; ModelError when it is missing, or takes or gives something else."""
        file = Path(path)
        if not file.is_file():
            raise ModelError(f"{file}: there is no such file; give an ONNX inpainter's")
        self.name = file.name
        self._session: Any = open_session(file, threads, ["CPUExecutionProvider"])
        inputs = {item.name: item for item in self._session.get_inputs()}
        wanted = {"image": 3, "mask": 1}
        if set(inputs) != set(wanted) or any(
            inputs[name].type != "tensor(uint8)" or len(inputs[name].shape) != 4 for name in wanted
        ):
            raise ModelError(
                f"{file.name} is no inpainter of the kind that is known: one takes image and mask, uint8 (1, 3, H, W) "
                "and (1, 1, H, W)"
            )

    def fill(self, pixels: Pixels, hole: Mask, rng: np.random.Generator) -> Pixels:
        """See `imaging.Inpainter.fill`; ModelError when the network fails on this photo."""
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        mask = np.where(hole, 0, 255).astype(np.uint8)[None, None]
        try:
            made = self._session.run(None, {"image": image, "mask": mask})[0]
        except Exception as error:  # onnxruntime raises a dozen kinds, all directly under Exception
            raise ModelError(f"{self.name} failed on this photo: {one_line(error)}") from None
        if made.shape != image.shape or made.dtype != np.uint8:
            raise ModelError(f"{self.name} gave {made.dtype} {made.shape}, not uint8 {image.shape}")
        return np.ascontiguousarray(made[0].transpose(1, 2, 0))
