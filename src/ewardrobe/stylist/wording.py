"""Why these garments, in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from ewardrobe.attributes.vocabulary import vocabulary
from ewardrobe.stylist.day import Day
from ewardrobe.stylist.pairing import PAIR_FEATURES, pair_features
from ewardrobe.stylist.slots import SLOTS
from ewardrobe.stylist.traits import Traits
from ewardrobe.wardrobe import OwnedGarment

__all__ = ["called", "listed", "sentence"]

_MAIN = ("top", "bottom", "dress", "outer", "shoes")
_SMART, _RELAXED = 0.55, 0.35
_LONG_AGO, _MONTHS_KNOWN = 60, 330
_MOST_COLOURS = 3
_THIN = -0.35  # clo
_BARE = {
    "top": "top", "bottom": "trousers", "dress": "dress", "outer": "coat", "shoes": "shoes", "bag": "bag",
    "scarf": "scarf", "hat": "hat", "legs": "tights", "belt": "belt", "eyes": "glasses", "extra": "accessory",
}  # fmt: skip


def sentence(worn: Mapping[str, OwnedGarment], day: Day, *, history: bool = True) -> str:
    """One sentence about an outfit, its garments given by slot: colours, formality, then what is new about it.

    Without `history` it does not say when something was last worn.

    Examples:
        "Navy and tan, both smart; you have not worn the coat since March."
    """
    main = {slot: worn[slot] for slot in _MAIN if slot in worn}
    traits = Traits.of(list(main.values()))
    parts = [_colours(main, traits), _formality(traits)]
    first = ", ".join(part for part in parts if part)
    found = [first or listed([called(item, slot) for slot, item in worn.items()])]
    found += [part for part in (_history(worn, day.on) if history else "", _weather(worn, day)) if part]
    text = "; ".join(found)
    return f"{text[:1].upper()}{text[1:]}."


def called(garment: OwnedGarment, slot: str) -> str:
    """What a person says for it in a sentence: its type, or its part of the outfit."""
    return garment.type or _BARE[slot]


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def _colours(main: Mapping[str, OwnedGarment], traits: Traits) -> str:
    names = [vocabulary().names[number] for number in traits.name if number >= 0]
    distinct = list(dict.fromkeys(names))
    if not distinct:
        return ""
    if len(distinct) == 1:
        return f"{distinct[0]} from head to toe" if len(names) > 2 else f"all in {distinct[0]}"
    shown = listed(distinct[:_MOST_COLOURS])
    if echo := _echo(main, traits):
        return f"{shown}, and {echo}"
    if all(traits.neutral[traits.name >= 0]):
        return f"{shown}, all quiet colours"
    pairs = pair_features(traits)
    apart = np.argwhere(np.triu(pairs[..., PAIR_FEATURES.index("opposite hues")]))
    if len(apart):
        words = vocabulary().names
        one, other = (words[traits.name[row]] for row in apart[0])
        rest = [name for name in distinct if name not in (one, other)]
        return f"{one} and {other} set each other off" + (f", with {listed(rest[:2])}" if rest else "")
    quiet = dict(zip(names, traits.neutral[traits.name >= 0].tolist(), strict=True))
    accents = [name for name in distinct if not quiet[name]]
    if len(accents) == 1:
        return f"{accents[0]} with quiet {listed([name for name in distinct if name != accents[0]][:2])}"
    if any(pairs[..., PAIR_FEATURES.index(name)].any() for name in ("same hue", "neighbouring hues")):
        return f"{shown}, close relatives"
    return shown


def _echo(main: Mapping[str, OwnedGarment], traits: Traits) -> str:
    """`the striped shirt picks up the navy of the skirt`."""
    slots, items = list(main), list(main.values())
    cloth = np.array([slot != "shoes" for slot in slots])
    for one in np.flatnonzero(traits.patterned & cloth):
        for other in np.flatnonzero(~traits.patterned & (traits.name >= 0)):
            colour = traits.name[other]
            if colour != traits.name[one] and traits.seen[one, colour]:
                name = vocabulary().names[colour]
                pattern, kind = items[one].pattern, called(items[one], slots[one])
                verb = "pick" if kind.endswith("s") and kind != "dress" else "picks"
                return (
                    f"the {pattern} {kind} {verb} up the {name} of the {called(items[other], slots[other])}"
                )
    return ""


def _formality(traits: Traits) -> str:
    if len(traits) < 2:
        return ""
    every = "both" if len(traits) == 2 else "all"
    if traits.formality.min() >= _SMART:
        return f"{every} smart"
    if traits.formality.max() <= _RELAXED:
        return f"{every} relaxed"
    return ""


def _history(worn: Mapping[str, OwnedGarment], on: date) -> str:
    never = [called(item, slot) for slot, item in worn.items() if item.last_worn is None]
    ages = {slot: (on - item.last_worn).days for slot, item in worn.items() if item.last_worn is not None}
    oldest = max(ages, key=lambda slot: ages[slot], default=None)
    if oldest is not None and ages[oldest] >= _LONG_AGO:
        last = worn[oldest].last_worn
        assert last is not None
        when = f"{last:%B}" if ages[oldest] < _MONTHS_KNOWN else f"{last:%B %Y}"
        return f"you have not worn the {called(worn[oldest], oldest)} since {when}"
    # Where nothing is logged yet, it would be said of everything.
    if never and ages:
        return f"you have never worn the {never[0]}"
    return ""


def _weather(worn: Mapping[str, OwnedGarment], day: Day) -> str:
    if day.temperature is None and not day.rain:
        return ""
    short = sum(Traits.of(list(worn.values())).warmth) - day.clo
    if day.temperature is not None and short < _THIN:
        return f"rather thin for {day.temperature:g} °C"
    if day.rain and any(item.type in ("boots", "coat", "jacket") for item in worn.values()):
        return "fit for the rain"
    return ""


assert set(_BARE) == set(SLOTS)
