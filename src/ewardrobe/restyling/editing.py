"""`restyle`: a photo and a prompt to a photo in which nothing but the named garments has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import UsageError
from ewardrobe.imaging import Photo, PhotoSource
from ewardrobe.restyling.changes import Change, Remove
from ewardrobe.restyling.engines import Engine, Options, create_engine
from ewardrobe.restyling.inpainting import OnnxInpainter, OpenCVInpainter
from ewardrobe.restyling.mask import Region, find_region
from ewardrobe.restyling.prompt import parse_prompt
from ewardrobe.restyling.saving import SCHEMA_VERSION, save_like
from ewardrobe.restyling.targets import find_garments
from ewardrobe.segmentation import Garment, Segmentation, Segmenter, segment

__all__ = ["Restyled", "Restyler", "restyle"]

_HOLE = 0.03  # of the garment's size: what is removed takes its edge along
_CONTEXT = 0.6  # of the garment's size: what an inpainter sees around a hole
_BODY_WEAR = frozenset({"top", "dress", "pants", "shorts", "skirt", "legwear"})


@dataclass(frozen=True, eq=False)
class Restyled:
    """A changed photo.

    `pixels` is uint8 (H, W, 3) sRGB, upright as `photo.pixels`, and equal to it wherever `mask`, float32 (H, W) in
    0..1, is 0. `done` says in words what was changed, `provenance` as plain data what made the picture.
    """

    photo: Photo
    pixels: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.float32]
    done: tuple[str, ...]
    provenance: dict[str, Any]

    @property
    def image(self) -> Image.Image:
        """The picture, RGB."""
        return Image.fromarray(self.pixels)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a PNG of the original file's size, orientation and colour profile, with the provenance in it."""
        return save_like(self.photo, self.pixels, self.mask > 0, self.provenance, Path(path))


class Restyler:
    """A parsed prompt and an engine, ready for many photos.

    Examples:
        >>> from ewardrobe.restyling import Restyler
        >>> [str(change) for change in Restyler("make the shirt red").changes]
        ['shirt → red']
    """

    def __init__(
        self,
        prompt: str,
        *,
        garment: str | None = None,
        engine: str = "recolour",
        inpainter: str | os.PathLike[str] | None = None,
    ) -> None:
        """Parse the prompt and load the engine; UsageError, in one line, for what is not understood or not possible.

        `garment` names the garment where the prompt names none. `inpainter`: an ONNX file that fills in what is
        removed; None: OpenCV. ModelError when that file is missing or no inpainter.
        """
        self.prompt = prompt
        self.changes: Sequence[Change] = parse_prompt(prompt, garment=garment)
        self._filler = OpenCVInpainter() if inpainter is None else OnnxInpainter(inpainter)
        self._engine: Engine = create_engine(engine, Options(self._filler))
        for change in self.changes:
            refusal = self._engine.refusal(change.how)
            if refusal is not None:
                raise UsageError(f"the engine {self._engine.name} {refusal}")

    def restyle(self, segmentation: Segmentation, *, seed: int = 0) -> Restyled:
        """The segmented photo changed; UsageError when a garment of the prompt is not in it.

        The same seed gives the same picture. Seed 0 is what the prompt says to the letter; others vary the shade of a
        named colour and the place and width of a pattern.
        """
        photo = segmentation.photo
        chosen = [(change, find_garments(segmentation, change.target)) for change in self.changes]
        _check_removals(chosen)
        pixels, mask = photo.pixels.copy(), np.zeros((photo.height, photo.width), np.float32)
        done = []
        for number, (change, garments) in enumerate(chosen):
            for garment in garments:
                region = _region(segmentation, garment, change)
                rng = None if seed == 0 else np.random.default_rng([seed, number])
                made = self._engine.change(pixels[region.window], region, change.how, rng)
                touched = region.alpha > 0
                pixels[region.window][touched] = made[touched]
                np.maximum(mask[region.window], region.alpha, out=mask[region.window])
            done.append(_said(change, garments))
        pixels.setflags(write=False)
        return Restyled(photo, pixels, mask, tuple(done), self._provenance(segmentation, mask, done, seed))

    def _provenance(
        self, segmentation: Segmentation, mask: npt.NDArray[np.float32], done: Sequence[str], seed: int
    ) -> dict[str, Any]:
        from ewardrobe import __version__

        levels = np.rint(mask * 255).astype(np.uint8)
        return {
            "schema_version": SCHEMA_VERSION,
            "made_by": f"ewardrobe {__version__}",
            "prompt": self.prompt,
            "changes": list(done),
            "engine": self._engine.name,
            "inpainter": self._filler.name if any(isinstance(c.how, Remove) for c in self.changes) else None,
            "seed": seed,
            "model": segmentation.model,
            "photo_sha256": segmentation.photo.sha256,
            "mask_sha256": hashlib.sha256(f"{mask.shape}".encode() + levels.tobytes()).hexdigest(),
        }


def restyle(
    photo: PhotoSource | Photo | Segmentation,
    prompt: str,
    *,
    garment: str | None = None,
    engine: str = "recolour",
    seed: int = 0,
    model: str | os.PathLike[str] | Segmenter = "default",
    inpainter: str | os.PathLike[str] | None = None,
) -> Restyled:
    """Change garments in a photo by prompt, and nothing else.

    `photo`: what `open_photo` takes, or a photo that is segmented already. `garment` names the garment where the prompt
    names none; `inpainter` is an ONNX file that fills in what is removed.

    Raises:
        UsageError: the prompt is not understood, the engine cannot meet it, or the garment is not in the photo.
        PhotoError, ModelError: the photo or the model cannot be opened.

    Examples:
        >>> import ewardrobe
        >>> ewardrobe.restyle("photo.jpg", "make the shirt red").save("red.png")  # doctest: +SKIP
    """
    restyler = Restyler(prompt, garment=garment, engine=engine, inpainter=inpainter)
    if not isinstance(photo, Segmentation):
        photo = model.segment(photo) if isinstance(model, Segmenter) else segment(photo, model)
    return restyler.restyle(photo, seed=seed)


def _region(segmentation: Segmentation, garment: Garment, change: Change) -> Region:
    if isinstance(change.how, Remove):
        return find_region(segmentation, garment, grow=_HOLE, context=_CONTEXT)
    return find_region(segmentation, garment)


def _check_removals(chosen: Sequence[tuple[Change, tuple[Garment, ...]]]) -> None:
    """What is under a worn shirt is in no photo: nothing around it could fill it in."""
    for change, garments in chosen:
        bare = [item.label for item in garments if item.person is not None and item.label in _BODY_WEAR]
        if isinstance(change.how, Remove) and bare:
            raise UsageError(
                f"a worn {bare[0]} cannot be removed: what is under it is not in the photo; hats, bags, belts and the "
                "like can"
            )


def _said(change: Change, garments: Sequence[Garment]) -> str:
    labels = [garment.label for garment in garments]
    counted = [
        label if labels.count(label) == 1 else f"{label} ({labels.count(label)} of them)"
        for label in dict.fromkeys(labels)
    ]
    return f"{', '.join(counted)} → {change.how}"
