"""What a prompt asks for: which garments are meant, and what is to become of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "AskedColour",
    "Change",
    "Describe",
    "GarmentWord",
    "How",
    "Pattern",
    "Recolour",
    "Remove",
    "Shade",
    "Target",
]

PatternKind = Literal["stripes", "checks", "dots"]
Direction = Literal["horizontal", "vertical", "diagonal"]
ShadeWord = Literal["darker", "lighter", "brighter", "paler"]


@dataclass(frozen=True, slots=True)
class AskedColour:
    """A colour as the prompt named it; `rgb` is sRGB 0..255. `exact`: given in figures, so that no seed varies it."""

    name: str
    rgb: tuple[int, int, int]
    exact: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Recolour:
    """Another colour, the cloth as it is."""

    colour: AskedColour

    def __str__(self) -> str:
        return str(self.colour)


@dataclass(frozen=True, slots=True)
class Shade:
    """The garment's own colour, but darker, lighter, brighter or paler."""

    word: ShadeWord

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Pattern:
    """Stripes, checks or dots of `figure` on `ground` (None: on the garment as it is); `scale` 1 is the usual width."""

    kind: PatternKind
    figure: AskedColour
    ground: AskedColour | None = None
    direction: Direction = "horizontal"
    scale: float = 1.0

    def __str__(self) -> str:
        width = {0.5: "thin ", 1.8: "wide "}.get(self.scale, "")
        run = f"{self.direction} " if self.kind == "stripes" else ""
        return f"{width}{run}{self.figure} {self.kind} on {self.ground or 'its own colour'}"


@dataclass(frozen=True, slots=True)
class Remove:
    """Away with it; what is behind it is made up from the surroundings."""

    def __str__(self) -> str:
        return "removed"


@dataclass(frozen=True, slots=True)
class Describe:
    """Something in words that is neither a colour nor a pattern, such as "leather" or "a denim jacket"."""

    text: str

    def __str__(self) -> str:
        return f"“{self.text}”"


How: TypeAlias = Recolour | Shade | Pattern | Remove | Describe


@dataclass(frozen=True, slots=True)
class GarmentWord:
    """What a person called a garment: `classes` of the taxonomy `wardrobe` it may be, the likeliest first.

    `group`: all of the classes are meant and not the first that is there, as in "outfit".
    """

    word: str
    classes: tuple[str, ...]
    group: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Which garments: those named, without the excluded; `person` 1.. from the left, -1 the one on the right."""

    words: tuple[GarmentWord, ...]
    excluded: tuple[GarmentWord, ...] = ()
    person: int | None = None

    def __str__(self) -> str:
        text = " and ".join(word.word for word in self.words)
        if self.excluded:
            text += " but not " + " or ".join(word.word for word in self.excluded)
        if self.person is not None:
            names = {1: "the person on the left", -1: "the person on the right"}
            text += f" of {names.get(self.person, f'person {self.person} from the left')}"
        return text


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do; `ignored` are words of the prompt that were not understood and change nothing."""

    target: Target
    how: How
    ignored: tuple[str, ...] = ()

    def __str__(self) -> str:
        left_out = f" (not understood: {', '.join(self.ignored)})" if self.ignored else ""
        return f"{self.target} → {self.how}{left_out}"
