"""What to wear: suggest, pack, sheet."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewardrobe.cli.options import Home
from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_json, print_rows
from ewardrobe.errors import UsageError

if TYPE_CHECKING:
    from ewardrobe.stylist import Forecast

__all__ = ["pack", "sheet", "suggest"]

Occasion = Annotated[str, typer.Option(help="everyday, work, celebration, sport or sleep.")]
Temperature = Annotated[
    float | None, typer.Option(help="Degrees Celsius.", show_default="what the season usually has")
]
Rain = Annotated[bool, typer.Option("--rain", help="It rains.")]
Wind = Annotated[float, typer.Option(min=0, help="Wind in km/h.")]
South = Annotated[bool, typer.Option("--south", help="Seasons of the southern hemisphere.")]
FromForecast = Annotated[
    bool, typer.Option("--forecast", help="Ask Open-Meteo, where that was allowed on the page Today.")
]
On = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="The day, or the first.", show_default="today")
]


def suggest(
    home: Home = None,
    occasion: Occasion = "everyday",
    temperature: Temperature = None,
    rain: Rain = False,
    wind: Wind = 0.0,
    on: On = None,
    south: South = False,
    forecast: FromForecast = False,
    wearing: Annotated[
        list[int] | None, typer.Option("--with", metavar="ID", help="A garment each outfit must have.")
    ] = None,
    without: Annotated[
        list[int] | None, typer.Option("--without", metavar="ID", help="A garment none may have.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Another number gives other outfits.", show_default="the date's")
    ] = None,
    count: Annotated[int, typer.Option("--n", "-n", min=1, max=12, help="How many.")] = 3,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_table: AsTable = False,
) -> None:
    """Suggest outfits for a day, each with the reason."""
    from ewardrobe.cli.console import note
    from ewardrobe.stylist import Day, Stylist

    with _open(home) as wardrobe:
        stylist = Stylist(wardrobe)
        when = _date(on)
        weather: dict[str, Any] = {"temperature": temperature, "rain": rain, "wind": wind}
        if forecast:
            weather = _weather(stylist.forecast(when, when)[0])
        day = Day(when, occasion, south=south, **weather)
        found = stylist.suggest(day, count=count, seed=seed, wearing=wearing or (), without=without or ())
    for line in found.notes:
        note(line)
    records = [outfit.to_dict() for outfit in found.outfits]
    if as_json:
        print_json({"seed": found.seed, "missing": list(found.missing), "outfits": records})
        return
    rows = [
        {
            "outfit": number,
            "garments": ", ".join(f"{item['id']} {item['title']}" for item in record["garments"]),
            "why": record["sentence"],
        }
        for number, record in enumerate(records, 1)
    ]
    print_rows(rows, as_json=False, as_csv=as_csv, as_table=as_table)


def pack(
    home: Home = None,
    days: Annotated[int, typer.Option(min=1, max=31, help="How many days.")] = 3,
    occasion: Annotated[
        list[str] | None,
        typer.Option(help="Of a day; several are those of the first days, the others are everyday."),
    ] = None,
    temperature: Temperature = None,
    rain: Rain = False,
    wind: Wind = 0.0,
    on: On = None,
    south: South = False,
    forecast: FromForecast = False,
    seed: Annotated[int, typer.Option(help="Another number gives another list.")] = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_table: AsTable = False,
) -> None:
    """Pack for a trip: few garments, an outfit for each day."""
    from ewardrobe.stylist import Day, Stylist
    from ewardrobe.stylist import pack as packed

    occasions = [*(occasion or []), *["everyday"] * days][:days]
    if occasion and len(occasion) > days:
        raise UsageError(f"{len(occasion)} occasions for {days} days")
    first = Day(_date(on)).on
    dates = [first + timedelta(days=number) for number in range(days)]
    weather: list[dict[str, Any]] = [{"temperature": temperature, "rain": rain, "wind": wind}] * days
    with _open(home) as wardrobe:
        if forecast:
            weather = [_weather(item) for item in Stylist(wardrobe).forecast(dates[0], dates[-1])]
        trip = [
            Day(when, what, south=south, **known)
            for when, what, known in zip(dates, occasions, weather, strict=True)
        ]
        found = packed(wardrobe, trip, seed=seed)
    if as_json:
        print_json(found.to_dict())
        return
    rows = [
        {"what": "pack", "which": f"{item.id} {item.title}", "detail": f"worn on {count}"}
        for _, item, count in found.garments
    ]
    rows += [
        {
            "what": f"{day.on} {day.occasion}",
            "which": ", ".join(f"{item.id} {item.title}" for item in outfit.garments.values())
            if outfit
            else "",
            "detail": outfit.sentence if outfit else "there is nothing to wear",
        }
        for day, outfit in found.days
    ]
    print_rows(rows, as_json=False, as_csv=as_csv, as_table=as_table)


def sheet(
    number: Annotated[int, typer.Argument(metavar="ID", help="The garment's number, as `find` prints it.")],
    home: Home = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A .pdf or .txt file; without it the text is printed."
        ),
    ] = None,
) -> None:
    """Write a sheet to sell a garment by: its picture on white and what is known of it."""
    from ewardrobe.imaging import write_atomically
    from ewardrobe.stylist import ResaleSheet

    kind = None if out is None else out.suffix.lower()
    if kind not in (None, ".pdf", ".txt"):
        raise UsageError(f"{out} must end in .pdf or .txt")
    with _open(home) as wardrobe:
        found = ResaleSheet.of(wardrobe.get(number))
    if out is None:
        print(found.text(), end="")
        return
    write_atomically(out, found.pdf() if kind == ".pdf" else found.text().encode())
    print(f"{out} written")


def _open(home: Any) -> Any:
    from ewardrobe.wardrobe import Wardrobe

    return Wardrobe.open(home)


def _date(text: str | None) -> date:
    try:
        return date.today() if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--on must be a date such as 2026-05-31, not {text!r}") from None


def _weather(found: Forecast) -> dict[str, Any]:
    return {"temperature": found.temperature, "rain": found.rain, "wind": found.wind}
