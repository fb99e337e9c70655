"""`Stylist`: outfits for a day from a wardrobe, thumbs, and what a trip needs."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.stylist.day import Day
from ewardrobe.stylist.forecast import Forecast, ask_forecast
from ewardrobe.stylist.scoring import Scorer
from ewardrobe.stylist.searching import Found, search
from ewardrobe.stylist.slots import AREAS, BASES, PLACES, SLOTS, missing_places
from ewardrobe.stylist.suiting import suit
from ewardrobe.stylist.tastes import ForecastChoice, Tastes, Vote, locked, read_tastes, write_tastes
from ewardrobe.stylist.traits import Traits
from ewardrobe.stylist.wording import sentence
from ewardrobe.wardrobe import OwnedGarment, Wardrobe

__all__ = ["Stylist", "Suggestion", "Suggestions", "Wearable"]

Floats = npt.NDArray[np.float64]

MOST = 12
"""Outfits that may be asked for at once."""

_CHANCE = 2.0  # how much a seed may move a garment; as much as a few days of not having worn it
_REPEATED = 1.6  # what it costs a further outfit to share all its garments with one before
_SAME_COLOURS = 0.6  # and to be of the same colours as one before
_MAIN = ("top", "bottom", "dress")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An outfit.

    Attributes:
        garments: by slot, in the order of `SLOTS`.
        score: the higher the better; comparable within one answer.
        sentence: why. missing: slots that it lacks because the wardrobe has nothing there.
        vote: the owner's earlier thumb on exactly these garments.
    """

    garments: Mapping[str, OwnedGarment]
    score: float
    sentence: str
    missing: tuple[str, ...]
    vote: Vote | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """The garments' numbers."""
        return tuple(item.id for item in self.garments.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "garments": [
                {"slot": slot, "id": item.id, "title": item.title} for slot, item in self.garments.items()
            ],
            "sentence": self.sentence,
            "score": round(self.score, 3),
            "missing": list(self.missing),
            "liked": None if self.vote is None else self.vote.liked,
        }


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What came of it: outfits, the best first.

    Attributes:
        seed: asks for the same ones again. missing: slots for which the wardrobe has nothing at all.
        aside: how many garments are out of reach by status ("laundry": 3). unplaced: how many have neither a class
            nor a type that says where they are worn.
    """

    day: Day
    seed: int
    outfits: tuple[Suggestion, ...]
    missing: tuple[str, ...]
    aside: Mapping[str, int]
    unplaced: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell the owner, a line each."""
        lines = []
        if self.missing:
            lines.append(f"Nothing to wear as {' or as '.join(PLACES[slot] for slot in self.missing)} yet.")
        if self.aside:
            said = ", ".join(f"{count} {status}" for status, count in self.aside.items())
            lines.append(f"Left out: {said}.")
        if self.unplaced:
            lines.append(f"{self.unplaced} without a type; say what they are, and they take part.")
        return tuple(lines)


@dataclass(frozen=True)
class Wearable:
    """The garments that can be worn now, and what the stylist sees of them; row for row."""

    garments: tuple[OwnedGarment, ...]
    traits: Traits
    aside: Mapping[str, int]
    unplaced: int

    @classmethod
    def of(cls, wardrobe: Wardrobe) -> Wearable:
        """Those of a wardrobe."""
        everything = wardrobe.outfits.candidates()
        aside = Counter(item.status for item in everything if item.status != "active")
        ready = [item for item in everything if item.status == "active"]
        traits = Traits.of(ready)
        placed = np.flatnonzero(traits.slot >= 0)
        return cls(
            tuple(ready[row] for row in placed), traits.take(placed), dict(aside), len(ready) - len(placed)
        )

    def row(self, garment_id: int) -> int:
        """Where a garment is; `UsageError` when it cannot be worn."""
        for row, item in enumerate(self.garments):
            if item.id == garment_id:
                return row
        raise UsageError(
            f"garment {garment_id} cannot be worn: in the laundry, put away, or of no known type"
        )


