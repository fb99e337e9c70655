"""Garments that could be put on in place of another: those of the owner's wardrobe, or of a folder of pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes import describe
from ewardrobe.attributes.perceptual import oklab_from_srgb
from ewardrobe.errors import ModelError, PhotoError, UsageError
from ewardrobe.imaging import open_photo
from ewardrobe.restyling.changes import AskedColour, GarmentWord
from ewardrobe.restyling.colour_words import colour_of_phrase
from ewardrobe.restyling.wordlists import garment_of_phrase
from ewardrobe.segmentation import Garment, Segmentation, Segmenter
from ewardrobe.tryon import FITTED, GarmentPiece, owned_piece
from ewardrobe.wardrobe import OwnedGarment, Wardrobe

__all__ = ["Candidate", "Wish", "best_of", "embedding_of", "folder_candidates", "owned_candidates"]

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".tif", ".tiff"})
_MOST = 300  # pictures of a folder: each is segmented
_FAR = 0.25  # in OKLab: from there on one colour is not another
_TYPE, _COLOUR, _WORD, _LIKENESS = 2.0, 2.0, 1.0, 0.5  # what each way of fitting counts

Embedding = npt.NDArray[np.float32]
Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A garment: its class in `wardrobe`, the words said about it, its colours (sRGB, the main one first).

    `embedding` float32 (D,) comes from the model `embedding_model`. `cut` gives the piece to put on.
    """

    name: str
    label: str
    words: frozenset[str]
    colours: tuple[tuple[int, int, int], ...]
    cut: Callable[[], GarmentPiece]
    embedding: Embedding | None = None
    embedding_model: str | None = None


@dataclass(frozen=True)
class Wish:
    """What is asked for: "a denim jacket" is a garment, "red" a colour, and "denim" a further word."""

    text: str
    garment: GarmentWord
    colour: AskedColour | None
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Wish:
        """From words; UsageError when they name no garment that can be tried on."""
        tokens = [
            token for token in re.findall(r"[\w#]+", text.lower()) if token not in ("a", "an", "the", "my")
        ]
        garment, tokens = _taken(tokens, lambda part: garment_of_phrase(" ".join(part)))
        if garment is None or not set(garment.classes) & set(FITTED):
            raise UsageError(
                f"“{text}” is no garment that can be tried on; name one such as jacket, dress or skirt"
            )
        colour, tokens = _taken(tokens, colour_of_phrase)
        return cls(text, garment, colour, tuple(tokens))


def _taken(tokens: list[str], meaning: Callable[[list[str]], Found | None]) -> tuple[Found | None, list[str]]:
    """The meaning of the longest run of tokens that has one, the last of such, and the tokens without it."""
    for length in range(min(3, len(tokens)), 0, -1):
        for start in range(len(tokens) - length, -1, -1):
            found = meaning(tokens[start : start + length])
            if found is not None:
                return found, tokens[:start] + tokens[start + length :]
    return None, tokens


def best_of(
    candidates: Sequence[Candidate], wish: Wish, like: Embedding | None, like_model: str
) -> tuple[Candidate, str]:
    """The candidate that fits a wish best by type, colour, words and likeness to `like`, and why, in a few words.

    Of equals the first. UsageError, with what there is, when none is of the class that is asked for.
    """
    fitting = [one for one in candidates if one.label in wish.garment.classes]
    if not fitting:
        there = ", ".join(dict.fromkeys(one.label for one in candidates)) or "nothing"
        raise UsageError(f"no garment fits “{wish.text}”; there are: {there}")
    scored = [(_score(one, wish, like, like_model), -number) for number, one in enumerate(fitting)]
    (_, reasons), place = max(scored, key=lambda item: (item[0][0], item[1]))
    chosen = fitting[-place]
    return chosen, f"{chosen.name}, the best of {len(fitting)}: {', '.join(reasons)}"


