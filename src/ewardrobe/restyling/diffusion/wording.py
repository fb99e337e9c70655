"""What an inpainting model is asked for: a sentence by garment and by what is to become of it.

These models were taught with captions of whole pictures, so the sentence says what the picture shows when it is done,
not what is to be done.
"""

from __future__ import annotations

from ewardrobe.attributes import name_colour
from ewardrobe.restyling.changes import Describe, How, Pattern, Recolour, Remove, Shade
from ewardrobe.restyling.mask import Region
from ewardrobe.restyling.tokens import Kind, tokenise

__all__ = ["NEGATIVE", "sentence", "strength_of"]

NEGATIVE = "deformed, extra limbs, blurry, low quality, text, watermark"

_WORN = "a photo of a person wearing {thing}, natural folds, detailed fabric, realistic"
_LYING = "a photo of {thing}, natural folds, detailed fabric, realistic"
_TEMPLATES = {
    "footwear": "a photo of a person's feet in {thing}, realistic, sharp",
    "shoes": "a photo of a person's feet in {thing}, realistic, sharp",
    "bag": "a photo of a person carrying {thing}, realistic, sharp",
    "hat": "a photo of a person's head with {thing} on, realistic, sharp",
    "eyewear": "a close photo of a person's face with {thing} on, realistic, sharp",
    "glasses": "a close photo of a person's face with {thing} on, realistic, sharp",
    "belt": "a photo of a person's waist with {thing} round it, realistic, sharp",
    "scarf": "a photo of a person with {thing} round the neck, detailed fabric, realistic",
    "legwear": "a photo of a person's legs in {thing}, realistic",
}
_NAMES = {"outerwear": "jacket", "footwear": "shoes", "legwear": "tights", "eyewear": "glasses"}


def sentence(how: How, region: Region, template: str | None = None) -> str:
    """The prompt for the model; `template`: the owner's own, with `{garment}` and `{wish}`."""
    noun = _NAMES.get(region.noun, region.noun)
    wish = _wish(how)
    if template is not None:
        return template.format(garment=noun, wish=wish)
    if isinstance(how, Remove):
        return "a photo of a person, plain clothes, realistic" if region.worn else "an empty plain background"
    own = _TEMPLATES.get(region.noun, _WORN) if region.worn else _LYING
    return own.format(thing=_with_article(_thing(how, wish, noun)))


def strength_of(how: How) -> float:
    """How much of what is there is given up: a colour or a pattern keeps the cut and the folds, as far as that goes."""
    if isinstance(how, Recolour | Shade):
        return 0.75
    return 0.9 if isinstance(how, Pattern) else 1.0


def _wish(how: How) -> str:
    if isinstance(how, Describe):
        return how.text
    if isinstance(how, Recolour):
        return name_colour(how.colour.rgb) if how.colour.exact else how.colour.name
    if isinstance(how, Remove):
        return ""
    if isinstance(how, Pattern):
        ground = "" if how.ground is None else f"{how.ground} "
        run = "" if how.kind != "stripes" else f"{how.direction} "
        return f"{ground}with {run}{how.figure} {how.kind}"
    return how.word


def _thing(how: How, wish: str, noun: str) -> str:
    if isinstance(how, Describe) and any(token.kind is Kind.GARMENT for token in tokenise(wish)):
        return wish  # "a denim jacket instead of the coat": what it becomes has a name of its own
    if isinstance(how, Pattern):
        ground, _, rest = wish.partition("with ")
        return f"{ground}{noun} with {rest}"
    return f"{wish} {noun}"


def _with_article(thing: str) -> str:
    last = thing.split(" with ")[0].split()[-1]
    if last.endswith("s") and not last.endswith("ss"):
        return thing  # a pair: pants, shoes, glasses
    return f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"
