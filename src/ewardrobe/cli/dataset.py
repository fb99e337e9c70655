"""`ewardrobe dataset`: the group of its commands."""

from __future__ import annotations

import typer

from ewardrobe.cli import dataset_looking, dataset_restyling, dataset_writing

__all__ = ["app"]

app = typer.Typer(help="Datasets: look at them, check, divide and convert them.", no_args_is_help=True)

for _name, _function in (
    ("info", dataset_looking.info),
    ("check", dataset_looking.check),
    ("preview", dataset_looking.preview),
    ("convert", dataset_writing.convert),
    ("split", dataset_looking.split),
    ("subset", dataset_writing.subset),
    ("merge", dataset_writing.merge),
    ("remap", dataset_writing.remap),
    ("prelabel", dataset_writing.prelabel),
    ("restyle", dataset_restyling.restyle),
):
    app.command(_name)(_function)
