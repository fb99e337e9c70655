"""What a garment is: type, colours, pattern, material, style, occasion, season, and what it looks like.

    from ewardrobe.attributes import describe
    attributes = describe(segmentation, garment)

Names are imported when they are first used, so that naming a colour does not wait for ONNX Runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewardrobe.lazy import lazily

if TYPE_CHECKING:
    from ewardrobe.attributes.colours import main_colour, palette
    from ewardrobe.attributes.describing import Describer, describe, embed_garment, embedding_alone
    from ewardrobe.attributes.garment_types import GarmentType, TypeVocabulary, type_vocabulary
    from ewardrobe.attributes.values import UNKNOWN, Attributes, Colour, Value
    from ewardrobe.attributes.vocabulary import colour_names, name_colour
    from ewardrobe.attributes.zero_shot import ZeroShotEngine, pull_engine, zero_shot_engines

__all__ = [
    "UNKNOWN",
    "Attributes",
    "Colour",
    "Describer",
    "GarmentType",
    "TypeVocabulary",
    "Value",
    "ZeroShotEngine",
    "colour_names",
    "describe",
    "embed_garment",
    "embedding_alone",
    "main_colour",
    "name_colour",
    "palette",
    "pull_engine",
    "type_vocabulary",
    "zero_shot_engines",
]

_MODULES = {
    "colours": ("main_colour", "palette"),
    "describing": ("Describer", "describe", "embed_garment", "embedding_alone"),
    "garment_types": ("GarmentType", "TypeVocabulary", "type_vocabulary"),
    "values": ("UNKNOWN", "Attributes", "Colour", "Value"),
    "vocabulary": ("colour_names", "name_colour"),
    "zero_shot": ("ZeroShotEngine", "pull_engine", "zero_shot_engines"),
}
_HOME_OF = {name: module for module, names in _MODULES.items() for name in names}

__getattr__, __dir__ = lazily(__name__, _HOME_OF)
