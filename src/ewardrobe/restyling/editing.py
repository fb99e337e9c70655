"""`restyle`: a photo and a prompt to a photo in which nothing but the named garments has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import UsageError
from ewardrobe.imaging import Photo, PhotoSource
from ewardrobe.restyling.changes import Change, Remove
from ewardrobe.restyling.choosing import AUTO, Step, plan
from ewardrobe.restyling.engines import Engine, OnStep, Options
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
    """A parsed prompt and its engines, ready for many photos.

    `steps` are the changes, each with the engine that makes it and why, before any photo is touched.

    Examples:
        >>> from ewardrobe.restyling import Restyler
        >>> [str(step) for step in Restyler("make the shirt red").steps]
        ['shirt → red by recolour']
    """

    def __init__(
        self,
        prompt: str,
        *,
        garment: str | None = None,
        engine: str = AUTO,
        inpainter: str | os.PathLike[str] | None = None,
        settings: Mapping[str, object] | None = None,
        on_step: OnStep | None = None,
    ) -> None:
        """Parse the prompt and choose the engines; UsageError, in one line, for what is not understood or not possible.

        `garment` names the garment where the prompt names none. `engine`: a name, or `auto`, the first that can.
        `inpainter`: an ONNX file that fills in what is removed; None: OpenCV. `settings`: the engine's own, such as
        `{"model": "folder"}` for `diffusion`. `on_step` is called with the steps done and all steps of a picture.
        ModelError when a file or a model is missing; MissingExtraError when the named engine's packages are.
        """
        self.prompt = prompt
        self._filler = OpenCVInpainter() if inpainter is None else OnnxInpainter(inpainter)
        options = Options(self._filler, settings or {}, on_step)
        self.steps: tuple[Step, ...] = plan(engine, parse_prompt(prompt, garment=garment), options)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is changed."""
        return tuple(step.change for step in self.steps)

    def load(self) -> None:
        """Load the engines' models now instead of at the first photo; ModelError."""
        for step in self.steps:
            step.engine.load()

    def restyle(self, segmentation: Segmentation, *, seed: int = 0) -> Restyled:
        """The segmented photo changed; UsageError when a garment of the prompt is not in it.

        The same seed gives the same picture. With `recolour`, seed 0 is what the prompt says to the letter; others vary
        the shade of a named colour and the place and width of a pattern.
        """
        return self.restyle_many(segmentation, [seed])[0]

    def restyle_many(self, segmentation: Segmentation, seeds: Sequence[int]) -> list[Restyled]:
        """A picture for each seed; an engine may make several at a time."""
        photo = segmentation.photo
        chosen = [(step, find_garments(segmentation, step.change.target)) for step in self.steps]
        _check_removals(chosen)
        pictures = [photo.pixels.copy() for _ in seeds]
        mask = np.zeros((photo.height, photo.width), np.float32)
        done = []
        for number, (step, garments) in enumerate(chosen):
            for garment in garments:
                region = _region(segmentation, garment, step.change, step.engine)
                touched = region.alpha > 0
                views = [pixels[region.window] for pixels in pictures]
                rngs = [None if seed == 0 else np.random.default_rng([seed, number]) for seed in seeds]
                for view, made in zip(
                    views, step.engine.change_many(views, region, step.change.how, rngs), strict=True
                ):
                    view[touched] = made[touched]
                np.maximum(mask[region.window], region.alpha, out=mask[region.window])
            done.append(_said(step.change, garments))
        for pixels in pictures:
            pixels.setflags(write=False)
        return [
            Restyled(photo, pixels, mask, tuple(done), self._provenance(segmentation, mask, done, seed))
            for pixels, seed in zip(pictures, seeds, strict=True)
        ]

    def _provenance(
        self, segmentation: Segmentation, mask: npt.NDArray[np.float32], done: Sequence[str], seed: int
    ) -> dict[str, Any]:
        from ewardrobe import __version__

        levels = np.rint(mask * 255).astype(np.uint8)
        engines = {step.engine.name: step.engine for step in self.steps}
        settings = {name: dict(engine.details) for name, engine in engines.items() if engine.details}
        return {
            "schema_version": SCHEMA_VERSION,
            "made_by": f"ewardrobe {__version__}",
            "prompt": self.prompt,
            "changes": list(done),
            "engine": ", ".join(engines),
            **({"settings": settings} if settings else {}),
            "inpainter": self._filler.name if any(map(_uses_filler, self.steps)) else None,
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
    engine: str = AUTO,
    seed: int = 0,
    model: str | os.PathLike[str] | Segmenter = "default",
    inpainter: str | os.PathLike[str] | None = None,
    settings: Mapping[str, object] | None = None,
) -> Restyled:
    """Change garments in a photo by prompt, and nothing else.

    `photo`: what `open_photo` takes, or a photo that is segmented already. `garment` names the garment where the prompt
    names none; `inpainter` is an ONNX file that fills in what is removed; `engine` and `settings`: see `Restyler`.

    Raises:
        UsageError: the prompt is not understood, no engine can meet it, or the garment is not in the photo.
        PhotoError, ModelError: the photo or a model cannot be opened.
        MissingExtraError: the engine that is named needs packages that are not installed.

    Examples:
        >>> import ewardrobe
        >>> ewardrobe.restyle("photo.jpg", "make the shirt red").save("red.png")  # doctest: +SKIP
    """
    restyler = Restyler(prompt, garment=garment, engine=engine, inpainter=inpainter, settings=settings)
    if not isinstance(photo, Segmentation):
        photo = model.segment(photo) if isinstance(model, Segmenter) else segment(photo, model)
    return restyler.restyle(photo, seed=seed)


def _region(segmentation: Segmentation, garment: Garment, change: Change, engine: Engine) -> Region:
    words = change.target.words
    # The prompt's own word says more than the class: a jacket, not outerwear.
    noun = words[0].word if len(words) == 1 and not words[0].group else None
    removed = isinstance(change.how, Remove)
    return find_region(
        segmentation,
        garment,
        grow=max(engine.grow, _HOLE) if removed else engine.grow,
        context=max(engine.context, _CONTEXT) if removed else engine.context,
        feather=engine.feather,
        noun=noun,
    )


def _uses_filler(step: Step) -> bool:
    return isinstance(step.change.how, Remove) and not step.engine.inpaints


def _check_removals(chosen: Sequence[tuple[Step, tuple[Garment, ...]]]) -> None:
    """What is under a worn shirt is in no photo: nothing around it could fill it in."""
    for step, garments in chosen:
        bare = [item.label for item in garments if item.person is not None and item.label in _BODY_WEAR]
        if isinstance(step.change.how, Remove) and bare:
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