def _score(
    one: Candidate, wish: Wish, like: Embedding | None, like_model: str
) -> tuple[float, tuple[str, ...]]:
    exact = wish.garment.word in one.words
    score = _TYPE * exact
    reasons = [f"{'is' if exact else 'of the class of'} {wish.garment.word}"]
    if wish.colour is not None and one.colours:
        asked = oklab_from_srgb(wish.colour.rgb)
        gap = min(
            float(np.linalg.norm(oklab_from_srgb(rgb) - asked)) + 0.05 * number
            for number, rgb in enumerate(one.colours[:3])
        )
        score += _COLOUR * max(0.0, 1 - gap / _FAR)
        reasons.append(f"{'near' if gap < _FAR / 2 else 'not'} {wish.colour}")
    for word in wish.words:
        if any(word in said.split() for said in one.words):
            score += _WORD
            reasons.append(word)
    if like is not None and one.embedding is not None and one.embedding_model == like_model:
        likeness = float(np.dot(like, one.embedding))
        score += _LIKENESS * likeness
        reasons.append(f"likeness {likeness:.2f}")
    return score, tuple(reasons)


def embedding_of(segmentation: Segmentation, garment: Garment) -> Embedding | None:
    """What the model sees in a garment of a photo; None when it gives no features."""
    try:
        return describe(segmentation, garment).embedding
    except ModelError:
        return None


def _plain(text: str) -> str:
    """As the word lists write it: small letters, and blanks for what joins words."""
    return text.lower().replace("-", " ").replace("_", " ")


def owned_candidates(wardrobe: Wardrobe, segmenter: Segmenter) -> list[Candidate]:
    """Every garment of a wardrobe that can be worn now and be tried on."""
    found = []
    for garment in wardrobe.find():
        label = next((item.label for item in garment.appearances if item.label in FITTED), None)
        if label is not None:
            found.append(_owned(wardrobe, segmenter, garment, label))
    return found


def _owned(wardrobe: Wardrobe, segmenter: Segmenter, garment: OwnedGarment, label: str) -> Candidate:
    said = (
        garment.type,
        garment.colour,
        garment.material,
        garment.pattern,
        garment.style,
        garment.name,
        label,
    )
    best = max(garment.appearances, key=lambda item: (item.area, -item.id))
    return Candidate(
        f"garment {garment.id} ({garment.name or garment.type or label})",
        label,
        frozenset(_plain(text) for text in (*said, *garment.tags) if text),
        tuple(colour.rgb for colour in garment.colours),
        lambda: owned_piece(wardrobe, garment.id, segmenter),
        best.embedding,
        best.embedding_model,
    )


def folder_candidates(folder: Path, segmenter: Segmenter) -> list[Candidate]:
    """The garments in a folder's pictures, photos and cut-outs; UsageError when it is no folder, or has no picture."""
    files = (
        sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
        if folder.is_dir()
        else []
    )
    if not files:
        raise UsageError(f"{folder} is no folder with pictures of garments")
    if len(files) > _MOST:
        raise UsageError(
            f"{folder} has {len(files)} pictures; at most {_MOST} are looked through, so add them first"
        )
    found = []
    for file in files:
        try:
            seen = segmenter.segment(open_photo(file))
        except PhotoError:
            continue  # one broken file is no reason to give up the others
        seen = seen if seen.taxonomy.name == "wardrobe" else seen.remap("wardrobe")
        found += [_pictured(seen, garment, file) for garment in seen.garments if garment.label in FITTED]
    return found


def _pictured(seen: Segmentation, garment: Garment, file: Path) -> Candidate:
    told = describe(seen, garment)
    values = (told.type, told.colour, told.material, told.pattern, told.style)
    words = {_plain(value.name) for value in values if value.name} | {garment.label}
    return Candidate(
        f"{file.name} ({told.type.name or garment.label})",
        garment.label,
        frozenset(words | {_plain(file.stem)}),
        tuple(colour.rgb for colour in told.colours),
        lambda: (
            GarmentPiece.from_garment(seen, garment)
            if seen.photo.alpha is None
            else GarmentPiece.from_cutout(seen.photo, garment.label)
        ),
        told.embedding,
        seen.model,
    )
