"""The taxonomy behind a file's own list of class names: one that eWardrobe knows, or one made from the list."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence

from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import DatasetError, TaxonomyError
from ewardrobe.taxonomy import LabelClass, Taxonomy

__all__ = ["MOST_CLASSES", "known_name", "label_of", "own_taxonomy", "taxonomy_of"]

MOST_CLASSES = 254
"""Classes that fit beside the background in a label map of 8 bits, where 255 is ignore."""

# DeepFashion2's own converter to COCO renames its classes (deepfashion2_to_coco.py).
_ALIASES = {
    "short sleeved shirt": "short sleeve top",
    "long sleeved shirt": "long sleeve top",
    "short sleeved outwear": "short sleeve outwear",
    "long sleeved outwear": "long sleeve outwear",
    "short sleeved dress": "short sleeve dress",
    "long sleeved dress": "long sleeve dress",
}


def label_of(name: str, taxonomy: Taxonomy) -> str | None:
    """The class of `taxonomy` that a file calls `name`: the same but for case, `_` for a blank, or an alias."""
    if name in taxonomy:
        return name
    plain = " ".join(name.replace("_", " ").lower().split())
    for wish in (plain, _ALIASES.get(plain)):
        for item in taxonomy:
            if wish is not None and item.name.lower() == wish:
                return item.name
    return None


def taxonomy_of(names: Sequence[str], *, stated: str | None = None, own_name: str = "classes") -> Taxonomy:
    """The taxonomy of a file that lists its classes by `names`, background left out.

    `stated` is the taxonomy's name where the file or the caller says it. Otherwise a taxonomy is recognised
    when its classes but the background are just these names; failing that, one is made from them.

    Raises:
        DatasetError: a name comes twice, or there are too many for a label map.
        TaxonomyError: there is no taxonomy of the stated name.
    """
    if stated is not None:
        return taxonomies.load(stated)
    for known in map(taxonomies.load, _fashionpedia_first(taxonomies.names())):
        if len(known) == len(names) + 1:
            found = {label_of(name, known) for name in names}
            if found == set(known.labels[1:]):
                return known
    return own_taxonomy(names, own_name)


def _fashionpedia_first(names: Iterable[str]) -> list[str]:
    """iMaterialist has the same classes, but is not published as COCO or YOLO."""
    return sorted(names, key=lambda name: name != "fashionpedia")


def own_taxonomy(names: Sequence[str], own_name: str, background: str = "background") -> Taxonomy:
    """A taxonomy of the background and `names`, all of them garments, with colours that differ."""
    labels = [background, *names]
    twice = next((name for name in names if names.count(name) > 1 or name == background), None)
    if twice is not None:
        raise DatasetError(f"the class {twice!r} is listed twice, or is the background: name each class once")
    if len(names) > MOST_CLASSES:
        raise DatasetError(f"{len(names)} classes do not fit in a label map: at most {MOST_CLASSES} do")
    classes = [
        LabelClass(index, name, name.capitalize(), _colour(index), "garment" if index else "background")
        for index, name in enumerate(labels)
    ]
    name = f"{own_name}-classes" if own_name in taxonomies.names() else own_name
    return Taxonomy(name, name, tuple(classes), "made from the dataset's own list of classes")


def _colour(index: int) -> tuple[int, int, int]:
    """Black for the background; then hues a golden angle apart, in three shades."""
    if index == 0:
        return 0, 0, 0
    red, green, blue = colorsys.hsv_to_rgb(index * 0.618034 % 1, (0.85, 0.55, 0.7)[index % 3], 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def known_name(taxonomy: Taxonomy) -> str | None:
    """The name under which others can load this taxonomy; `None` for one made from a list."""
    try:
        return taxonomy.name if taxonomies.load(taxonomy.name) == taxonomy else None
    except TaxonomyError:
        return None
