"""`parse_prompt`: a sentence such as "make the shirt red and remove the bag" to the changes it asks for.

The words are looked up (`tokens`), joined into clauses, and each clause becomes one change. No language model is asked:
what is understood is a matter of word lists, it is always shown, and what is not understood is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from ewardrobe.errors import UsageError
from ewardrobe.restyling.changes import (
    AskedColour,
    Change,
    Describe,
    GarmentWord,
    How,
    Pattern,
    Recolour,
    Remove,
    Shade,
    Target,
)
from ewardrobe.restyling.tokens import Kind, Token, tokenise
from ewardrobe.restyling.wordlists import garment_of_phrase

__all__ = ["parse_prompt"]

_EXAMPLE = "such as 'make the shirt red'"
_HOW = frozenset({Kind.COLOUR, Kind.SHADE, Kind.PATTERN, Kind.REMOVE, Kind.FABRIC, Kind.SWAP, Kind.INSTEAD})
_LONGEST_PROMPT = 1000

Clause = list[Token]


def parse_prompt(prompt: str, *, garment: str | None = None) -> tuple[Change, ...]:
    """The changes that a prompt asks for, in its order; at least one.

    `garment` names the garment of clauses that name none, such as "make it red".

    Raises:
        UsageError: the prompt is empty, not English, names no garment, or contradicts itself.

    Examples:
        >>> [str(change) for change in parse_prompt("make the shirt dark green and remove the bag")]
        ['shirt → dark green', 'bag → removed']
    """
    if not prompt.strip():
        raise UsageError(f"the prompt is empty; say what to change, {_EXAMPLE}")
    if len(prompt) > _LONGEST_PROMPT:
        raise UsageError(
            f"the prompt is longer than {_LONGEST_PROMPT} letters; say it in fewer words, {_EXAMPLE}"
        )
    asked = None if garment is None else _garment_option(garment)
    tokens = tokenise(prompt)
    meant = {token.kind for token in tokens} - {Kind.UNKNOWN, Kind.FILLER, Kind.SOFT, Kind.HARD, Kind.WITH}
    unknown = [token.text for token in tokens if token.kind is Kind.UNKNOWN]
    if not meant and (asked is None or not unknown):
        raise UsageError(f"nothing in {_shown(prompt)} was understood; prompts are in English, {_EXAMPLE}")
    changes: list[Change] = []
    targets: tuple[GarmentWord, ...] = ()
    for clause in _clauses(tokens):
        change = _change(clause, asked, targets, prompt)
        targets = change.target.words
        changes.append(change)
    if not changes:
        raise UsageError(
            f"{_shown(prompt)} does not say what to change; say it {_EXAMPLE[len('such as ') :]}"
        )
    return tuple(changes)


def _garment_option(text: str) -> GarmentWord:
    found = garment_of_phrase(" ".join(text.lower().replace("-", " ").split()))
    if found is None:
        raise UsageError(f"{text!r} is no garment that is known; name one such as top, dress or shoes")
    return found


def _shown(prompt: str) -> str:
    text = " ".join(prompt.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _clauses(tokens: Sequence[Token]) -> list[Clause]:
    """Whole clauses: pieces between "and" and commas, joined until each names a garment and what becomes of it."""
    clauses: list[Clause] = []
    for sentence in _split(tokens, Kind.HARD):
        pieces = [piece for piece in _split(sentence, Kind.SOFT) if piece]
        joined: list[Clause] = []
        for number, piece in enumerate(pieces):
            last = joined[-1] if joined else None
            if last is None or (_is_whole(last) and _stands_alone(piece, pieces[number + 1 :])):
                joined.append(piece)
            else:
                joined[-1] = [*last, *piece]
        clauses += joined
    return [clause for clause in clauses if any(token.kind is not Kind.FILLER for token in clause)]


def _split(tokens: Sequence[Token], kind: Kind) -> list[Clause]:
    pieces: list[Clause] = [[]]
    for token in tokens:
        if token.kind is kind:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def _has(clause: Sequence[Token], *kinds: Kind) -> bool:
    return any(token.kind in kinds for token in clause)


def _is_whole(clause: Clause) -> bool:
    said = _has(clause, *_HOW) or _has(clause, Kind.UNKNOWN)
    return _has(clause, Kind.GARMENT, Kind.PRONOUN, Kind.BODY) and said


def _stands_alone(piece: Clause, following: Sequence[Clause]) -> bool:
    """Whether a piece begins a clause of its own, or hangs on to the one before: "red shirt | and pants"."""
    if _is_whole(piece):
        return True
    if not _has(piece, Kind.GARMENT) or not following:
        return False
    # "shirt red, | pants | and shoes black": the pants belong to what comes, as there the garment is named first.
    after = following[0]
    kinds = [token.kind for token in after if token.kind in _HOW or token.kind is Kind.GARMENT]
    return _is_whole(after) and kinds[0] is Kind.GARMENT


def _change(
    clause: Clause, asked: GarmentWord | None, before: tuple[GarmentWord, ...], prompt: str
) -> Change:
    if _has(clause, Kind.NOT):
        raise UsageError(f"{_shown(prompt)}: what is not to be done cannot be asked; say what is, {_EXAMPLE}")
    swapped = _swap(clause, asked)
    if swapped is not None:
        return swapped
    body = [token.text for token in clause if token.kind is Kind.BODY]
    if body:
        raise UsageError(f"{body[0]} is no garment: only clothes, shoes, bags and the like can be changed")
    included, excluded = _garments(clause)
    if not included:
        if asked is not None:
            included = (asked,)
        elif _has(clause, Kind.PRONOUN) and before:
            included = before
        elif excluded:
            included = (_garment_option("everything"),)
        else:
            unknown = [token.text for token in clause if token.kind is Kind.UNKNOWN]
            what = f"{unknown[0]!r} is no garment that is known" if unknown else "no garment is named"
            raise UsageError(f"{_shown(prompt)}: {what}; name one such as top, dress or shoes")
    how, ignored = _how(clause, prompt)
    person = next((token.value for token in clause if token.kind is Kind.PERSON), None)
    target = Target(included, excluded, person if isinstance(person, int) else None)
    return Change(target, how, ignored)


def _swap(clause: Clause, asked: GarmentWord | None) -> Change | None:
    """What is to stand in for a garment, described: "a denim jacket instead of the coat"; None where nothing is."""
    kinds = [token.kind for token in clause]
    if Kind.INSTEAD in kinds:
        place = kinds.index(Kind.INSTEAD)
        new, old = clause[:place], clause[place + 1 :]
    elif Kind.SWAP in kinds and Kind.WITH in kinds[kinds.index(Kind.SWAP) :]:
        place = kinds.index(Kind.WITH, kinds.index(Kind.SWAP))
        old, new = clause[:place], clause[place + 1 :]
    else:
        return None
    words = tuple(token.garment for token in old if token.kind is Kind.GARMENT)
    if not words and asked is not None:
        words = (asked,)
    if not words:
        raise UsageError(f"which garment is to be replaced is not said; say it, {_EXAMPLE}")
    if not _has(new, Kind.GARMENT) and (_has(new, Kind.COLOUR, Kind.PATTERN)):
        return None  # "a red one instead of the blue shirt" is a matter of colour
    return Change(Target(words), Describe(_text(new)))


def _text(tokens: Sequence[Token]) -> str:
    kept = [token.text for token in tokens if token.kind not in (Kind.FILLER, Kind.SOFT, Kind.SWAP)]
    return " ".join(kept) or "something else"


def _garments(clause: Clause) -> tuple[tuple[GarmentWord, ...], tuple[GarmentWord, ...]]:
    """The garments that are named, and those after "but" or "except"."""
    included: list[GarmentWord] = []
    excluded: list[GarmentWord] = []
    chosen = included
    for token in clause:
        if token.kind is Kind.EXCEPT:
            chosen = excluded
        elif token.kind in (Kind.COLOUR, Kind.SHADE, Kind.PATTERN) and excluded:
            chosen = included
        elif token.kind is Kind.GARMENT and token.garment not in chosen:
            chosen.append(token.garment)
    return tuple(included), tuple(excluded)


def _how(clause: Clause, prompt: str) -> tuple[How, tuple[str, ...]]:
    """What becomes of the garment, and the words beside that were not understood."""
    if _has(clause, Kind.REMOVE):
        return Remove(), _unknown(clause)
    described = _described(clause)
    patterns = [token.value for token in clause if token.kind is Kind.PATTERN]
    colours = _colours(clause, keep_described=bool(patterns))
    shades = [token.value for token in clause if token.kind is Kind.SHADE]
    if described:
        return Describe(described), tuple(word for word in _unknown(clause) if word not in described.split())
    if patterns:
        return _pattern(clause, str(patterns[0]), colours, prompt), _unknown(clause)
    if shades and not colours:
        return Shade(shades[0]), _unknown(clause)  # type: ignore[arg-type]
    if len(colours) > 1:
        both = " and ".join(colour.name for colour in colours)
        raise UsageError(
            f"{_shown(prompt)}: {both} at once? say one colour, or how, as in '{both} stripes on the shirt'"
        )
    if colours:
        return Recolour(colours[0]), _unknown(clause)
    raise UsageError(
        f"{_shown(prompt)} does not say what becomes of it; give a colour, a pattern or 'remove'"
    )


def _colours(clause: Clause, *, keep_described: bool) -> list[AskedColour]:
    """The colours asked for; not red in "make the red shirt blue", which only says which shirt."""
    places = [place for place, token in enumerate(clause) if token.kind is Kind.COLOUR]
    if not keep_described and places and not _describes(clause, places[-1]):
        places = [place for place in places if not _describes(clause, place)]
    return [clause[place].colour for place in places]


def _describes(clause: Clause, place: int) -> bool:
    """Whether the word at `place` stands right before a garment."""
    rest = iter(clause[place + 1 :])
    following = next((token for token in rest if token.kind not in (Kind.FABRIC, Kind.UNKNOWN)), None)
    return following is not None and following.kind is Kind.GARMENT


def _described(clause: Clause) -> str:
    """Fabrics and unknown words that say what it is to become: all but those before a garment that gets a colour."""
    told = _has(clause, Kind.COLOUR, Kind.SHADE, Kind.PATTERN)
    wanted = []
    for place, token in enumerate(clause):
        is_word = token.kind is Kind.FABRIC or (token.kind is Kind.UNKNOWN and not told)
        if is_word and not (told and _describes(clause, place)):
            wanted.append(token)
    if not wanted:
        return ""
    return " ".join(
        token.text for token in clause if token in wanted or token.kind in (Kind.COLOUR, Kind.PATTERN)
    )


def _unknown(clause: Clause) -> tuple[str, ...]:
    return tuple(token.text for token in clause if token.kind is Kind.UNKNOWN)


def _pattern(clause: Clause, kind: str, colours: list[AskedColour], prompt: str) -> Pattern:
    if not 1 <= len(colours) <= 2:
        said = "no colour is named" if not colours else f"{len(colours)} colours are named"
        raise UsageError(
            f"{_shown(prompt)}: {said} for the {kind}; name one or two, as in 'white {kind} on the dress'"
        )
    direction = next((token.value for token in clause if token.kind is Kind.DIRECTION), None)
    pinstripes = any(token.text.startswith("pinstripe") for token in clause)
    scale = next((token.value for token in clause if token.kind is Kind.WIDTH), 0.5 if pinstripes else 1.0)
    if direction is None:
        direction = "vertical" if pinstripes else "horizontal"
    ground = None
    figure = colours[0]
    if len(colours) == 2:
        ground, figure = _ground_and_figure(clause, colours)
    return Pattern(kind, figure, ground, direction, float(scale))  # type: ignore[arg-type]


def _ground_and_figure(clause: Clause, colours: list[AskedColour]) -> tuple[AskedColour, AskedColour]:
    """Of two colours, the one of the pattern's own: the one right before it, unless a garment comes between."""
    order = [token for token in clause if token.kind in (Kind.COLOUR, Kind.PATTERN, Kind.GARMENT)]
    place = next(number for number, token in enumerate(order) if token.kind is Kind.PATTERN)
    first, second = colours
    # "white dots on the red dress": the second colour stands after the pattern, and is the ground.
    if place and order[place - 1].kind is Kind.COLOUR and order[place - 1].colour == first:
        return second, first
    return first, second
