"""The engine `diffusion`: a garment's window, enlarged or reduced to what the model works at, painted and laid back.

This is what diffusers does with `padding_mask_crop`, `mask_processor.blur` and `apply_overlay`, done here for every
pipeline (FluxFill has none of them), so that the surroundings never go through the model's autoencoder: where the
mask is 0 the photo's own pixels stay, exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import MissingExtraError
from ewardrobe.restyling.changes import How
from ewardrobe.restyling.diffusion.folders import check_model
from ewardrobe.restyling.diffusion.settings import DiffusionSettings
from ewardrobe.restyling.diffusion.wording import NEGATIVE, sentence, strength_of
from ewardrobe.restyling.engines import Engine, OnStep
from ewardrobe.restyling.mask import Region

if TYPE_CHECKING:
    from ewardrobe.restyling.diffusion.pipeline import InpaintingPipeline

__all__ = ["DiffusionEngine", "working_size"]

Pixels = npt.NDArray[np.uint8]

_PACKAGES = ("torch", "diffusers", "transformers", "accelerate")
_SEEDS = 2**31


class DiffusionEngine(Engine):
    """Paints a garment anew from words; takes every change, colours and patterns less exactly than `recolour`."""

    name = "diffusion"
    inpaints = True
    reads_words = True

    def __init__(self, settings: Mapping[str, object], on_step: OnStep | None = None) -> None:
        """Check the settings; the model is loaded by `load`, or with the first picture.

        Raises:
            UsageError: a setting is unknown or wrong, or no model is named.
            MissingExtraError: PyTorch or diffusers is not installed.
            ModelError: the model's folder is none that diffusers wrote.
        """
        missing = [name for name in _PACKAGES if find_spec(name) is None]
        if missing:
            raise MissingExtraError(
                f'the engine diffusion needs {", ".join(missing)}: pip install "ewardrobe[diffusion]"'
            )
        self.settings = DiffusionSettings.of(settings)
        check_model(self.settings.model)
        self.grow, self.context = self.settings.grow, self.settings.padding
        self.feather = self.settings.blur
        self._on_step = on_step
        self._pipeline: InpaintingPipeline | None = None

    @property
    def details(self) -> dict[str, Any]:  # type: ignore[override]
        """The settings that were given or have a default, the model by its name alone."""
        model = self.settings.model
        name = Path(model).name if Path(model).is_dir() else model
        return {
            key: value for key, value in {**asdict(self.settings), "model": name}.items() if value is not None
        }

    def refusal(self, how: How) -> str | None:
        """It takes everything that words can say."""
        return None

    def load(self) -> None:
        """Load the model; ModelError, in one line, when it is missing, no inpainting model or too large."""
        self._loaded()

    def _loaded(self) -> InpaintingPipeline:
        if self._pipeline is None:
            from ewardrobe.restyling.diffusion.pipeline import InpaintingPipeline

            self._pipeline = InpaintingPipeline(self.settings)
        return self._pipeline

    def change(self, pixels: Pixels, region: Region, how: How, rng: np.random.Generator | None) -> Pixels:
        """See `Engine.change`; ModelError when the model fails, for lack of memory too."""
        return self.change_many([pixels], region, how, [rng])[0]

    def change_many(
        self, pixels: Sequence[Pixels], region: Region, how: How, rngs: Sequence[np.random.Generator | None]
    ) -> list[Pixels]:
        """See `Engine.change_many`: as many at a time as the setting `batch` says."""
        pipeline, settings = self._loaded(), self.settings
        across, down = working_size(
            region.alpha.shape, settings.size or pipeline.native_size, pipeline.multiple
        )
        share = cv2.resize(
            (region.alpha > 0).astype(np.float32), (across, down), interpolation=cv2.INTER_AREA
        )
        hole = share > 0
        seeds = [0 if rng is None else int(rng.integers(_SEEDS)) for rng in rngs]
        made: list[Pixels] = []
        for start in range(0, len(seeds), settings.batch):
            part = slice(start, start + settings.batch)
            made += pipeline.paint(
                [_resized(one, (across, down)) for one in pixels[part]],
                hole,
                sentence(how, region, settings.template),
                negative=settings.negative or NEGATIVE,
                strength=settings.strength or strength_of(how),
                seeds=seeds[part],
                on_step=self._on_step,
            )
        return [_laid(one, new, region.alpha) for one, new in zip(pixels, made, strict=True)]


def working_size(shape: tuple[int, ...], side: int, multiple: int) -> tuple[int, int]:
    """(width, height) in multiples, of the window's shape as nearly as these allow and about `side` squared in area."""
    height, width = shape
    scale = side / math.sqrt(height * width)

    def rounded(length: int) -> int:
        return max(multiple, round(length * scale / multiple) * multiple)

    return rounded(width), rounded(height)


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    smaller = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=way), np.uint8)


def _laid(pixels: Pixels, painted: Pixels, alpha: npt.NDArray[np.float32]) -> Pixels:
    new = _resized(painted, (pixels.shape[1], pixels.shape[0])).astype(np.float32)
    mixed = pixels + alpha[..., None] * (new - pixels)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
