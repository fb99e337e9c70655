"""`ewardrobe taxonomy`: the label sets."""

from __future__ import annotations

from typing import Annotated

import typer

from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_json, print_rows

__all__ = ["app"]

app = typer.Typer(help="The label sets, and what their classes are.", no_args_is_help=True)


@app.command("list")
def list_taxonomies(as_json: AsJson = False, as_csv: AsCsv = False, as_table: AsTable = False) -> None:
    """List the taxonomies there are."""
    from ewardrobe import taxonomy

    maps = taxonomy.map_names()
    rows = []
    for name in taxonomy.names():
        found = taxonomy.load(name)
        targets = [target for source, target in maps if source == name]
        rows.append({"name": name, "classes": len(found), "title": found.title, "maps_to": targets})
    print_rows(rows, as_json=as_json, as_csv=as_csv, as_table=as_table)


@app.command("show")
def show_taxonomy(
    name: Annotated[str, typer.Argument(help="Name of a taxonomy, as `taxonomy list` prints it.")],
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_table: AsTable = False,
) -> None:
    """Print a taxonomy's classes in index order, with colours and regions."""
    from ewardrobe import taxonomy

    found = taxonomy.load(name).to_dict()
    if as_json and not (as_csv or as_table):
        print_json(found)
    else:
        print_rows(found["classes"], as_json=as_json, as_csv=as_csv, as_table=as_table)
