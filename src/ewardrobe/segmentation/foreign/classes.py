"""A foreign model's class names as a taxonomy: one of ours where all names are in it, else one of the model's own."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence
from typing import Any

from ewardrobe import taxonomy
from ewardrobe.errors import ModelError
from ewardrobe.taxonomy import IGNORE, LabelClass, Taxonomy

__all__ = ["classes_from", "is_background", "names_from_id2label"]

_BACKGROUND = ("background", "null", "none", "")
_BODY = ("person", "people", "human", "hair", "face", "skin", "body", "head", "arm", "leg", "hand")
_GOLDEN = 0.618034  # of the colour circle: hues that never come close to one another


def classes_from(names: Sequence[str], model: str, *, background: bool) -> dict[str, Any]:
    """The fields `taxonomy`, `classes` and `labels` of the description of `model`, whose classes have these names.

    `background`: whether the first of them is the background. ModelError where there are too many or none.
    """
    if not names or len(names) >= IGNORE:
        raise ModelError(f"model {model} has {len(names)} classes; 1..{IGNORE - 1} can be used")
    own = names[1:] if background else names
    for known in map(taxonomy.load, taxonomy.names()):
        indices = _indices(own, known)
        if indices is None:
            continue
        if indices == list(range(1, len(known))):
            return {"taxonomy": known.name}
        return {"taxonomy": known.name, "labels": (0, *indices) if background else tuple(indices)}
    rows = [LabelClass(0, "background", "Background", (0, 0, 0), "background")]
    taken = {"background"}
    for index, given in enumerate(own, start=1):
        name = " ".join(str(given).split()) or f"class {index}"
        name = name if name not in taken else f"{name} {index}"
        taken.add(name)
        is_body = re.split(r"[^a-z]+", name.lower())[-1] in _BODY
        rows.append(LabelClass(index, name, name, _colour(index), "body" if is_body else "garment"))
    return {"taxonomy": f"{model} classes", "classes": tuple(rows)}


def names_from_id2label(document: dict[str, Any], where: str) -> list[str]:
    """The names in a Hugging Face `id2label`, in index order; ModelError when it is missing or has gaps."""
    given = document.get("id2label")
    if not isinstance(given, dict) or not given:
        raise ModelError(f"{where} has no id2label, the names of its classes")
    found = {str(key): str(value) for key, value in given.items()}
    if sorted(found) != sorted(map(str, range(len(found)))):
        raise ModelError(f"id2label in {where} must number its {len(found)} classes from 0 on, without gaps")
    return [found[str(index)] for index in range(len(found))]


def is_background(name: str) -> bool:
    """Whether a class of that name is what lies around the others."""
    return name.strip().lower() in _BACKGROUND


def _indices(names: Sequence[str], known: Taxonomy) -> list[int] | None:
    """The index of each name, None where one is missing or two are the same."""
    by_name = {_plain(item.name): item.index for item in known if item.index}
    indices = [by_name.get(_plain(name)) for name in names]
    found = [index for index in indices if index is not None]
    return found if len(set(found)) == len(names) else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", str(name).lower())


def _colour(index: int) -> tuple[int, int, int]:
    value = 0.95 if index % 2 else 0.7
    red, green, blue = colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.7, value)
    return round(red * 255), round(green * 255), round(blue * 255)
