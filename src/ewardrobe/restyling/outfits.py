"""Another outfit for a labelled photo: random, plausible colours and patterns for each garment of its label map.

Neutral colours are commoner than bright ones, shoes and bags are mostly leather's colours, few garments are patterned,
and some stay as they are: what is drawn is to look like what people wear, so that a network learns nothing from it that
photos would not teach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import DatasetError, TaxonomyError
from ewardrobe.restyling.changes import AskedColour, How, Pattern, Recolour
from ewardrobe.restyling.colour_words import colour_of_phrase
from ewardrobe.restyling.engines import Engine
from ewardrobe.restyling.mask import region_of_class
from ewardrobe.restyling.targets import meanings_of
from ewardrobe.restyling.wordlists import garment_of_phrase
from ewardrobe.taxonomy import Taxonomy

__all__ = ["draw_outfit", "restyle_labelled"]

Pixels = npt.NDArray[np.uint8]
LabelMap = npt.NDArray[np.uint8]

_CLOTHES = {
    "black": 14, "white": 13, "grey": 8, "light grey": 4, "charcoal": 5, "navy": 9, "blue": 6, "light blue": 5,
    "beige": 6, "cream": 4, "brown": 4, "tan": 3, "red": 6, "burgundy": 4, "pink": 5, "coral": 2, "orange": 2,
    "mustard": 2, "yellow": 3, "green": 4, "olive": 4, "mint": 2, "teal": 3, "turquoise": 2, "purple": 3, "lavender": 2,
}  # fmt: skip
_BOTTOMS = {
    "black": 20, "navy": 12, "dark blue": 10, "blue": 8, "light blue": 5, "grey": 8, "charcoal": 6, "white": 6,
    "beige": 6, "khaki": 6, "brown": 4, "olive": 4, "burgundy": 3, "red": 2, "pink": 2, "green": 2,
}  # fmt: skip
_LEATHER = {
    "black": 26, "brown": 16, "tan": 10, "camel": 8, "beige": 8, "white": 9, "grey": 5, "navy": 5, "red": 6,
    "burgundy": 4, "pink": 2, "yellow": 1, "green": 2, "blue": 2,
}  # fmt: skip
_LEGWEAR = {
    "black": 40,
    "charcoal": 12,
    "grey": 12,
    "navy": 10,
    "white": 8,
    "brown": 6,
    "burgundy": 6,
    "green": 3,
}

_TABLES: dict[str, tuple[Mapping[str, int], float]] = {
    "top": (_CLOTHES, 0.3),
    "outerwear": (_CLOTHES, 0.12),
    "dress": (_CLOTHES, 0.3),
    "skirt": (_CLOTHES, 0.22),
    "pants": (_BOTTOMS, 0.06),
    "shorts": (_BOTTOMS, 0.1),
    "legwear": (_LEGWEAR, 0.06),
    "scarf": (_CLOTHES, 0.35),
    "hat": (_CLOTHES, 0.0),
    "footwear": (_LEATHER, 0.0),
    "bag": (_LEATHER, 0.0),
    "belt": (_LEATHER, 0.0),
}
"""By class of `wardrobe`: its colours and their weights, and how often it is patterned. What is not here stays."""

_KEPT = 0.15  # of the garments are left as they are
_KINDS = {"stripes": 5, "checks": 3, "dots": 2}
_DIRECTIONS = {"horizontal": 6, "vertical": 3, "diagonal": 1}
_SCALES = (0.5, 1.0, 1.0, 1.8)
_SMALLEST = 64  # pixels; a colour on less than that shows nothing


def draw_outfit(classes: Sequence[str], rng: np.random.Generator) -> dict[str, How]:
    """What becomes of each of some classes of `wardrobe`; one that stays as it is has no entry. At least one changes.

    At most one garment is patterned.
    """
    open_ = [name for name in classes if name in _TABLES]
    if not open_:
        return {}
    changed = [name for name in open_ if rng.random() >= _KEPT] or [open_[int(rng.integers(len(open_)))]]
    outfit: dict[str, How] = {}
    patterned = False
    for name in changed:
        colours, chance = _TABLES[name]
        ground = _drawn(colours, rng)
        if not patterned and rng.random() < chance:
            patterned = True
            figure = _drawn({key: weight for key, weight in colours.items() if key != ground}, rng)
            outfit[name] = Pattern(
                _drawn(_KINDS, rng),  # type: ignore[arg-type]
                _colour(figure),
                _colour(ground),
                _drawn(_DIRECTIONS, rng),  # type: ignore[arg-type]
                float(rng.choice(_SCALES)),
            )
        else:
            outfit[name] = Recolour(_colour(ground))
    return outfit


def restyle_labelled(
    pixels: Pixels,
    label_map: LabelMap,
    taxonomy: Taxonomy,
    engine: Engine,
    rng: np.random.Generator,
    *,
    worn: bool = True,
) -> tuple[Pixels, dict[str, How]]:
    """A labelled photo in another outfit, uint8 (H, W, 3), and what became of each class that was changed.

    All garments of a kind (a class of `wardrobe`) get one change. The label map, uint8 (H, W), stays true: pixels of
    other classes keep their values, and of the background only those at a garment's soft edge change.

    Raises:
        DatasetError: there is no garment in the label map that could be changed.
    """
    meant = _classes_of(taxonomy)
    there = np.bincount(label_map.ravel(), minlength=256)
    present = {
        taxonomy[index].name: (index, meant[index]) for index in sorted(meant) if there[index] >= _SMALLEST
    }
    if not present:
        raise DatasetError("its labels hold no garment that could get another colour")
    rngs = dict(zip(present, rng.spawn(len(present)), strict=True))
    wanted = draw_outfit(list(dict.fromkeys(kind for _, kind in present.values())), rng)
    made, done = pixels.copy(), {}
    for name, (index, kind) in present.items():
        if kind not in wanted:
            continue
        region = region_of_class(pixels, label_map, index, context=engine.context, noun=name, worn=worn)
        changed = engine.change(made[region.window], region, wanted[kind], rngs[name])
        touched = region.alpha > 0
        made[region.window][touched] = changed[touched]
        done[name] = wanted[kind]
    return made, done


def _classes_of(taxonomy: Taxonomy) -> dict[int, str]:
    """By index of a garment class that may change: the class of `wardrobe` that it is likeliest to be."""
    try:
        meanings: Mapping[str, frozenset[str]] = meanings_of(taxonomy.name)
    except TaxonomyError:  # of somebody's own: by the classes' names
        words = {name: garment_of_phrase(name.replace("-", " ")) for name in taxonomy.labels}
        meanings = {name: frozenset(word.classes[:1]) for name, word in words.items() if word is not None}
    order = list(_TABLES)
    found = {}
    for index in taxonomy.garments:
        known = sorted(meanings.get(taxonomy[index].name, frozenset()) & _TABLES.keys(), key=order.index)
        if known:
            found[index] = known[0]
    return found


def _drawn(weights: Mapping[str, int], rng: np.random.Generator) -> str:
    shares = np.array(list(weights.values()), np.float64)
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def _colour(name: str) -> AskedColour:
    colour = colour_of_phrase(name.split())
    assert colour is not None, name
    return colour
