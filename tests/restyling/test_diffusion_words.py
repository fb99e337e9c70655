"""What an inpainting model is asked for, and what the engine may be told: all that needs no PyTorch."""

from __future__ import annotations

import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.errors import MissingExtraError, ModelError, UsageError
from ewardrobe.restyling import parse_prompt
from ewardrobe.restyling.diffusion.engine import working_size
from ewardrobe.restyling.diffusion.folders import check_model, is_name
from ewardrobe.restyling.diffusion.settings import MODEL_VARIABLE, DiffusionSettings
from ewardrobe.restyling.diffusion.wording import sentence, strength_of
from ewardrobe.restyling.engines import Options, create_engine
from ewardrobe.restyling.inpainting import OpenCVInpainter
from ewardrobe.restyling.mask import Region

WINDOW = (slice(0, 4), slice(0, 4))


def asked(prompt: str, *, worn: bool = True, template: str | None = None) -> str:
    (change,) = parse_prompt(prompt)
    region = Region(
        WINDOW, np.ones((4, 4), np.float32), np.ones((4, 4), np.bool_), change.target.words[0].word, worn
    )
    return sentence(change.how, region, template)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("make the jacket leather", "a photo of a person wearing a leather jacket,"),
        ("a denim jacket instead of the coat", "wearing a denim jacket,"),
        ("make the trousers red", "wearing red trousers,"),
        ("make the dress orange", "wearing an orange dress,"),
        ("make the shoes white", "a person's feet in white shoes,"),
        ("make the bag #c81e28", "carrying a red bag,"),
        ("white stripes on the blue shirt", "shirt with horizontal white stripes"),
        ("black and white checks on the dress", "wearing a black dress with white checks"),
        ("make the outerwear darker", "wearing a darker jacket,"),
        ("remove the bag", "plain clothes"),
    ],
)
def test_the_sentence_says_what_the_picture_shows(prompt: str, words: str) -> None:
    assert words in asked(prompt), asked(prompt)
    assert "  " not in asked(prompt)


def test_nobody_is_asked_for_where_nobody_is() -> None:
    assert asked("make the shirt silk", worn=False).startswith("a photo of a silk shirt,")
    assert "person" not in asked("remove the shirt", worn=False)
    assert asked("make the shirt silk", template="{wish} {garment}, studio") == "silk shirt, studio"


def test_a_colour_keeps_more_of_what_is_there_than_a_description() -> None:
    ways = ["make the shirt red", "white stripes on the shirt", "make the shirt silk"]
    strengths = [strength_of(parse_prompt(prompt)[0].how) for prompt in ways]
    assert strengths == sorted(strengths) and strengths[-1] == 1


def test_settings_are_read_from_text_and_from_values() -> None:
    read = DiffusionSettings.of(
        {"model": "a/b", "steps": "12", "strength": "0.5", "download": "yes", "size": None}
    )
    assert read == DiffusionSettings("a/b", download=True, steps=12, strength=0.5)
    assert DiffusionSettings.of({"model": Path("here"), "steps": 12, "download": False}).model == "here"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"modle": "a"}, "has no setting 'modle'; there are: model, download"),
        ({"steps": "many"}, "steps is a whole number from 1 to 1000, not 'many'"),
        ({"steps": "2.5"}, "steps is a whole number"),
        ({"strength": "0"}, "strength is a number from 0.01 to 1, not '0'"),
        ({"strength": "nan"}, "strength is a number"),
        ({"download": "perhaps"}, "download is yes or no"),
        ({"offload": "all"}, "offload is auto, none, model or sequential, not 'all'"),
        ({"template": "{colour}"}, "template may hold {garment} and {wish}"),
        ({}, f"needs a model: --set model=FOLDER, or {MODEL_VARIABLE}"),
    ],
)
def test_a_wrong_setting_is_one_line(
    settings: dict[str, object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    with pytest.raises(UsageError) as caught:
        DiffusionSettings.of(settings)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_the_environment_names_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODEL_VARIABLE, "owner/model")
    assert DiffusionSettings.of({}).model == "owner/model"
    assert DiffusionSettings.of({"model": "other"}).model == "other"


def test_a_folder_that_is_no_model_is_told_without_pytorch(tmp_path: Path) -> None:
    assert is_name("owner/model-1.0") and not is_name("./owner/model") and not is_name("folder")
    check_model("owner/model")
    (tmp_path / "weights.safetensors").write_bytes(b"")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "model_index.json").write_text("[]")
    for model, words in (
        (tmp_path / "none", "there is no such folder"),
        (tmp_path / "weights.safetensors", "is a file"),
        (tmp_path, "it has no model_index.json"),
        (tmp_path / "odd", "names no pipeline"),
    ):
        with pytest.raises(ModelError, match=words):
            check_model(str(model))


@given(
    height=st.integers(1, 5000),
    width=st.integers(1, 5000),
    side=st.sampled_from([512, 768, 1024]),
    multiple=st.sampled_from([8, 16, 64]),
)
def test_the_working_size_keeps_shape_and_area(height: int, width: int, side: int, multiple: int) -> None:
    across, down = working_size((height, width), side, multiple)
    assert across % multiple == down % multiple == 0 and min(across, down) >= multiple
    wanted = side / math.sqrt(height * width)
    for length, made in ((width, across), (height, down)):
        assert abs(made - length * wanted) <= multiple


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_the_extra_it_is_said_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match=r"needs torch.*pip install \"ewardrobe\[diffusion\]\""):
        create_engine("diffusion", Options(OpenCVInpainter(), {"model": "owner/model"}))


def test_choosing_an_engine_does_not_load_pytorch() -> None:
    code = (
        "import sys; from ewardrobe.errors import EwardrobeError; from ewardrobe.restyling import Restyler\n"
        "Restyler('make the shirt red')\n"
        "try: Restyler('make the shirt silk', settings={'model': 'owner/model'})\n"
        "except EwardrobeError: pass\n"
        "assert 'torch' not in sys.modules and 'diffusers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
