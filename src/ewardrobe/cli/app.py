"""The commands and their names, in the order `--help` shows them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ewardrobe.cli import (
    add,
    compare,
    corrections,
    dataset,
    doctor,
    evaluate,
    exchange,
    models,
    restyle,
    segment,
    serve,
    stylist,
    taxonomy,
    train,
    tryon,
    wardrobe,
)

__all__ = ["app", "command"]

app = typer.Typer(
    help="Photos of clothes in, a digital wardrobe out: every garment segmented, cut out, named and stored, offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from ewardrobe import __version__

        print(f"ewardrobe {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


_PHOTOS, _STORE, _TOOLS = "Photos", "The wardrobe", "Models and scores"

for _panel, _name, _function in (
    (_PHOTOS, "add", add.add),
    (_PHOTOS, "segment", segment.segment),
    (_PHOTOS, "cutout", segment.cutout),
    (_PHOTOS, "restyle", restyle.restyle),
    (_PHOTOS, "tryon", tryon.tryon),
    (_STORE, "serve", serve.serve),
    (_STORE, "new", wardrobe.new),
    (_STORE, "find", wardrobe.find),
    (_STORE, "show", wardrobe.show),
    (_STORE, "edit", wardrobe.edit),
    (_STORE, "remove", wardrobe.remove),
    (_STORE, "undo", wardrobe.undo),
    (_STORE, "stats", wardrobe.stats),
    (_STORE, "suggest", stylist.suggest),
    (_STORE, "pack", stylist.pack),
    (_STORE, "sheet", stylist.sheet),
    (_STORE, "export", exchange.export),
    (_STORE, "import", exchange.import_),
    (_STORE, "backup", exchange.backup),
    (_STORE, "restore", exchange.restore),
    (_STORE, "corrections", corrections.corrections),
    (_TOOLS, "evaluate", evaluate.evaluate),
    (_TOOLS, "compare", compare.compare),
    (_TOOLS, "train", train.train),
    (_TOOLS, "sweep", train.sweep),
    (_TOOLS, "doctor", doctor.doctor),
):
    app.command(_name, rich_help_panel=_panel)(_function)
app.add_typer(models.app, name="models", rich_help_panel=_TOOLS)
app.add_typer(dataset.app, name="dataset", rich_help_panel=_TOOLS)
app.add_typer(taxonomy.app, name="taxonomy", rich_help_panel=_TOOLS)


def command() -> Any:
    """The whole command line as one Click command."""
    return typer.main.get_command(app)