class Stylist:
    """The stylist of one wardrobe.

    Examples:
        >>> import tempfile
        >>> from datetime import date
        >>> from ewardrobe.stylist import Day, Stylist
        >>> from ewardrobe.wardrobe import Wardrobe
        >>> with Wardrobe.open(tempfile.mkdtemp()) as wardrobe:
        ...     for kind, colour in (("shirt", "white"), ("trousers", "navy"), ("dress shoes", "brown")):
        ...         _ = wardrobe.new(type=kind, colour=colour)
        ...     print(Stylist(wardrobe).suggest(Day(date(2026, 5, 4), "work")).outfits[0].sentence)
        White, navy and brown, all quiet colours, all smart.
    """

    def __init__(self, wardrobe: Wardrobe) -> None:
        self.wardrobe = wardrobe

    @property
    def tastes(self) -> Tastes:
        """What the owner likes, as kept in the wardrobe's folder."""
        return read_tastes(self.wardrobe.path)

    def suggest(
        self,
        day: Day,
        *,
        count: int = 3,
        seed: int | None = None,
        wearing: Iterable[int] = (),
        without: Collection[int] = (),
    ) -> Suggestions:
        """Outfits for a day, each unlike the others.

        Args:
            count: how many, 1 to `MOST`; fewer come back where there are no more.
            seed: another seed gives others; by default the date's, so that a day's outfits stay.
            wearing: numbers of garments that must be in each. without: of garments that must not.

        Raises:
            UsageError: garments of one slot, or that rule each other out, or cannot be worn.
        """
        if not 1 <= count <= MOST:
            raise UsageError(f"between 1 and {MOST} outfits, not {count}")
        wearable, tastes = Wearable.of(self.wardrobe), self.tastes
        chosen_seed = day.on.toordinal() if seed is None else seed
        bias = chance(wearable.garments, chosen_seed) + likings(wearable.garments, tastes)
        found = best(wearable, day, tastes, bias, wearing=list(wearing), without=without)
        kept = [row for row in range(len(found.scores)) if not _disliked(wearable, found, row, tastes)]
        picked = _different(found, kept, count, wearable.traits.name)
        slots = [SLOTS[slot] for slot in np.unique(wearable.traits.slot)]
        return Suggestions(
            day,
            chosen_seed,
            tuple(made(wearable, found, row, day, tastes) for row in picked),
            missing_places(slots),
            wearable.aside,
            wearable.unplaced,
        )

    def vote(self, garment_ids: Sequence[int], liked: bool) -> Vote:
        """A thumb up or down for an outfit; the latest on the same garments counts.

        Raises `NotFoundError` for a garment there is not, `UsageError` for fewer than two.
        """
        ids = list(dict.fromkeys(garment_ids))
        if len(ids) < 2:
            raise UsageError("an outfit to vote on has at least two garments")
        garments = [self.wardrobe.get(number) for number in ids]
        if gone := [item.id for item in garments if item.removed_at is not None]:
            raise NotFoundError(f"there is no garment {gone[0]}")
        traits = Traits.of(garments)
        outfit = np.full((1, len(SLOTS)), -1, np.intp)
        for row, slot in enumerate(traits.slot.tolist()):
            if slot >= 0:
                outfit[0, slot] = row
        features = Scorer(traits).features(outfit)[0]
        uids = [item.uid for item in garments]
        with locked(self.wardrobe.path):
            tastes = self.tastes.with_vote(uids, liked, features)
            write_tastes(self.wardrobe.path, tastes)
        return tastes.votes[-1]

    def take_back(self, vote_id: int) -> None:
        """Forget a vote; `NotFoundError` when there is none of that number."""
        with locked(self.wardrobe.path):
            write_tastes(self.wardrobe.path, self.tastes.without_vote(vote_id))

    def allow_forecast(self, choice: ForecastChoice) -> None:
        """Keep whether and for where the forecast may be asked; a place is kept to a tenth of a degree."""
        if choice.allowed and (choice.latitude is None or choice.longitude is None):
            raise UsageError("say for which place: latitude and longitude")
        for value, limit in ((choice.latitude, 90), (choice.longitude, 180)):
            if value is not None and not -limit <= value <= limit:
                raise UsageError(f"{value:g} is no place on Earth")
        rounded = ForecastChoice(
            choice.allowed,
            None if choice.latitude is None else round(choice.latitude, 1),
            None if choice.longitude is None else round(choice.longitude, 1),
        )
        with locked(self.wardrobe.path):
            write_tastes(self.wardrobe.path, replace(self.tastes, forecast=rounded))

    def forecast(self, first: date, last: date) -> list[Forecast]:
        """The weather of these days; `ForecastError` where it may not be asked for or gives no answer."""
        return ask_forecast(self.tastes.forecast, first, last)


