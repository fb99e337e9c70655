"""`ewardrobe train`: make a model; needs the extra `train`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.errors import MissingExtraError, UsageError

__all__ = ["app"]

app = typer.Typer(help="Train models (needs the extra `train`).", no_args_is_help=True)


@app.callback()
def _train() -> None:
    """Train models (needs the extra `train`)."""


@app.command("default")
def train_default(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", envvar="EWARDROBE_DATA", help="Folder of the training data: `ccp`, `flatlay`."
        ),
    ] = None,
    run: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the run; one that was stopped goes on in it.")
    ] = Path("runs/default"),
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A recipe of your own.", show_default="the shipped model's"),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE.onnx", help="Train this file of the same architecture further."),
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="PyTorch's threads.")] = None,
) -> None:
    """Train the model that ships, from the same data with the same seeds."""
    if find_spec("torch") is None:
        raise MissingExtraError("training needs PyTorch: pip install 'ewardrobe[train]'")
    if data is None:
        raise UsageError("say where the training data is, with --data or EWARDROBE_DATA")
    from ewardrobe.training.default import train_default as train

    train(data, run, recipe, start=start, threads=threads)
