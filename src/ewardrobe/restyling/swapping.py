"""The engine `wardrobe`: "a denim jacket instead of the coat" takes one that the owner has, and fits it on."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import UsageError
from ewardrobe.imaging import Photo, PhotoSource
from ewardrobe.restyling.candidates import (
    Candidate,
    Wish,
    best_of,
    embedding_of,
    folder_candidates,
    owned_candidates,
)
from ewardrobe.restyling.changes import Change, Describe
from ewardrobe.restyling.editing import Restyled
from ewardrobe.restyling.prompt import parse_prompt
from ewardrobe.restyling.saving import SCHEMA_VERSION
from ewardrobe.restyling.targets import find_garments
from ewardrobe.segmentation import Garment, Segmentation, Segmenter
from ewardrobe.tryon import dress
from ewardrobe.wardrobe import Wardrobe

__all__ = ["restyle_from"]

_NAME = "wardrobe"


def restyle_from(
    garments: Wardrobe | str | os.PathLike[str],
    photo: PhotoSource | Photo | Segmentation,
    prompt: str,
    *,
    garment: str | None = None,
    model: str | os.PathLike[str] | Segmenter = "default",
    seed: int = 0,
) -> Restyled:
    """Put on, in place of what is worn, the best matching garments of a wardrobe or of a folder of pictures.

    `garments`: an open wardrobe, or a folder. `garment` names the garment that goes where the prompt names none. `done`
    of the result says which garment was taken, and why. Where its mask is 0 the picture is the photo.

    Raises:
        UsageError: the prompt asks for no other garment, what goes is not worn by one person, or nothing fits.
        PhotoError, ModelError, StoreError: something cannot be opened.

    Examples:
        >>> from ewardrobe.restyling import restyle_from
        >>> restyle_from("my-jackets", "me.jpg", "a denim jacket instead of the coat")  # doctest: +SKIP
    """
    changes = parse_prompt(prompt, garment=garment)
    wishes = [(change, _wish(change)) for change in changes]
    segmenter = model if isinstance(model, Segmenter) else Segmenter(model)
    seen = photo if isinstance(photo, Segmentation) else segmenter.segment(photo)
    seen = seen if seen.taxonomy.name == "wardrobe" else seen.remap("wardrobe")
    worn = [(change, wish, _worn(seen, change)) for change, wish in wishes]
    people = {old.person for _, _, old in worn}
    if len(people) > 1:
        raise UsageError("the prompt changes garments of several people; ask for one person's at a time")
    there = (
        owned_candidates(garments, segmenter)
        if isinstance(garments, Wardrobe)
        else folder_candidates(Path(garments), segmenter)
    )
    chosen: list[Candidate] = []
    done = []
    for change, wish, old in worn:
        best, why = best_of(there, wish, embedding_of(seen, old), seen.model)
        chosen.append(best)
        done.append(f"{change.target} → {why}; engine {_NAME}: it fits on what is there already")
    made = dress(seen, [one.cut() for one in chosen], person=people.pop(), seed=seed)
    mask = _mask(seen.photo.pixels, made.pixels)
    return Restyled(
        seen.photo, made.pixels, mask, tuple(done), _provenance(seen, prompt, done, chosen, mask, seed)
    )


def _wish(change: Change) -> Wish:
    if not isinstance(change.how, Describe):
        raise UsageError(
            f"the engine {_NAME} takes garments for others, as in 'a denim jacket instead of the coat'; "
            f"it cannot make {change}"
        )
    return Wish.of(change.how.text)


def _worn(seen: Segmentation, change: Change) -> Garment:
    """The garment that goes: the largest of those that are meant and worn."""
    meant = [item for item in find_garments(seen, change.target) if item.person is not None]
    if not meant:
        raise UsageError(
            f"nobody in this photo wears the {change.target}; nothing can be put on in its place"
        )
    return max(meant, key=lambda item: item.area)


def _mask(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Where the picture was changed, soft towards its edge, float32 (H, W): exactly 0 where it is the photo."""
    changed = (before != after).any(axis=2)
    soft = cv2.GaussianBlur(changed.astype(np.float32), (0, 0), 1.5)
    return np.asarray(np.where(changed, np.clip(soft, 1 / 255, 1), 0), np.float32)


def _provenance(
    seen: Segmentation,
    prompt: str,
    done: list[str],
    chosen: list[Candidate],
    mask: npt.NDArray[np.float32],
    seed: int,
) -> dict[str, object]:
    from ewardrobe import __version__

    levels = np.rint(mask * 255).astype(np.uint8)
    return {
        "schema_version": SCHEMA_VERSION,
        "made_by": f"ewardrobe {__version__}",
        "prompt": prompt,
        "changes": done,
        "engine": _NAME,
        "garments": [one.name for one in chosen],
        "inpainter": "opencv",
        "seed": seed,
        "model": seen.model,
        "photo_sha256": seen.photo.sha256,
        "mask_sha256": hashlib.sha256(f"{mask.shape}".encode() + levels.tobytes()).hexdigest(),
    }
