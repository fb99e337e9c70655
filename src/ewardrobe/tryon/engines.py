"""What puts a garment on a person: our own warp, or a model of others, behind one interface."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from PIL import Image

from ewardrobe.errors import MissingExtraError, ModelError, UsageError
from ewardrobe.imaging import Inpainter, OpenCVInpainter
from ewardrobe.tryon.fitting import fit
from ewardrobe.tryon.pieces import GarmentPiece
from ewardrobe.tryon.scene import Scene

__all__ = ["ENGINES", "Engine", "FashnVton", "WarpEngine", "create_engine"]


class Engine(Protocol):
    """Something that dresses a person in a photo."""

    @property
    def name(self) -> str:
        """What it is called."""

    def dress(self, scene: Scene, piece: GarmentPiece, seed: int) -> Scene:
        """The scene with the person wearing the garment, of the same size; the same seed gives the same picture."""


@dataclass(frozen=True)
class WarpEngine:
    """The garment's own pixels, bent into place (see `fitting`); offline, on the CPU, without weights."""

    inpainter: Inpainter
    name: str = "warp"

    def dress(self, scene: Scene, piece: GarmentPiece, seed: int) -> Scene:
        """See `Engine.dress`; the seed is that of the grain laid over what is made up."""
        return fit(scene, piece, self.inpainter, np.random.default_rng(seed))


_CATEGORIES = {
    "top": "tops",
    "outerwear": "tops",
    "dress": "one-pieces",
    "pants": "bottoms",
    "shorts": "bottoms",
    "skirt": "bottoms",
}


class FashnVton:
    """FASHN VTON 1.5 (Apache-2.0; about 2 GB of weights, made for a GPU), through its own package `fashn_vton`.

    It makes a new picture of the person, not only of the garment; 576 x 864 pixels, stretched to the photo's size.
    """

    name = "fashn-vton-1.5"

    def __init__(self, weights: str | os.PathLike[str] | None) -> None:
        """Load it from its folder of weights; MissingExtraError without the package, ModelError without the weights."""
        if weights is None or not (Path(weights) / "model.safetensors").is_file():
            where = "no folder is given" if weights is None else f"there are none in {weights}"
            raise ModelError(
                f"{self.name} needs its weights, and {where}; load them with its own scripts/download_weights.py"
            )
        try:
            package: Any = import_module("fashn_vton")
        except ImportError:
            raise MissingExtraError(
                f"{self.name} needs the package fashn_vton; install it from github.com/fashn-AI/fashn-vton-1.5"
            ) from None
        try:
            self._pipeline: Any = package.TryOnPipeline(weights_dir=str(weights))
        except Exception as error:  # whatever PyTorch and its libraries raise
            raise ModelError(
                f"{self.name} could not be loaded: {' '.join(str(error).split())[:200]}"
            ) from None

    def dress(self, scene: Scene, piece: GarmentPiece, seed: int) -> Scene:
        """See `Engine.dress`; ModelError when the model fails. The labels stay those of the photo."""
        share = piece.alpha[..., None] / np.float32(255)
        ground = np.rint(piece.pixels * share + 255 * (1 - share)).astype(np.uint8)
        try:
            made = self._pipeline(
                person_image=Image.fromarray(scene.pixels),
                garment_image=Image.fromarray(ground),
                category=_CATEGORIES[piece.label],
                garment_photo_type="flat-lay",
                seed=seed,
            ).images[0]
        except Exception as error:  # a dozen libraries' own kinds, out of memory among them
            raise ModelError(f"{self.name} failed: {' '.join(str(error).split())[:200]}") from None
        size = scene.labels.shape[1], scene.labels.shape[0]
        pixels = cv2.resize(np.asarray(made.convert("RGB")), size, interpolation=cv2.INTER_CUBIC)
        return Scene(np.asarray(pixels, np.uint8), scene.labels, scene.body)


ENGINES: dict[str, Callable[[Inpainter | None, str | os.PathLike[str] | None], Engine]] = {
    "warp": lambda inpainter, _: WarpEngine(inpainter or OpenCVInpainter()),
    "fashn-vton-1.5": lambda _, weights: FashnVton(weights),
}
"""How each engine is made of an inpainter and a folder of weights, by name."""


def create_engine(
    name: str = "warp",
    *,
    inpainter: Inpainter | None = None,
    weights: str | os.PathLike[str] | None = None,
) -> Engine:
    """An engine by name; UsageError when there is none of that name, ModelError when it cannot be loaded."""
    if name not in ENGINES:
        raise UsageError(f"unknown try-on engine {name!r}; there are: {', '.join(ENGINES)}")
    return ENGINES[name](inpainter, weights)
