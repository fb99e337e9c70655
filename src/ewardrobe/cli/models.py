"""`ewardrobe models`: which models there are, and getting them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.cli.console import byte_progress, note
from ewardrobe.cli.exporting import export_model
from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_json, print_rows

__all__ = ["app"]

app = typer.Typer(help="The models: list, show, pull, export.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a model, or an .onnx file.")]


@app.command("list")
def list_models(as_json: AsJson = False, as_csv: AsCsv = False, as_table: AsTable = False) -> None:
    """List the models: those here, and those that can be pulled."""
    from ewardrobe.segmentation import models

    rows = [
        {
            "name": item.name,
            "title": item.title,
            "task": None if item.description is None else item.description.task,
            "installed": item.installed,
            "licence": item.licence_note,
            "commercial_use": item.commercial_use,
            "megabytes": None if item.bytes is None else round(item.bytes / 1e6, 1),
            "path": None if item.path is None else str(item.path),
            "about": item.about,
        }
        for item in models()
    ]
    columns = ("name", "task", "title", "installed", "megabytes", "licence")
    print_rows(rows, as_json=as_json, as_csv=as_csv, as_table=as_table, columns=columns)


@app.command("show")
def show_model(name: Name, as_json: AsJson = False) -> None:
    """Show what a model says of itself: classes, input, licence, training data, scores."""
    from ewardrobe.segmentation import describe_model, resolve

    path = resolve(name)
    described = json.loads(describe_model(path).to_json())
    if as_json:
        print_json(described)
        return
    print(f"{'file':<16} {path} ({path.stat().st_size / 1e6:.1f} MB)")
    for key, value in described.items():
        if value not in (None, "", [], {}):
            print(f"{key.replace('_', ' '):<16} {value}")


@app.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `models list`.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Take this file instead of the download; it is checked all the same."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch it again although it is here.")] = False,
) -> None:
    """Fetch a model that others published, so that it can be used by name."""
    from ewardrobe.segmentation import info, pull

    note(f"{name}: {info(name).licence_note}")
    with byte_progress(f"Fetching {name}") as progress:
        path = pull(name, source=source, force=force, progress=progress)
    print(f"{name} is at {path}")


app.command("export")(export_model)
