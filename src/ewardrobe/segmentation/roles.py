"""What the classes of a taxonomy are to each other: which cannot both be right, which come in pairs, how small is real.

The default taxonomy's own names are used where they say more than the region of a class does; any other taxonomy is
read by kinds and regions.
"""

from __future__ import annotations

from ewardrobe.taxonomy import Taxonomy

__all__ = [
    "comes_in_pairs",
    "has_strap",
    "is_head",
    "is_in_bits",
    "is_separable",
    "rivalry",
    "smallest_share",
]

# The largest region of one class, as a share of the other it touches, that is taken for a slip of the model: nobody
# wears half a skirt on a pair of trousers, but a top shows under a jacket. Set by eye, and checked on the validation
# photos of Clothing Co-Parsing: twice these values cost accuracy, these do not.
_RIVALS = {
    frozenset(("top", "outerwear")): 0.06,
    frozenset(("top", "dress")): 0.3,
    frozenset(("outerwear", "dress")): 0.2,
    frozenset(("dress", "skirt")): 0.5,
    frozenset(("dress", "shorts")): 0.3,
    frozenset(("dress", "pants")): 0.25,
    frozenset(("pants", "shorts")): 0.8,
    frozenset(("pants", "skirt")): 0.8,
    frozenset(("shorts", "skirt")): 0.8,
    frozenset(("pants", "legwear")): 0.15,
    frozenset(("legwear", "footwear")): 0.1,
}
_CLOTHES = ("upper-body", "lower-body", "whole-body")
_SAME_REGION, _WHOLE_BODY, _OTHER_CLOTHES = 0.3, 0.2, 0.02
# Where nobody wears it, what lies in one piece is nearly always one garment.
_LYING = 0.35

# Shares of the foreground below which a region is a speck.
_SMALLEST = {
    "eyewear": 0.0004,
    "sunglasses": 0.0004,
    "accessories": 0.0008,
    "belt": 0.0008,
    "skin": 0.0003,
    "hair": 0.0008,
    "face": 0.0003,
    "footwear": 0.0012,
    "left-shoe": 0.0012,
    "right-shoe": 0.0012,
    "legwear": 0.0015,
    "hat": 0.002,
    "scarf": 0.002,
    "bag": 0.002,
}
_SMALLEST_BY_KIND = {"background": 0.0003, "body": 0.0003, "garment": 0.003}

_IN_PAIRS = (
    *("footwear", "shoes", "shoe", "feet", "legs and feet"),
    *("boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals", "sneakers", "wedges"),
    *("sock", "socks", "leg warmer", "glove", "gloves", "earrings"),
)
_HEAD = ("hair", "face", "hat")
_IN_BITS = ("accessories", "eyewear", "sunglasses", "belt", "bag", "scarf")
_WITH_STRAPS = ("bag", "bag, wallet", "purse", "wallet")
_SEPARABLE = (*_WITH_STRAPS, "accessories", "hat", "bracelet", "ring")


def rivalry(taxonomy: Taxonomy, small: int, large: int, *, worn: bool = True) -> float:
    """The share of `large` up to which a touching region of `small` is a slip; 0 for classes that go together."""
    one, other = taxonomy[small], taxonomy[large]
    if one.kind != "garment" or other.kind != "garment" or small == large:
        return 0.0
    limit = _RIVALS.get(frozenset((one.name, other.name)), 0.0)
    if one.region in _CLOTHES and other.region in _CLOTHES:
        limit = limit or _by_region(one.region, other.region)
        return limit if worn else max(limit, _LYING)
    return limit


def _by_region(one: str, other: str) -> float:
    if one == other:
        return _SAME_REGION
    return _WHOLE_BODY if "whole-body" in (one, other) else _OTHER_CLOTHES


def smallest_share(taxonomy: Taxonomy, label: int) -> float:
    """The share of the foreground that a region of the class has at least, when it is no speck."""
    item = taxonomy[label]
    return _SMALLEST.get(item.name.lower(), _SMALLEST_BY_KIND[item.kind])


def comes_in_pairs(taxonomy: Taxonomy, label: int) -> bool:
    """Whether two regions of the class are one item, a pair."""
    return taxonomy[label].name.lower() in _IN_PAIRS


def has_strap(taxonomy: Taxonomy, label: int) -> bool:
    """Whether an arm often cuts an item of the class in two."""
    return taxonomy[label].name.lower() in _WITH_STRAPS


def is_head(taxonomy: Taxonomy, label: int) -> bool:
    """Whether the class lies on a head."""
    return taxonomy[label].name.lower() in _HEAD


def is_separable(taxonomy: Taxonomy, label: int) -> bool:
    """Whether one person may carry several items of the class."""
    return taxonomy[label].name.lower() in _SEPARABLE


def is_in_bits(taxonomy: Taxonomy, label: int) -> bool:
    """Whether small pieces of the class may be all that shows of it: straps, rims, a belt under a jacket."""
    return taxonomy[label].name.lower() in _IN_BITS
