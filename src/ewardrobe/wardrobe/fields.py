"""The fields an owner may set, and how what was typed becomes what is kept."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ewardrobe import taxonomy
from ewardrobe.attributes.values import Colour
from ewardrobe.errors import UsageError

__all__ = [
    "AUTOMATIC_FIELDS",
    "FIELDS",
    "GONE",
    "OUTFIT_FIELDS",
    "PRESENT",
    "STATUSES",
    "colour_from_text",
    "parse_date",
    "parse_fields",
]

PRESENT = ("active", "laundry", "repair", "lent")
"""Statuses of a garment that is still its owner's to wear, now or soon."""

GONE = ("archived", "sold", "donated", "lost", "discarded")
"""Statuses of a garment that is put away or no longer owned."""

STATUSES = PRESENT + GONE

AUTOMATIC_FIELDS = ("label", "type", "pattern", "material", "style", "occasion", "season", "colour")
"""What a model may fill in; never over what the owner set."""

_TRUE = {"yes", "true", "on", "1", "y"}
_FALSE = {"no", "false", "off", "0", "n"}
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def _text(limit: int, *, fold: bool = False) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or "\0" in value or not _is_unicode(value):
            raise ValueError("must be text")
        text = " ".join(value.split()) if limit < 1000 else value.strip()
        if len(text) > limit:
            raise ValueError(f"is longer than {limit} characters")
        return text.casefold() if fold else text

    return parse


def _is_unicode(text: str) -> bool:
    # A shell may hand over bytes that are none, which Python passes on as lone surrogates.
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _number(value: Any) -> int:
    try:
        number = int(value) if not isinstance(value, (bool, float)) else None
    except (TypeError, ValueError):
        number = None
    if number is None or not 1 <= number <= 1_000_000:
        raise ValueError("must be a whole number from 1")
    return number


def _price(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value).strip().replace(",", ".")).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise ValueError("must be an amount such as 39.90") from None
    if not (amount.is_finite() and 0 <= amount < 10**12):
        raise ValueError("must be an amount from 0")
    return amount


def _currency(value: Any) -> str:
    code = str(value).strip().upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError("must be three letters such as EUR")
    return code


def parse_date(value: Any) -> date:
    """A date, or its text as YYYY-MM-DD; ValueError otherwise."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        raise ValueError("must be a date such as 2026-05-31") from None


def _yes_or_no(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError("must be yes or no")


def _one_of(names: Iterable[str]) -> Callable[[Any], str]:
    known = tuple(names)

    def parse(value: Any) -> str:
        word = str(value).strip().lower()
        if word not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return word

    return parse


def _label(value: Any) -> str:
    classes = taxonomy.load("wardrobe")
    return _one_of(classes[index].name for index in classes.garments)(value)


def _tags(value: Any) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if isinstance(words, Mapping) or not isinstance(words, Iterable):
        raise ValueError("must be a list of words")
    return tuple(dict.fromkeys(tag for tag in map(_text(100), words) if tag))


def colour_from_text(value: Any) -> Colour:
    """A colour from its name ("navy"), its hex code ("#1f2a44") or an (r, g, b) triple; ValueError otherwise."""
    from ewardrobe.attributes.perceptual import to_cielab
    from ewardrobe.attributes.vocabulary import colour_of_word, name_colour, vocabulary

    text = str(value).strip()
    if match := _HEX.fullmatch(text):
        rgb = tuple(bytes.fromhex(match[1]))
        name = name_colour(rgb)
    elif (
        isinstance(value, (tuple, list)) and len(value) == 3 and all(0 <= int(part) <= 255 for part in value)
    ):
        rgb = tuple(int(part) for part in value)
        name = name_colour(rgb)
    else:
        found = colour_of_word(text)
        names = vocabulary().names
        if found not in names:
            raise ValueError(f"must be a hex code or one of {', '.join(names)}")
        name = str(found)
        rgb = tuple(int(part) for part in vocabulary().swatches[names.index(name)])
    red, green, blue = rgb
    lightness, a, b = (float(part) for part in to_cielab((red, green, blue)))
    return Colour(name, 1.0, (red, green, blue), (lightness, a, b))


def _colours(value: Any) -> tuple[Colour, ...]:
    """One colour, or several with equal shares; `Colour`s are kept as they are."""
    if isinstance(value, str):
        parts: list[Any] = [part for part in value.split(",") if part.strip()]
    elif isinstance(value, (tuple, list)) and not (
        len(value) == 3 and all(isinstance(p, int) for p in value)
    ):
        parts = list(value)
    else:
        parts = [value]
    if parts and all(isinstance(part, Colour) for part in parts):
        return tuple(parts)
    found = {colour.name: colour for colour in map(colour_from_text, parts)}
    return tuple(Colour(name, 1 / len(found), item.rgb, item.lab) for name, item in found.items())


_WORD = _text(60, fold=True)

FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": _text(200),
    "label": _label,
    "type": _WORD,
    "colour": _colours,
    "pattern": _WORD,
    "material": _WORD,
    "style": _WORD,
    "occasion": _WORD,
    "season": _WORD,
    "brand": _text(200),
    "size": _text(60),
    "price": _price,
    "currency": _currency,
    "bought_on": parse_date,
    "notes": _text(100_000),
    "tags": _tags,
    "quantity": _number,
    "status": _one_of(STATUSES),
    "status_reason": _text(10_000),
    "favourite": _yes_or_no,
}
"""A garment's fields, each with what makes a value of it (ValueError when it cannot)."""

OUTFIT_FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": _text(200),
    "notes": _text(100_000),
    "occasion": _WORD,
    "season": _WORD,
    "favourite": _yes_or_no,
}

_ALIASES = {
    "color": "colour",
    "colors": "colour",
    "colours": "colour",
    "favorite": "favourite",
    "tag": "tags",
}
_EMPTY: dict[str, Any] = {"colour": (), "tags": ()}
_NEVER_EMPTY = ("quantity", "status", "favourite")


def parse_fields(
    values: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]] = FIELDS
) -> dict[str, Any]:
    """Typed values from typed-in ones; None or "" empties a field.

    Raises `UsageError` for a field there is not, naming those there are, and for a value the field cannot hold.
    """
    parsed: dict[str, Any] = {}
    for given, value in values.items():
        name = _ALIASES.get(given, given)
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise UsageError(f"there is no field {given!r}{hint}; fields: {', '.join(known)}")
        if value is None or (isinstance(value, str) and not value.strip()):
            if name in _NEVER_EMPTY:
                raise UsageError(f"{name} cannot be empty")
            parsed[name] = _EMPTY.get(name)
            continue
        try:
            parsed[name] = known[name](value)
        except (ValueError, TypeError) as error:
            raise UsageError(f"{name} {error}, not {value!r}") from error
    return parsed
