"""The wardrobe's own verbs: new, find, show, edit, remove, undo, stats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewardrobe.cli.options import Home
from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_json, print_rows
from ewardrobe.errors import UsageError

if TYPE_CHECKING:
    from ewardrobe.wardrobe import OwnedGarment

__all__ = ["edit", "find", "new", "remove", "show", "stats", "undo"]

_COLUMNS = (
    "id",
    "title",
    "type",
    "colour",
    "pattern",
    "material",
    "season",
    "brand",
    "size",
    "status",
    "worn",
)

Fields = Annotated[
    list[str],
    typer.Argument(metavar="KEY=VALUE...", help="Fields, such as type=shirt colour=navy price=39.90."),
]
Number = Annotated[int, typer.Argument(metavar="ID", help="The garment's number, as `find` prints it.")]


def new(fields: Fields, home: Home = None, as_json: AsJson = False) -> None:
    """Store a garment without a photo."""
    with _open(home) as wardrobe:
        garment = wardrobe.new(**_pairs(fields))
    _print_changed(garment, "stored", as_json)


def find(
    text: Annotated[list[str] | None, typer.Argument(help="Words that must all occur somewhere.")] = None,
    home: Home = None,
    type: Annotated[str | None, typer.Option(help="Such as t-shirt, jeans, blazer.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Class of the taxonomy `wardrobe`, such as outerwear.")
    ] = None,
    colour: Annotated[
        str | None, typer.Option("--colour", "--color", help="A colour it has, by name.")
    ] = None,
    near: Annotated[
        str | None, typer.Option(help="Colours near this one: a name or #rrggbb, nearest first.")
    ] = None,
    pattern: Annotated[str | None, typer.Option(help="Such as solid, striped, floral.")] = None,
    material: Annotated[str | None, typer.Option(help="Such as denim, knit, leather.")] = None,
    style: Annotated[str | None, typer.Option(help="Such as casual, formal, sports.")] = None,
    occasion: Annotated[str | None, typer.Option(help="What it is worn for.")] = None,
    season: Annotated[str | None, typer.Option(help="Such as summer, winter.")] = None,
    brand: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    tag: Annotated[str | None, typer.Option(help="A tag it carries.")] = None,
    favourite: Annotated[
        bool | None, typer.Option("--favourite/--no-favourite", help="Favourites, or none.")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(help="Such as laundry, lent, sold, removed; 'any' for all.", show_default="those owned"),
    ] = None,
    like: Annotated[
        int | None, typer.Option(metavar="ID", help="Garments like this one, the most alike first.")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(help="id, added, name, type, colour, price, bought, worn, last-worn; -worn reverses."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_table: AsTable = False,
) -> None:
    """Find garments by words, fields, colour nearness or likeness."""
    with _open(home) as wardrobe:
        found = wardrobe.find(
            " ".join(text or []) or None,
            type=type,
            label=label,
            colour=colour,
            near_colour=near,
            pattern=pattern,
            material=material,
            style=style,
            occasion=occasion,
            season=season,
            brand=brand,
            tag=tag,
            favourite=favourite,
            status=status,
            like=like,
            sort=sort,
            limit=limit,
        )
    records = [garment.to_dict() for garment in found]
    if as_json or as_csv:
        print_rows(records, as_json=as_json, as_csv=as_csv, as_table=as_table)
        return
    rows = [{**record, "worn": record["wear_count"]} for record in records]
    columns = [*_COLUMNS]
    for extra in ("similarity", "colour_distance"):
        if any(record[extra] is not None for record in records):
            columns.append(extra)
    print_rows(rows, as_json=False, as_csv=False, as_table=as_table, columns=columns)


def show(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """Show all there is about a garment, and where each value comes from."""
    with _open(home) as wardrobe:
        garment = wardrobe.get(number)
    if as_json:
        print_json(garment.to_dict())
    else:
        print("\n".join(_lines(garment)))


def edit(number: Number, fields: Fields, home: Home = None, as_json: AsJson = False) -> None:
    """Set fields of a garment; `key=` empties one. What you set is never overwritten by a model."""
    with _open(home) as wardrobe:
        garment = wardrobe.edit(number, **_pairs(fields))
    _print_changed(garment, "changed", as_json)


def remove(
    number: Number,
    home: Home = None,
    purge: Annotated[
        bool,
        typer.Option("--purge", help="Delete it and its pictures for good; `undo` cannot bring it back."),
    ] = False,
) -> None:
    """Take a garment out of the wardrobe."""
    with _open(home) as wardrobe:
        wardrobe.remove(number, purge=purge)
    print(f"{number} deleted for good" if purge else f"{number} removed; `ewardrobe undo` brings it back")


def undo(home: Home = None) -> None:
    """Take back the last change."""
    with _open(home) as wardrobe:
        entry = wardrobe.undo()
    if entry is None:
        print("nothing to take back")
        return
    print(f"taken back: {' '.join(part for part in (entry.verb, entry.detail) if part)}")


def stats(
    home: Home = None, as_json: AsJson = False, as_csv: AsCsv = False, as_table: AsTable = False
) -> None:
    """Count what is in the wardrobe: types, colours, wears, cost per wear."""
    from dataclasses import asdict

    with _open(home) as wardrobe:
        numbers = asdict(wardrobe.stats())
    if as_json and not (as_csv or as_table):
        print_json(numbers)
        return
    rows = [row for key, value in numbers.items() for row in _statistic(key, value)]
    print_rows(rows, as_json=as_json, as_csv=as_csv, as_table=as_table)


def _open(home: Any) -> Any:
    from ewardrobe.wardrobe import Wardrobe

    return Wardrobe.open(home)


def _pairs(fields: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{field!r} is not key=value")
        pairs[key.strip().replace("-", "_")] = value
    return pairs


def _print_changed(garment: OwnedGarment, verb: str, as_json: bool) -> None:
    if as_json:
        print_json(garment.to_dict())
    else:
        print(f"{garment.id} {verb}: {garment.title}")


def _lines(garment: OwnedGarment) -> list[str]:
    record = garment.to_dict()
    lines = [f"{garment.id}  {garment.title}"]
    for key, value in record.items():
        if key in ("id", "uid", "title", "provenance", "appearances", "colours") or value in (
            None,
            [],
            "",
            False,
        ):
            continue
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        lines.append(f"  {key.replace('_', ' '):<14} {shown}{_origin(garment, key)}")
    if garment.colours:
        shares = ", ".join(f"{colour.name} {colour.share:.0%}" for colour in garment.colours)
        lines.append(f"  {'colours':<14} {shares}")
    for item in garment.appearances:
        lines.append(f"  {'in photo':<14} {item.photo_id}: {item.label} {item.score:.2f}, {item.cutout}")
    return lines


def _origin(garment: OwnedGarment, key: str) -> str:
    said = garment.provenance.get(key)
    if said is None:
        return ""
    if said.source == "owner":
        return "  (set by you)"
    other = f", or {said.runner_up}" if said.runner_up else ""
    return f"  (by the {said.source}, {said.confidence:.2f}{other})"


def _statistic(key: str, value: Any) -> list[dict[str, str]]:
    """One row per number; counts within counts get a row each."""
    if isinstance(value, dict):
        rows = [_statistic(key, inner) for inner in value.values()]
        return [
            {**row, "which": f"{name} {row['which']}".strip()}
            for name, part in zip(value, rows, strict=True)
            for row in part
        ]
    if isinstance(value, tuple | list):
        if not all(isinstance(item, tuple | list) for item in value):
            return [{"what": key, "which": "", "value": ", ".join(map(str, value))}]
        return [{"what": key, "which": str(which), "value": str(count)} for which, count in value]
    return [{"what": key, "which": "", "value": str(value)}]
