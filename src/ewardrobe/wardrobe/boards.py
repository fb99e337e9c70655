"""Outfits as boards: where each garment lies on one, and the picture of it.

A board is 1 wide and `HEIGHT` high. A garment's place is that of its centre; its `scale` is the longer side of its
cut-out, in widths of the board. Later items lie on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw, ImageFont

from ewardrobe.wardrobe.records import Appearance, OutfitItem, OwnedGarment
from ewardrobe.wardrobe.vocabulary import SLOTS, Vocabulary

__all__ = ["HEIGHT", "Piece", "arrange", "complete", "draw_board", "piece_of"]

HEIGHT = 1.25
"""How high a board is; it is 1 wide."""

_MARGIN = 0.03
_LAYERS = ("legwear", "outerwear", "dress", "pants", "shorts", "skirt", "footwear", "top", "belt", "hat")
"""From the lowest up; whatever is not here lies on top. A coat lies behind what is worn under it, so that both show."""

_ROWS = (("hat",), ("outerwear", "dress", "top"), ("pants", "shorts", "skirt"), ("footwear",))
_ROOM = {"hat": (0.24, 0.15), "outerwear": (0.54, 0.54), "dress": (0.5, 0.8), "top": (0.48, 0.44),
         "pants": (0.4, 0.62), "shorts": (0.36, 0.32), "skirt": (0.42, 0.42), "footwear": (0.3, 0.18)}  # fmt: skip
_SIDE = (0.25, 0.26)
_SIDE_ORDER = ("eyewear", "scarf", "accessories", "belt", "bag", "legwear")
_TUCK = 0.04  # how far a row reaches under the one above it


@dataclass(frozen=True, slots=True)
class Piece:
    """A garment on its way onto a board: its number, the place of the body, and the shape of its cut-out.

    `slot` is a key of `vocabulary.SLOTS`, `aspect` width by height.
    """

    garment_id: int
    slot: str
    aspect: float


def piece_of(garment: OwnedGarment, vocabulary: Vocabulary) -> Piece:
    """What `arrange` needs: where it is worn says the type its owner gave it, else the class it was found as."""
    best = _best(garment)
    said = garment.provenance.get("type")
    own = vocabulary.slot_of(garment.type)
    seen = garment.label or (None if best is None else best.label)
    slot = (own or seen if said is None or said.source == "owner" else seen or own) or "accessories"
    return Piece(garment.id, slot if slot in SLOTS else "accessories", _aspect(best))


def _best(garment: OwnedGarment) -> Appearance | None:
    return max(garment.appearances, key=lambda item: (item.area, -item.id), default=None)


def _aspect(appearance: Appearance | None) -> float:
    if appearance is None:
        return 1.0
    try:
        with Image.open(appearance.thumbnail) as image:
            return image.width / image.height
    except OSError:
        return 1.0


def arrange(pieces: Sequence[Piece]) -> tuple[OutfitItem, ...]:
    """A first layout: head at the top, shoes at the bottom, what is carried or small beside; in order of layers.

    It depends on nothing but the pieces and their order.
    """
    rows = [[piece for piece in pieces if piece.slot in row] for row in _ROWS]
    body = {piece.garment_id for row in rows for piece in row}
    beside = sorted(
        (piece for piece in pieces if piece.garment_id not in body),
        key=lambda piece: _SIDE_ORDER.index(piece.slot) if piece.slot in _SIDE_ORDER else len(_SIDE_ORDER),
    )
    columns = [column for column in (beside[0::2], beside[1::2]) if len(beside) > 4] or [beside]
    if not beside:
        middle, room = 0.5, 1.0
    elif not body:
        return _numbered(pieces, _grid(beside))
    else:
        middle, room = (0.5, 0.5) if len(columns) == 2 else (0.37, 0.72)
    placed = _stack([row for row in rows if row], middle, room)
    for place, column in zip((0.85, 0.15), columns, strict=False):
        placed |= _column(column, place)
    return _numbered(pieces, placed)


_Place = tuple[float, float, float]


def _numbered(pieces: Sequence[Piece], places: Mapping[int, _Place]) -> tuple[OutfitItem, ...]:
    def layer(piece: Piece) -> int:
        return _LAYERS.index(piece.slot) if piece.slot in _LAYERS else len(_LAYERS)

    return tuple(
        OutfitItem(piece.garment_id, number, *(round(value, 4) for value in places[piece.garment_id]))
        for number, piece in enumerate(sorted(pieces, key=layer))
    )


def _fit(piece: Piece, width: float, height: float) -> tuple[float, float]:
    """Width and height of a piece as large as fits."""
    fitted = min(height, width / piece.aspect)
    return fitted * piece.aspect, fitted


def _stack(rows: Sequence[Sequence[Piece]], middle: float, room: float) -> dict[int, _Place]:
    """Rows from the top to the bottom, each centred on `middle` and at most `room` wide."""
    sized: list[list[tuple[Piece, float, float]]] = []
    for pieces in rows:
        share = 1.0 if len(pieces) == 1 else 0.8
        rooms = [(piece, *_ROOM[piece.slot]) for piece in pieces]
        sized.append([(piece, *_fit(piece, share * wide, share * high)) for piece, wide, high in rooms])
    heights = [max(height for _, _, height in row) for row in sized]
    total = sum(heights) - _TUCK * (len(rows) - 1)
    shrink = min(1.0, (HEIGHT - 2 * _MARGIN) / total)
    top = (HEIGHT - total * shrink) / 2
    places: dict[int, _Place] = {}
    for row, height in zip(sized, heights, strict=True):
        widest = max(width for _, width, _ in row) * shrink
        step = min(0.75 * widest, (room - widest - _MARGIN) / max(1, len(row) - 1))
        for number, (piece, width, own) in enumerate(row):
            x = middle + (number - (len(row) - 1) / 2) * max(0.08, step)
            y = top + own * shrink / 2
            places[piece.garment_id] = (x, y, max(width, own) * shrink)
        top += (height - _TUCK) * shrink
    return places


def _column(pieces: Sequence[Piece], x: float) -> dict[int, _Place]:
    """One below the other at the side, evenly."""
    room = (HEIGHT - 2 * _MARGIN) / max(3, len(pieces))
    start = (HEIGHT - room * len(pieces)) / 2
    places = {}
    for number, piece in enumerate(pieces):
        size = _fit(piece, _SIDE[0], min(_SIDE[1], room - 0.02))
        places[piece.garment_id] = (x, start + room * (number + 0.5), max(size))
    return places


def _grid(pieces: Sequence[Piece]) -> dict[int, _Place]:
    """Small things alone: side by side, in as many columns as rows."""
    across = next(count for count in range(1, len(pieces) + 1) if count * count >= len(pieces))
    down = -(-len(pieces) // across)
    width, height = 1 / across, HEIGHT / down
    return {
        piece.garment_id: (
            width * (number % across + 0.5),
            height * (number // across + 0.5),
            max(_fit(piece, 0.8 * min(width, 0.6), 0.8 * min(height, 0.6))),
        )
        for number, piece in enumerate(pieces)
    }


def complete(items: Iterable[OutfitItem], pieces: Mapping[int, Piece]) -> tuple[OutfitItem, ...]:
    """The items of which there is a piece, with a place each: the one they have, else that of a fresh layout."""
    found = sorted((item for item in items if item.garment_id in pieces), key=lambda item: item.position)
    if all(map(_has_place, found)):
        return tuple(found)
    fresh = arrange([pieces[item.garment_id] for item in found])
    if not any(map(_has_place, found)):
        return fresh
    places = {item.garment_id: item for item in fresh}
    return tuple(
        item if _has_place(item) else replace(places[item.garment_id], position=item.position)
        for item in found
    )


def _has_place(item: OutfitItem) -> bool:
    return None not in (item.x, item.y, item.scale)


def draw_board(
    items: Sequence[OutfitItem],
    garments: Mapping[int, OwnedGarment],
    *,
    width: int = 800,
    background: tuple[int, int, int] | None = None,
    small: bool = False,
) -> Image.Image:
    """The board as a picture of `width` by 1.25 `width` pixels, RGBA where `background` is None, else RGB.

    Made of pixels alone: nothing of what a camera wrote into the photos is in it. `small` takes the thumbnails, which
    is faster. A garment without a picture is a plate with its title.
    """
    size = (width, round(width * HEIGHT))
    board = Image.new("RGBA", size, (*(background or (0, 0, 0)), 0 if background is None else 255))
    for item in items:
        garment = garments.get(item.garment_id)
        if garment is None or item.x is None or item.y is None or item.scale is None:
            continue
        longer = max(1, min(2 * width, round(item.scale * width)))
        picture = _picture(garment, longer, small) or _plate(garment.title, longer)
        corner = (round(item.x * width - picture.width / 2), round(item.y * width - picture.height / 2))
        layer = Image.new("RGBA", size)
        layer.paste(picture, corner)
        board = Image.alpha_composite(board, layer)
    return board if background is None else board.convert("RGB")


def _picture(garment: OwnedGarment, longer: int, small: bool) -> Image.Image | None:
    best = _best(garment)
    if best is None:
        return None
    try:
        with Image.open(best.thumbnail if small else best.cutout) as image:
            found = image.convert("RGBA")
    except OSError:
        return None
    ratio = longer / max(found.size)
    size = (max(1, round(found.width * ratio)), max(1, round(found.height * ratio)))
    # Colours of see-through pixels must not bleed into the edge: they are weighed by their alpha.
    return found.convert("RGBa").resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).convert("RGBA")


def _plate(title: str, longer: int) -> Image.Image:
    plate = Image.new("RGBA", (longer, longer))
    pen = ImageDraw.Draw(plate)
    pen.rounded_rectangle((0, 0, longer - 1, longer - 1), longer // 10, fill=(226, 222, 213, 255))
    lines = title.split()
    longest = max(map(len, lines), default=1)
    font = ImageFont.load_default(max(8, min(longer // 6, round(1.5 * longer / max(4, longest)))))
    pen.multiline_text(
        (longer / 2, longer / 2),
        "\n".join(lines[:4]),
        font=font,
        fill=(60, 57, 50, 255),
        anchor="mm",
        align="center",
    )
    return plate
