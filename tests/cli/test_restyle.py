"""`restyle`: what is understood is shown, the pictures are written, and what is not there is one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ewardrobe
from ewardrobe.restyling import read_provenance
from tests.cli.conftest import Command


def test_a_photo_is_changed_and_says_how(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = command(
        "restyle", photos / "person.png", "-p", "Make the shirt red!", "--model", model, "--out", out
    )
    assert said.code == 0, said.err
    assert "understood: shirt → red" in said.err
    assert "top → red" in said.out
    made = out / "person.make-the-shirt-red.png"
    assert str(made) in said.out
    provenance = read_provenance(made)
    assert provenance is not None and provenance["prompt"] == "Make the shirt red!"
    with Image.open(photos / "person.png") as before, Image.open(made) as after:
        changed = (np.asarray(before) != np.asarray(after)).any(axis=2)
    assert 2500 < changed.sum() < 5000  # the top is 50 x 70


def test_several_pictures_have_seeds_of_their_own(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("restyle", photos / "person.png", "-p", "make it red", "--garment", "top", "--model", model)
    said = command(*arguments, "--out", out, "--n", 3, "--seed", 4, "--json")
    assert said.code == 0, said.err
    files = json.loads(said.out)[0]["files"]
    assert [Path(file).name for file in files] == [f"person.top-make-it-red.{seed}.png" for seed in (4, 5, 6)]
    assert len({Path(file).read_bytes() for file in files}) == 3
    before = Path(files[0]).stat().st_mtime_ns
    assert "skipped" in command(*arguments, "--out", out, "--n", 3, "--seed", 4).out
    assert Path(files[0]).stat().st_mtime_ns == before


def test_a_photo_without_the_garment_fails_alone(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    (photos / "broken.jpg").unlink()
    out = tmp_path / "out"
    said = command("restyle", photos, "-p", "make the dress green", "--model", model, "--out", out)
    assert said.code == 1
    assert "no dress in this photo; found: top, pants, footwear" in said.err
    assert "1 photo done, 2 failed" in said.err
    assert [path.name for path in out.rglob("*.png")] == ["dress.make-the-dress-green.png"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", "the prompt is empty"),
        ("mach das Hemd rot", "in English"),
        ("make the jacket leather", "the engine recolour changes colours"),
    ],
)
def test_a_prompt_that_cannot_be_met_is_one_line(
    prompt: str, words: str, command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    said = command("restyle", photos, "-p", prompt, "--model", model, "--out", tmp_path / "out")
    errors = [line for line in said.err.splitlines() if line.startswith("ewardrobe:")]
    assert said.code == 2 and len(errors) == 1 and words in errors[0]
    assert not (tmp_path / "out").exists()


def test_python_does_the_same(model: Path, photos: Path) -> None:
    made = ewardrobe.restyle(photos / "person.png", "make the shirt red", model=model)
    assert made.done == ("top → red",)
    assert made.image.size == (192, 256)


def test_a_setting_that_is_none_is_one_line(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    said = command("restyle", photos, "-p", "make the top red", "--set", "steps", "--out", tmp_path / "out")
    assert said.code == 2 and "--set 'steps' is not KEY=VALUE" in said.err


def test_diffusion_takes_what_recolouring_cannot_do(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="needs the extra diffusion")
    pytest.importorskip("diffusers", reason="needs the extra diffusion")
    from tests.restyling.tiny_models import make_tiny

    tiny = make_tiny(tmp_path / "tiny")
    prompt = ("restyle", photos / "person.png", "-p", "a leather jacket instead of the top", "--model", model)
    said = command(*prompt, "--set", f"model={tiny}", "--set", "steps=2", "--n", 2, "--out", tmp_path / "out")
    assert said.code == 0, said.err
    assert "understood: top → “leather jacket” by diffusion (the engine recolour" in said.err
    first, second = sorted((tmp_path / "out").glob("*.png"))
    assert first.read_bytes() != second.read_bytes()
    made = read_provenance(first)
    assert made is not None and made["settings"]["diffusion"]["steps"] == 2
    # What is wrong with a model shows once, before any photo.
    (tiny / "unet" / "config.json").write_bytes(b"")
    said = command(*prompt, "--set", f"model={tiny}", "--out", tmp_path / "none", "--overwrite")
    errors = [line for line in said.err.splitlines() if line.startswith("ewardrobe:")]
    assert said.code == 1 and len(errors) == 1 and "cannot be loaded" in errors[0]
    assert not list((tmp_path / "none").rglob("*.png"))
