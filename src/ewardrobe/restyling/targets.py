"""Which garments of a photo a prompt's words mean, whatever taxonomy the model has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ewardrobe.errors import TaxonomyError, UsageError
from ewardrobe.restyling.changes import GarmentWord, Target
from ewardrobe.segmentation import Garment, Segmentation
from ewardrobe.taxonomy import load, load_map

__all__ = ["find_garments", "meanings_of"]


def find_garments(segmentation: Segmentation, target: Target) -> tuple[Garment, ...]:
    """The garments that are meant, in the photo's order; at least one.

    UsageError, in one line that says what was found, when one that is named, or the person, is not in the photo.
    """
    candidates = _of_person(segmentation, target.person)
    chosen: set[int] = set()
    for word in target.words:
        found = _meant(segmentation, candidates, word)
        if not found:
            raise UsageError(f"no {word.word} in this photo; found: {_labels(candidates)}")
        chosen |= {garment.number for garment in found}
    for word in target.excluded:
        chosen -= {garment.number for garment in _meant(segmentation, candidates, word)}
    if not chosen:
        raise UsageError(f"nothing is left of {target}; found: {_labels(candidates)}")
    return tuple(garment for garment in candidates if garment.number in chosen)


def _of_person(segmentation: Segmentation, person: int | None) -> tuple[Garment, ...]:
    if not segmentation.garments:
        raise UsageError("no garment was found in this photo; try another model or a larger --size")
    if person is None:
        return segmentation.garments
    people = sorted({garment.person for garment in segmentation.garments if garment.person is not None})
    if len(people) < max(2, person):
        count = {0: "nobody", 1: "only one person"}.get(len(people), f"only {len(people)} people")
        raise UsageError(
            f"{count} in this photo; leave the person out of the prompt, or name one who is there"
        )
    wanted = people[-1] if person < 0 else people[person - 1]
    return tuple(garment for garment in segmentation.garments if garment.person == wanted)


def _meant(
    segmentation: Segmentation, candidates: tuple[Garment, ...], word: GarmentWord
) -> tuple[Garment, ...]:
    """The garments a word means: of its own name first, then of its likeliest class that is there."""
    meanings = meanings_of(segmentation.taxonomy.name)
    named = tuple(garment for garment in candidates if garment.label == word.word)
    if named and not word.group:
        return named
    by_class = [
        tuple(garment for garment in candidates if name in meanings[garment.label]) for name in word.classes
    ]
    if word.group:
        numbers = {garment.number for group in by_class for garment in group}
        return tuple(garment for garment in candidates if garment.number in numbers)
    return next((group for group in by_class if group), ())


@cache
def meanings_of(taxonomy: str) -> Mapping[str, frozenset[str]]:
    """By class of a taxonomy: the classes of `wardrobe` it may be; TaxonomyError for a taxonomy that is not known."""
    known = load(taxonomy)
    if taxonomy == "wardrobe":
        return {item.name: frozenset({item.name}) for item in known}
    try:
        table = load_map(taxonomy, "wardrobe")
        return {item.name: frozenset({table.target_of(item.name)} - {None}) for item in known}  # type: ignore[arg-type]
    except TaxonomyError:
        pass
    meanings: dict[str, set[str]] = {item.name: {item.name} for item in known}
    try:
        table = load_map("wardrobe", taxonomy)
    except TaxonomyError:
        return {name: frozenset(classes) for name, classes in meanings.items()}
    for item in table.source:
        target = table.target_of(item.name)
        if target is not None and item.kind == "garment":
            meanings[target].add(item.name)
    return {name: frozenset(classes) for name, classes in meanings.items()}


def _labels(garments: tuple[Garment, ...]) -> str:
    return ", ".join(dict.fromkeys(garment.label for garment in garments))
