"""`ewardrobe train`: make a model; needs the extra `train`."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(help="Train models (needs the extra `train`).", no_args_is_help=True)
