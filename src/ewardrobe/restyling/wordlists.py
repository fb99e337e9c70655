"""The words that prompts may use: those of every taxonomy, of the fine types, and of `data/words.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.restyling.changes import GarmentWord
from ewardrobe.taxonomy import load, load_map

__all__ = ["Words", "garment_of_phrase", "words"]

_TAXONOMIES = ("people-clothing", "deepfashion2", "imaterialist", "fashionpedia", "flat-lay")


@dataclass(frozen=True)
class Words:
    """What words mean. `garments` by phrase (lower case, blanks for hyphens), `colours` sRGB by phrase."""

    garments: Mapping[str, GarmentWord]
    colours: Mapping[str, tuple[int, int, int]]
    body: frozenset[str]
    fabrics: frozenset[str]


@cache
def words() -> Words:
    """The word lists, read once. What `words.json` says goes before the fine types, and these before the taxonomies."""
    document = json.loads((resources.files(__package__) / "data" / "words.json").read_text(encoding="utf-8"))
    found: dict[str, GarmentWord] = {}
    for name in _TAXONOMIES:
        table = load_map(name, "wardrobe")
        for item in table.source:
            target = table.target_of(item.name)
            if item.kind == "garment" and target is not None:
                for word in item.name.split(", "):
                    found[_plain(word)] = GarmentWord(_plain(word), (target,))
    for kind in type_vocabulary().types:
        found[_plain(kind.name)] = GarmentWord(_plain(kind.name), kind.classes)
    for item in load("wardrobe"):
        if item.kind == "garment":
            found[item.name] = GarmentWord(item.name, (item.name,))
    for word, classes in document["garments"].items():
        found[word] = GarmentWord(word, tuple(classes))
    for word, classes in document["groups"].items():
        found[word] = GarmentWord(word, tuple(classes), group=True)
    return Words(
        garments=found,
        colours={word: (rgb[0], rgb[1], rgb[2]) for word, rgb in document["colours"].items()},
        body=frozenset(document["body"]),
        fabrics=frozenset(document["fabrics"]),
    )


def garment_of_phrase(phrase: str) -> GarmentWord | None:
    """The garment of a phrase in singular or plural; None when it is none."""
    known = words().garments
    for form in _forms(phrase):
        if form in known:
            return known[form]
    return None


def _forms(phrase: str) -> tuple[str, ...]:
    forms = [phrase, phrase + "s"]
    if phrase.endswith("s"):
        forms.append(phrase[:-1])
    if phrase.endswith("es"):
        forms.append(phrase[:-2])
    return tuple(forms)


def _plain(word: str) -> str:
    return word.lower().replace("-", " ")