def best(
    wearable: Wearable,
    day: Day,
    tastes: Tastes,
    bias: Floats,
    *,
    wearing: Sequence[int] = (),
    without: Collection[int] = (),
) -> Found:
    """The best outfits for a day; arguments as `Stylist.suggest` and `search`."""
    fixed: dict[str, int] = {}
    for number in wearing:
        row = wearable.row(number)
        slot = SLOTS[wearable.traits.slot[row]]
        if slot in fixed and fixed[slot] != row:
            raise UsageError(
                f"garments {wearable.garments[fixed[slot]].id} and {number} cannot be worn at once"
            )
        fixed[slot] = row
    if "dress" in fixed and {"top", "bottom"} & set(fixed):
        raise UsageError("a dress is worn without a top and trousers; leave one of them out")
    if banned := set(without):
        keep = [row for row, item in enumerate(wearable.garments) if item.id not in banned]
        if any(row not in keep for row in fixed.values()):
            raise UsageError("a garment cannot be both worn and left out")
        part = Wearable(
            tuple(wearable.garments[row] for row in keep), wearable.traits.take(keep), wearable.aside, 0
        )
        found = best(part, day, tastes, bias[keep], wearing=wearing)
        back = np.array([*keep, -1], np.intp)
        return replace(found, outfits=back[found.outfits])
    suited = suit(wearable.garments, wearable.traits, day)
    return search(wearable.traits, suited, tastes.vector(), bias=bias, fixed=fixed)


def made(
    wearable: Wearable, found: Found, row: int, day: Day, tastes: Tastes, *, history: bool = True
) -> Suggestion:
    """One of the outfits found, put into words; `history`: also when it was worn."""
    worn = {
        slot: wearable.garments[place]
        for slot, place in zip(SLOTS, found.outfits[row].tolist(), strict=True)
        if place >= 0
    }
    verdict = tastes.verdict([item.uid for item in worn.values()])
    return Suggestion(
        worn, float(found.scores[row]), sentence(worn, day, history=history), missing_places(worn), verdict
    )


def chance(garments: Sequence[OwnedGarment], seed: int) -> Floats:
    """What a seed adds to each garment, (N,): the same garment gets the same, whatever else is there."""
    keys = [zlib.crc32(f"{seed}:{item.id}".encode()) for item in garments]
    return np.array([_CHANCE * (key / 2**32 - 0.5) for key in keys], float)


def likings(garments: Sequence[OwnedGarment], tastes: Tastes) -> Floats:
    """What votes say of single garments, (N,)."""
    return np.array([tastes.liking.get(item.uid, 0.0) for item in garments], float)


def _disliked(wearable: Wearable, found: Found, row: int, tastes: Tastes) -> bool:
    uids = [wearable.garments[place].uid for place in found.outfits[row] if place >= 0]
    verdict = tastes.verdict(uids)
    return verdict is not None and not verdict.liked


def _different(found: Found, rows: Sequence[int], count: int, colours: npt.NDArray[np.intp]) -> list[int]:
    """The best, then those that are best and share least with what was picked before; `colours` of garments (N,)."""
    areas = np.array([AREAS[slot] for slot in SLOTS])
    main = np.isin(SLOTS, _MAIN)
    looks = [
        frozenset(colours[place] for place, counts in zip(outfit, main, strict=True) if counts and place >= 0)
        for outfit in found.outfits
    ]
    picked: list[int] = []
    worth = {row: float(found.scores[row]) for row in rows}
    while worth and len(picked) < count:
        chosen = max(worth, key=lambda row: (worth[row], -row))
        picked.append(chosen)
        del worth[chosen]
        for row in list(worth):
            same = (found.outfits[row] == found.outfits[chosen]) & (found.outfits[chosen] >= 0)
            if (same | (found.outfits[row] < 0))[main].all() and same[main].any():
                del worth[row]  # another bag is no other outfit
            else:
                worth[row] -= _REPEATED * float((areas * same).sum() / areas[found.outfits[row] >= 0].sum())
                worth[row] -= _SAME_COLOURS * (looks[row] == looks[chosen])
    return picked


assert set(_MAIN) == {slot for base in BASES for slot in base}
