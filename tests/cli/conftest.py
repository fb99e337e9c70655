"""A real small model, photos it can segment, and the command line called in this process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from ewardrobe.cli import run
from tests.segmentation.models import Shape, paint, person, photograph, write_colour_model

SOURCE = Path(__file__).resolve().parents[2] / "src"


@dataclass(frozen=True)
class Said:
    """What one command line said, and its exit code."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`command("find", "--json")` runs that command line on a wardrobe of the test's own."""
    monkeypatch.setenv("EWARDROBE_HOME", str(tmp_path / "home"))

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A described ONNX model that knows each class of `wardrobe` by its colour."""
    return write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx")


def write_photo(path: Path, shapes: list[Shape], size: tuple[int, int] = (256, 192)) -> Path:
    """A PNG of rectangles in their classes' colours; `size` is (height, width)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photograph(paint(size, shapes))).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder: a person, two people in a folder below, a dress that lies there, and a file that is no photo."""
    folder = tmp_path / "photos"
    write_photo(folder / "person.png", person(50))
    write_photo(folder / "more" / "pair.png", person(10) + person(100))
    write_photo(folder / "dress.png", [("dress", (40, 30, 100, 180))])
    (folder / "broken.jpg").write_bytes(b"not a photo")
    (folder / ".hidden.png").write_bytes(b"left alone")
    (folder / "notes.txt").write_text("left alone")
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve labelled photos whose labels are what was painted, except for one skirt that is labelled as shorts."""
    folder = tmp_path / "dataset"
    (folder / "labels").mkdir(parents=True)
    for number in range(12):
        shapes: list[Shape] = [*person(20 + 4 * number), ("skirt", (148, 20, 42, 200))]
        write_photo(folder / "photos" / f"{number}.png", shapes)
        labels = paint((256, 192), shapes)
        if number == 0:
            labels = paint((256, 192), [*person(20), ("shorts", (148, 20, 42, 200))])
        Image.fromarray(labels).save(folder / "labels" / f"{number}.png")
    (folder / "dataset.json").write_text(json.dumps({"taxonomy": "wardrobe", "kind": "worn"}))
    (folder / "val.txt").write_text("0\n1\n2\n")
    return folder


def start(*arguments: object, home: Path, **more: object) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "EWARDROBE_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "ewardrobe", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever started the tests in the background ignores Ctrl-C, and so would the command.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        **more,  # type: ignore[call-overload]
    )
