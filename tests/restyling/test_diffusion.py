"""The engine `diffusion` on real pipelines of diffusers, tiny ones with random weights, from a folder to the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ewardrobe
from ewardrobe.errors import ModelError, UsageError
from ewardrobe.restyling import Restyler, read_provenance, restyle
from ewardrobe.restyling.diffusion.settings import MODEL_VARIABLE
from tests.conftest import render_scene
from tests.restyling.conftest import truth_of

pytest.importorskip("torch", reason="needs the extra diffusion")
pytest.importorskip("diffusers", reason="needs the extra diffusion")

from tests.restyling.tiny_models import make_tiny, make_tiny_flux

REPOSITORY = Path(__file__).resolve().parents[2]
PHOTO = next(iter(sorted((REPOSITORY / "examples" / "people").glob("*.jpg"))))
SCENE = truth_of(render_scene(150, 220, items=("top", "pants", "footwear", "bag"), seed=3))
FEW = {"steps": 2}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("diffusion") / "tiny-inpainting")


@pytest.fixture
def copied(tiny: Path, tmp_path: Path) -> Path:
    """The model's folder, to be spoilt."""
    return Path(shutil.copytree(tiny, tmp_path / "copied"))


def test_a_real_photo_to_the_end(tiny: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = ewardrobe.segment(PHOTO)
    label = next(item.label for item in found.garments if item.label in ("top", "dress", "outerwear"))
    restyler = Restyler(
        f"make the {label} leather",
        settings={"model": tiny, "steps": 3, "size": 128},
        on_step=lambda done, total: told.append((done, total)),
    )
    assert restyler.steps[0].engine.name == "diffusion"
    made = restyler.restyle(found, seed=5)
    untouched = made.mask == 0
    assert (made.pixels[untouched] == found.photo.pixels[untouched]).all()
    inside = made.mask > 0.99
    assert (made.pixels[inside] != found.photo.pixels[inside]).any(axis=-1).mean() > 0.9
    assert told == [(1, 3), (2, 3), (3, 3)] * made.done[0].count(label)
    saved = read_provenance(made.save(tmp_path / "made.png"))
    assert saved is not None
    assert (saved["engine"], saved["seed"], saved["inpainter"]) == ("diffusion", 5, None)
    assert saved["settings"]["diffusion"]["model"] == "tiny-inpainting"
    assert saved["settings"]["diffusion"]["steps"] == 3


@pytest.mark.parametrize(
    "prompt",
    [
        "make the top leather",
        "make the top red",
        "white stripes on the trousers",
        "remove the bag",
        "make the outfit silk",
    ],
)
def test_outside_of_the_mask_nothing_changes(tiny: Path, prompt: str) -> None:
    made = restyle(
        SCENE, prompt, engine="diffusion", settings={"model": tiny, **FEW, "blur": 0.05, "grow": 0.1}
    )
    before = SCENE.photo.pixels
    assert (made.pixels[made.mask == 0] == before[made.mask == 0]).all()
    assert (made.pixels != before).any()
    body = np.isin(SCENE.label_map, [SCENE.taxonomy.index("skin"), SCENE.taxonomy.index("hair")])
    assert (made.pixels[body] == before[body]).all()


def test_the_same_seed_gives_the_same_picture(tiny: Path) -> None:
    restyler = Restyler("make the top leather", settings={"model": tiny, **FEW})
    one_by_one = [restyler.restyle(SCENE, seed=seed).pixels for seed in (0, 1, 2)]
    assert (one_by_one[0] != one_by_one[1]).any() and (one_by_one[1] != one_by_one[2]).any()
    fresh = Restyler("make the top leather", settings={"model": tiny, **FEW})
    together = fresh.restyle_many(SCENE, [0, 1, 2])
    assert [made.provenance["seed"] for made in together] == [0, 1, 2]
    for made, alone in zip(together, one_by_one, strict=True):
        assert (made.pixels == alone).all()
    batched = Restyler("make the top leather", settings={"model": tiny, **FEW, "batch": 3})
    for made, alone in zip(batched.restyle_many(SCENE, [0, 1, 2]), one_by_one, strict=True):
        assert np.abs(made.pixels.astype(int) - alone).max() <= 2


def test_words_and_settings_matter(tiny: Path) -> None:
    base = {"model": tiny, **FEW}

    def made(prompt: str = "make the top leather", **more: object) -> bytes:
        return restyle(SCENE, prompt, engine="diffusion", settings={**base, **more}).pixels.tobytes()

    pictures = [
        made(),
        made("make the top silk"),
        made(guidance=2),
        made(strength=0.5),
        made(negative="leather"),
        made(size=96),
        made(padding=1.0),
        made(template="{wish}"),
    ]
    assert len(set(pictures)) == len(pictures)


def test_what_recolouring_cannot_do_goes_to_it_when_it_is_there(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "make the top red and a leather skirt instead of the trousers"
    monkeypatch.setenv(MODEL_VARIABLE, str(tiny))
    steps = Restyler(prompt).steps
    assert [step.engine.name for step in steps] == ["recolour", "diffusion"]
    assert "by diffusion (the engine recolour changes colours" in str(steps[1])
    made = restyle(SCENE, prompt, settings=FEW)
    assert made.provenance["engine"] == "recolour, diffusion"
    # What no list knows is words to a model, and still said to be left out where no model hears it.
    assert (
        str(Restyler("make the top fluffy red").steps[0]) == "top → red (not understood: fluffy) by recolour"
    )
    assert (
        str(Restyler("make the top fluffy red", engine="diffusion").steps[0])
        == "top → “fluffy red” by diffusion"
    )
    assert "“shiny leather red”" in str(Restyler("make the top leather, shiny and red").steps[0])


def test_flux_fill_is_loaded_too(tmp_path: Path) -> None:
    flux = make_tiny_flux(tmp_path / "flux")
    settings = {"model": flux, **FEW, "size": 64}
    made = restyle(SCENE, "make the top leather", settings=settings)
    assert (made.pixels[made.mask == 0] == SCENE.photo.pixels[made.mask == 0]).all()
    assert (made.pixels != SCENE.photo.pixels).any()
    assert (restyle(SCENE, "make the top leather", settings=settings).pixels == made.pixels).all()
    with pytest.raises(UsageError, match="FluxFillPipeline, which knows no negative prompt"):
        Restyler("make the top leather", settings={**settings, "negative": "blur"}).load()


def one_line_of(model: Path | str, **settings: object) -> str:
    restyler = Restyler("make the top leather", engine="diffusion", settings={"model": model, **settings})
    with pytest.raises((ModelError, UsageError)) as caught:
        restyler.load()
    said = str(caught.value)
    assert "\n" not in said and len(said) < 400
    return said


def test_a_model_that_is_not_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    said = one_line_of("nobody/no-such-model-anywhere")
    assert "is not on this machine: fetch it with `hf download nobody/no-such-model-anywhere`" in said


def test_fetching_without_a_connection(tmp_path: Path) -> None:
    code = (
        "from ewardrobe.restyling import Restyler\n"
        "r = Restyler('make the top silk', settings={'model': 'nobody/no-such-model', 'download': True})\n"
        "try: r.load()\n"
        "except Exception as e: print(type(e).__name__, str(e))"
    )
    offline = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("ModelError the model nobody/no-such-model cannot be fetched or read")
    assert done.stdout.count("\n") == 1


def test_a_pipeline_that_cannot_inpaint(copied: Path) -> None:
    index = copied / "model_index.json"
    stated = json.loads(index.read_text())
    index.write_text(json.dumps({**stated, "_class_name": "AudioLDMPipeline"}))
    assert "is a AudioLDMPipeline, which cannot inpaint" in one_line_of(copied)


def test_a_network_of_other_channels(tmp_path: Path) -> None:
    other = make_tiny(tmp_path / "edits", channels=8)
    assert "no inpainting model: its network takes 8 channels, not 9" in one_line_of(other)


def test_a_text_to_image_model_inpaints_too(tmp_path: Path) -> None:
    plain = make_tiny(tmp_path / "plain", channels=4, kind="StableDiffusionPipeline")
    made = restyle(SCENE, "make the top leather", settings={"model": plain, **FEW})
    assert (made.pixels != SCENE.photo.pixels).any()


def test_pickles_are_not_read(copied: Path) -> None:
    import torch

    (copied / "text_encoder" / "model.safetensors").unlink()
    torch.save({"weight": torch.zeros(1)}, copied / "text_encoder" / "pytorch_model.bin")
    assert "not all its weights are there as safetensors" in one_line_of(copied)


@pytest.mark.parametrize(
    "spoilt", ["unet/diffusion_pytorch_model.safetensors", "unet/config.json", "vae/config.json"]
)
def test_a_damaged_folder(copied: Path, spoilt: str) -> None:
    (copied / spoilt).write_bytes(b"rubbish")
    assert one_line_of(copied).startswith(f"{copied} cannot be loaded")


def test_a_device_that_is_not_there(tiny: Path) -> None:
    assert "the device 'abacus' cannot be used here" in one_line_of(tiny, device="abacus")


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be limited on Linux")
def test_out_of_memory(tiny: Path) -> None:
    code = f"""
import resource
from ewardrobe.errors import ModelError
from ewardrobe.restyling import Restyler
from tests.restyling.test_diffusion import SCENE
restyler = Restyler("make the top silk", settings={{"model": {str(tiny)!r}, "steps": 1, "size": 2048}})
restyler.load()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20),) * 2)
try:
    restyler.restyle(SCENE)
except ModelError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.startswith(f"out of memory with {tiny}: try a smaller --set size=512"), done.stdout
