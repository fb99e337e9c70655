"""The cloth of a garment, where its type's name or its texture tells.

A type's name settles some (jeans are denim, a sweater is knitted). For others, a small network over texture and colour
says whether the cloth looks like denim, leather or knitwear, and the type says how likely each is to begin with.
Cotton, wool or polyester cannot be seen in a photo: `unknown` is the answer there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from .networks import TextureNetwork, load_network
from .texture import texture_features
from .values import Colour, Value

__all__ = ["MATERIALS", "material_features", "material_network", "material_of"]

MATERIALS = ("denim", "leather", "knit", "jersey", "fleece", "nylon")
"""`leather` is leather or what looks like it; `fleece` is sweatshirt cloth; `jersey` is T-shirt cloth."""

_FROM_NAME: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "jeans": ("denim", 0.95),
        "sweater": ("knit", 0.92),
        "cardigan": ("knit", 0.88),
        "socks": ("knit", 0.9),
        "t-shirt": ("jersey", 0.88),
        "tank top": ("jersey", 0.75),
        "long-sleeve top": ("jersey", 0.75),
        "polo shirt": ("jersey", 0.75),
        "leggings": ("jersey", 0.75),
        "sweatshirt": ("fleece", 0.8),
        "hoodie": ("fleece", 0.8),
        "sweatpants": ("fleece", 0.7),
        "tights": ("nylon", 0.8),
        "dress shoes": ("leather", 0.88),
        "belt": ("leather", 0.82),
    }
)

# How often garments of a type are of denim, leather and knitwear: our estimate, where the photos must decide.
_FROM_TEXTURE: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "jacket": (0.15, 0.15, 0.05),
        "coat": (0.02, 0.04, 0.05),
        "blazer": (0.06, 0.04, 0.05),
        "waistcoat": (0.06, 0.06, 0.15),
        "shirt": (0.10, 0.01, 0.02),
        "blouse": (0.03, 0.01, 0.05),
        "tunic": (0.03, 0.01, 0.15),
        "dress": (0.03, 0.02, 0.07),
        "jumpsuit": (0.15, 0.02, 0.03),
        "skirt": (0.12, 0.08, 0.07),
        "shorts": (0.30, 0.03, 0.02),
        "trousers": (0.20, 0.05, 0.03),
        "boots": (0.01, 0.70, 0.02),
        "heels": (0.01, 0.50, 0.0),
        "flats": (0.02, 0.50, 0.02),
        "sandals": (0.01, 0.50, 0.0),
        "sneakers": (0.03, 0.30, 0.02),
        "handbag": (0.02, 0.65, 0.02),
        "clutch": (0.01, 0.50, 0.02),
        "travel bag": (0.01, 0.40, 0.0),
        "backpack": (0.03, 0.25, 0.0),
        "hat": (0.02, 0.03, 0.35),
        "cap": (0.06, 0.04, 0.06),
        "scarf": (0.0, 0.0, 0.45),
        "gloves": (0.0, 0.40, 0.40),
    }
)

_LEAST = 0.65
_SMALLEST = 150  # pixels


@cache
def material_network() -> TextureNetwork:
    """The shipped network: "other", then the three cloths that texture can tell."""
    return load_network("material")


def material_features(texture: npt.NDArray[np.float32], colours: Sequence[Colour]) -> npt.NDArray[np.float32]:
    """The measures of `texture_features` with the two largest colours: float32 (F + 8,)."""
    tones = [
        value for colour in [*colours[:2]] for value in (*(axis / 100 for axis in colour.lab), colour.share)
    ]
    return np.concatenate([texture, np.array([*tones, *[0.0] * (8 - len(tones))], np.float32)])


def posterior(likely: npt.NDArray[np.float64], type_name: str) -> npt.NDArray[np.float64]:
    """The network's answer for one garment, (P,), weighed with how usual each cloth is for a type."""
    usual = _FROM_TEXTURE[type_name]
    weighed = likely * np.array([1.0 - sum(usual), *usual])
    return np.asarray(weighed / weighed.sum())


def material_of(
    type_name: str,
    pixels: npt.NDArray[np.uint8],
    mask: npt.NDArray[np.bool_],
    palette: Sequence[Colour],
    *,
    texture: npt.NDArray[np.float32] | None = None,
) -> Value:
    """The cloth of a garment, one of `MATERIALS`, or `unknown` where neither name nor texture tells.

    Args:
        type_name: the garment's type, a name of `type_vocabulary()`; any other gives `unknown`.
        pixels: uint8 (H, W, 3) sRGB, the photo or a crop of it.
        mask: bool (H, W), the garment in it.
        palette: what `palette` says of the garment.
        texture: `texture_features(pixels, mask)`, when the caller has it already.

    Returns:
        A value of source "model" when the type's name decides (the type comes from a model), else "pixels".
    """
    if type_name in _FROM_NAME:
        name, confidence = _FROM_NAME[type_name]
        return Value(name, confidence, None, "model")
    if type_name not in _FROM_TEXTURE or mask.sum() < _SMALLEST:
        return Value.unknown()
    measures = material_features(texture_features(pixels, mask) if texture is None else texture, palette)
    network = material_network()
    likely = posterior(network.probabilities(measures)[0], type_name)
    first, second = np.argsort(-likely)[:2]
    if first == 0 or likely[first] < _LEAST:
        return Value.unknown()
    return Value(
        network.names[first], float(likely[first]), network.names[second] if second else None, "pixels"
    )
