"""`ewardrobe train` and `ewardrobe sweep`: make models; they need the extra `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.cli.extras import need_training
from ewardrobe.errors import UsageError

__all__ = ["sweep", "train"]

Data = Annotated[
    Path | None,
    typer.Option(metavar="DIR", envvar="EWARDROBE_DATA", help="Folder that the datasets' paths start from."),
]


def train(
    what: Annotated[
        str, typer.Argument(metavar="CONFIG", help="A YAML file, or `default` for the shipped model.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Keys of the config to set, such as training.steps=500."
        ),
    ] = None,
    data: Data = None,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the run; one that was stopped goes on in it.",
            show_default="runs/NAME",
        ),
    ] = None,
    export: Annotated[bool, typer.Option(help="Write model.onnx at the end.")] = True,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="`default` only: another recipe.", show_default="the shipped model's"
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE.onnx", help="`default` only: train this file of it further."),
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="PyTorch's threads.")] = None,
) -> None:
    """Train a model as a config says; `configs/` has ready ones. A config with `pipeline` trains two, into one file.

    The run folder holds the config, metrics.csv, TensorBoard logs, curves and pictures, checkpoints, and the model.
    """
    need_training("training")
    if what == "default":
        if overrides:
            raise UsageError("`train default` takes a --recipe, no key=value: its phases are in that file")
        if data is None:
            raise UsageError("say where the training data is, with --data or EWARDROBE_DATA")
        from ewardrobe.training.default import train_default

        train_default(data, run or Path("runs/default"), recipe, start=start, threads=threads)
        return
    if recipe or start:
        raise UsageError("--recipe and --start are for `train default`; a config has its own keys")
    from ewardrobe.training.config import load_config
    from ewardrobe.training.pipeline import load_pipeline, train_pipeline
    from ewardrobe.training.running import train as train_config

    changes = list(overrides or [])
    parts = load_pipeline(Path(what), changes)
    if parts is not None:
        model = train_pipeline(parts, run or Path("runs") / Path(what).stem, data=data, export=export)
        print(f"model: {model}" if model else "both parts are trained")
        return
    if threads:
        changes.append(f"training.threads={threads}")
    config = load_config(Path(what), changes)
    done = train_config(config, run or Path("runs") / config.name, data=data, export=export)
    if done.scores:
        scores = "  ".join(f"{name} {value:.3f}" for name, value in done.scores.items())
        print(f"{done.folder}: {done.steps} steps, best {done.watch} {done.best:.3f}; at the end {scores}")
    if done.onnx:
        print(f"model: {done.onnx}")


def sweep(
    what: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file with a `sweep` section.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Keys to set, such as sweep.trials=30."),
    ] = None,
    data: Data = None,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the sweep; one that was stopped goes on in it.",
            show_default="runs/NAME-sweep",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Processes that take runs.")] = 1,
) -> None:
    """Search over a config's keys: many short runs, the hopeless ones stopped early, and a report."""
    need_training("training")
    from ewardrobe.training.config import load_config
    from ewardrobe.training.sweeping import run_sweep

    config = load_config(what, overrides or [])
    found = run_sweep(config, run or Path("runs") / f"{config.name}-sweep", data=data, jobs=jobs)
    best = " ".join(f"{key}={value}" for key, value in found.overrides.items())
    print(f"{found.finished} runs finished, {found.pruned} stopped early, {found.failed} failed")
    print(f"best {found.best:.4f}: {best}")
    print(f"report: {found.report}")
