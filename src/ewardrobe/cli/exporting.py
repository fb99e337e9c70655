"""`ewardrobe models export`: a model, a run, or what others trained in PyTorch, as one described ONNX file."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewardrobe.cli.console import note
from ewardrobe.cli.extras import need_training
from ewardrobe.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["export_model"]

_PYTORCH = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
_REPOSITORY = re.compile(r"\w[\w-]*/[\w.-]+")
_GRAPHS = ("model.onnx", "onnx/model.onnx")
_MOST_CHECKED = 8


def export_model(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|RUN|WEIGHTS",
            help="A model, an .onnx file, the folder of a finished run, or what others trained in PyTorch: "
            "a SegFormer's folder or hub name, a .pth, .safetensors or .pt file.",
        ),
    ],
    target: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The .onnx file to write.", show_default=False)
    ] = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="The same.", show_default=False)] = None,
    fp16: Annotated[
        bool, typer.Option("--fp16", help="Of PyTorch's weights: store them as float16, half the size.")
    ] = False,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="TAXONOMY|FILE", help="Of WEIGHTS: what the classes are; in a file, one name per line."
        ),
    ] = None,
    description: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of WEIGHTS: what the model is, as JSON.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=32, help="Of WEIGHTS: the inference size in pixels that the file says.")
    ] = None,
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle", help="Of an Ultralytics .pt: read it although that runs the code in it."
        ),
    ] = False,
    check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PHOTO",
            help="Photos or a folder to compare with PyTorch on, 8 at most; without, a run's own, else a built-in one.",
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights and activations of eight bits; needs --calibrate.")
    ] = False,
    calibrate: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET", help="Photos that int8 ranges are taken from; its `val` split is scored."
        ),
    ] = None,
    photos: Annotated[int, typer.Option(min=4, help="How many photos to calibrate on.")] = 32,
) -> None:
    """Write a model, with its description inside, to a file of your own; out of PyTorch, it is checked against that."""
    path = to or target
    if path is None or (to and target):
        raise UsageError("name one file to write: ewardrobe models export NAME FILE")
    if int8 != (calibrate is not None):
        raise UsageError("--int8 and --calibrate DATASET go together")
    run, foreign = _is_run(name), _is_pytorch(name)
    if not foreign and (classes or description or size or allow_pickle):
        raise UsageError("--classes, --description, --size and --allow-pickle are for weights of PyTorch")
    if not (run or foreign):
        if fp16 or check:
            raise UsageError(
                "--fp16 and --check are for what comes out of PyTorch; an .onnx file stays as it is"
            )
        from ewardrobe.segmentation import export

        print(f"{name} written to {export(name, path)}")
    elif run:
        _export_run(Path(name), path, fp16, check)
    else:
        need_training("reading weights of PyTorch")
        from ewardrobe.segmentation import describe_model
        from ewardrobe.training.importing import import_model

        if allow_pickle:
            note(f"warning: reading {name} runs the code in it")
        done = import_model(
            name,
            path,
            classes=classes,
            description=description,
            size=size,
            allow_pickle=allow_pickle,
            photos=_photos(check),
            half=fp16,
        )
        note(f"{name}: {describe_model(path).licence or 'no licence stated'}")
        print(f"{name} written to {path} ({path.stat().st_size / 1e6:.1f} MB); {done.differences}")
    if calibrate is not None:
        _quantise(path, calibrate, photos)


def _is_run(name: str) -> bool:
    return any((Path(name) / file).exists() for file in ("model.json", "config.yaml"))


def _is_pytorch(name: str) -> bool:
    """Whether a name is that of weights of PyTorch which others trained, by what is there and its ending."""
    path = Path(name).expanduser()
    if path.is_dir():
        return (path / "config.json").is_file() and not any((path / file).is_file() for file in _GRAPHS)
    in_a_hub = not path.exists() and _REPOSITORY.fullmatch(name) and path.suffix != ".onnx"
    return path.suffix in _PYTORCH or bool(in_a_hub)


def _photos(arguments: list[str] | None) -> list[NDArray[np.uint8]]:
    """The photos to compare on, uint8 (H, W, 3) each."""
    from ewardrobe.imaging import open_photo

    if not arguments:
        return [open_photo(files("ewardrobe.jobs").joinpath("self-test.jpg").read_bytes()).pixels]
    from ewardrobe.jobs.sources import find_sources

    return [open_photo(source.path).pixels for source in find_sources(arguments)[:_MOST_CHECKED]]


def _export_run(run: Path, path: Path, fp16: bool, check: list[str] | None) -> None:
    need_training("exporting a run")
    from ewardrobe.training.exporting import export_run

    done = export_run(run, path, half=fp16, photos=_photos(check) if check else None)
    compared = done.differences or "the run's validation photos are gone: compared on noise only"
    print(f"{run} written to {path} ({path.stat().st_size / 1e6:.1f} MB); {compared}")


def _quantise(path: Path, calibrate: str, photos: int) -> None:
    need_training("quantising")
    from ewardrobe.training.quantising import quantise_in_place

    made = quantise_in_place(path, calibrate, photos)
    before, after = made.megabytes
    print(f"int8: calibrated on {made.photos} photos; {before:.1f} -> {after:.1f} MB")
    for key, (old, new) in made.scores.items():
        print(f"{key}: {old:.3f} -> {new:.3f}")
