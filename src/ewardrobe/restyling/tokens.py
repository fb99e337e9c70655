"""A prompt's words, each as what it is: a garment, a colour, a pattern, a verb; the longest phrase first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ewardrobe.restyling.changes import AskedColour, GarmentWord
from ewardrobe.restyling.colour_words import colour_of_hex, colour_of_phrase
from ewardrobe.restyling.wordlists import garment_of_phrase, words

__all__ = ["Kind", "Token", "tokenise"]


class Kind(Enum):
    """What a word is in a prompt."""

    GARMENT = auto()
    COLOUR = auto()
    SHADE = auto()
    PATTERN = auto()
    DIRECTION = auto()
    WIDTH = auto()
    FABRIC = auto()
    BODY = auto()
    REMOVE = auto()
    EXCEPT = auto()
    INSTEAD = auto()
    SWAP = auto()
    WITH = auto()
    PERSON = auto()
    PRONOUN = auto()
    NOT = auto()
    SOFT = auto()
    HARD = auto()
    FILLER = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A phrase of the prompt and its meaning; `value` is a colour, a garment word, or the word it stands for."""

    kind: Kind
    text: str
    value: object = None

    @property
    def colour(self) -> AskedColour:
        """The colour of a COLOUR token."""
        assert isinstance(self.value, AskedColour)
        return self.value

    @property
    def garment(self) -> GarmentWord:
        """The garment of a GARMENT token."""
        assert isinstance(self.value, GarmentWord)
        return self.value


_LONGEST = 4
_WORD = re.compile(r"#\w+|\w+(?:'\w+)?|[,;&.]")


def _all(kind: Kind, value: object, listed: str) -> dict[str, tuple[Kind, object]]:
    return dict.fromkeys(listed.split(), (kind, value))


_FILLERS = (
    "make turn dye paint colour color coloured colored recolour recolor change set put give let have has want wants "
    "would like look looks wear wears wearing please should be is are was the a an in into to on onto of for as by so "
    "i me my you your her his their its she he they from shade tone plain solid pattern patterned all both print "
    "printed person woman man girl boy lady guy model people photo picture image this that these those some new one "
    "ones just only entirely completely fully pair"
)
_SINGLE: dict[str, tuple[Kind, object]] = {
    **_all(Kind.PATTERN, "stripes", "stripes stripe striped stripey stripy pinstripes pinstripe pinstriped"),
    **_all(
        Kind.PATTERN, "checks", "checks check checked checkered chequered checkerboard plaid tartan gingham"
    ),
    **_all(Kind.PATTERN, "dots", "dots dot dotted spots spotted"),
    "darker": (Kind.SHADE, "darker"),
    "lighter": (Kind.SHADE, "lighter"),
    "brighter": (Kind.SHADE, "brighter"),
    "paler": (Kind.SHADE, "paler"),
    **_all(Kind.WIDTH, 0.5, "thin narrow fine small tiny"),
    **_all(Kind.WIDTH, 1.8, "wide broad big large thick bold"),
    **_all(Kind.DIRECTION, "horizontal", "horizontal horizontally"),
    **_all(Kind.DIRECTION, "vertical", "vertical vertically"),
    **_all(Kind.DIRECTION, "diagonal", "diagonal diagonally"),
    **_all(Kind.REMOVE, None, "remove delete erase drop without no"),
    **_all(Kind.EXCEPT, None, "except but excluding"),
    **_all(Kind.SWAP, None, "replace swap exchange"),
    **_all(Kind.PERSON, 1, "left leftmost first"),
    **_all(Kind.PERSON, -1, "right rightmost last"),
    "second": (Kind.PERSON, 2),
    "third": (Kind.PERSON, 3),
    "fourth": (Kind.PERSON, 4),
    **_all(Kind.PRONOUN, None, "it them"),
    **_all(Kind.NOT, None, "not don't dont never"),
    **_all(Kind.SOFT, None, "and , &"),
    **_all(Kind.HARD, None, "; . then"),
    "with": (Kind.WITH, None),
    **_all(Kind.FILLER, None, _FILLERS),
}
_PHRASES: dict[tuple[str, ...], tuple[Kind, object]] = {
    ("polka", "dots"): (Kind.PATTERN, "dots"),
    ("polka", "dot"): (Kind.PATTERN, "dots"),
    ("polka", "dotted"): (Kind.PATTERN, "dots"),
    ("take", "off"): (Kind.REMOVE, None),
    ("take", "away"): (Kind.REMOVE, None),
    ("get", "rid", "of"): (Kind.REMOVE, None),
    ("instead", "of"): (Kind.INSTEAD, None),
    ("in", "place", "of"): (Kind.INSTEAD, None),
    ("other", "than"): (Kind.EXCEPT, None),
    ("apart", "from"): (Kind.EXCEPT, None),
    ("as", "well", "as"): (Kind.SOFT, None),
    ("do", "not"): (Kind.NOT, None),
}


def tokenise(prompt: str) -> list[Token]:
    """The prompt's tokens in order; UsageError for a "#..." that is no colour."""
    text = (
        unicodedata.normalize("NFKC", prompt)
        .lower()
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        .replace("-", " ")
    )
    parts = [_without_possessive(part) for part in _WORD.findall(text)]
    tokens, place = [], 0
    while place < len(parts):
        for length in range(min(_LONGEST, len(parts) - place), 0, -1):
            found = _token(parts[place : place + length])
            if found is not None:
                tokens.append(found)
                place += length
                break
        else:
            tokens.append(Token(Kind.UNKNOWN, parts[place]))
            place += 1
    return tokens


def _without_possessive(word: str) -> str:
    return word[:-2] if word.endswith("'s") else word


def _token(parts: Sequence[str]) -> Token | None:
    """The token of exactly these words, None where they are no phrase that is known."""
    text = " ".join(parts)
    if tuple(parts) in _PHRASES:
        return Token(_PHRASES[tuple(parts)][0], text, _PHRASES[tuple(parts)][1])
    if len(parts) == 1:
        if text.startswith("#"):
            return Token(Kind.COLOUR, text, colour_of_hex(text))
        if text in _SINGLE:
            return Token(_SINGLE[text][0], text, _SINGLE[text][1])
        known = words()
        if text in known.body:
            return Token(Kind.BODY, text)
        if text in known.fabrics:
            return Token(Kind.FABRIC, text)
    garment = garment_of_phrase(text)
    if garment is not None:
        return Token(Kind.GARMENT, text, garment)
    colour = colour_of_phrase(parts)
    return None if colour is None else Token(Kind.COLOUR, text, colour)
