"""`tryon`: a person, garments by number or file, and one picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.cli.conftest import Command
from tests.tryon.conftest import flat_piece


def cutout(folder: Path) -> Path:
    piece = flat_piece("top", colour=(20, 160, 40))
    Image.fromarray(np.dstack([piece.pixels, piece.alpha])).save(folder / "shirt.png")
    return folder / "shirt.png"


def test_a_cutout_is_put_on(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    arguments = ("tryon", photos / "person.png", cutout(tmp_path), "--as", "top", "--model", model)
    said = command(*arguments, "--out", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    made = tmp_path / "out" / "person.tried-on.png"
    assert (told["file"], told["worn"], told["engine"]) == (str(made), ["top (shirt)"], "warp")
    with Image.open(photos / "person.png") as before, Image.open(made) as after:
        assert before.size == after.size
        changed = (np.asarray(before.convert("RGB")) != np.asarray(after)).any(axis=2)
    assert 0.02 < changed.mean() < 0.6
    again = command(*arguments, "--out", tmp_path / "out")
    assert (again.code, "is there already" in again.err) == (2, True)
    assert command(*arguments, "--out", tmp_path / "me.jpg").code == 0
    assert (tmp_path / "me.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_mistakes_are_one_line(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    shirt = cutout(tmp_path)
    for expected, code, arguments in (
        ("cannot be tried on", 2, (shirt, "--as", "bag")),
        ("no garment 7", 1, ("7",)),
        ("unknown try-on engine", 2, (shirt, "--engine", "magic")),
        ("needs its weights", 1, (shirt, "--engine", "fashn-vton-1.5")),
        ("only one person", 2, (shirt, "--as", "top", "--person", 2)),
    ):
        said = command(
            "tryon", photos / "person.png", *arguments, "--model", model, "--out", tmp_path / "none.png"
        )
        assert (said.code, expected in said.err) == (code, True), said.err
        assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "none.png").exists()
