from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="pydantic is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.errors import UsageError
from ewardrobe.training.config import load_config

pytestmark = pytest.mark.train

GOOD = """
architecture: unet
data:
  train: [{path: a, split: train}]
  validation: [{path: a, split: val}]
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_defaults_and_overrides(tmp_path: Path) -> None:
    config = load_config(
        _write(tmp_path, GOOD),
        [
            "optimiser.learning_rate=1e-4",
            "training.steps=20",
            "loss.terms={dice: 1}",
            "model.encoder=resnet18",
        ],
    )
    assert config.name == "mine" and config.taxonomy == "wardrobe"
    assert config.optimiser.learning_rate == 1e-4 and config.training.steps == 20
    assert config.loss.terms == {"dice": 1} and config.model == {"encoder": "resnet18"}


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optimiser.learning_rat=1", "unknown key 'optimiser.learning_rat'; did you mean 'learning_rate'?"),
        ("optimizer.learning_rate=1", "unknown key 'optimizer'; did you mean 'optimiser'?"),
        ("training.zzz=1", "unknown key 'training.zzz'; there are: steps, epochs"),
        ("training.early_stopping={patiense: 2}", "did you mean 'patience'?"),
        ("data.train=[{path: a, spilt: train}]", "unknown key 'data.train.0.spilt'; did you mean 'split'?"),
        ("training.steps=many", "training.steps: input should be a valid integer"),
        ("optimiser.learning_rate=-1", "optimiser.learning_rate: input should be greater than 0, not -1"),
        ("loss.terms={dicee: 1}", "loss.terms.dicee"),
        ("augmentation.scale=[2, 1]", "scale is [least, most]"),
        ("data.train=[]", "data.train: tuple should have at least 1 item"),
        ("training.epochs=2000", "epochs is more than steps"),
        ("steps", "is no override"),
        ("architecture.x=1", "architecture has no keys below it"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, override: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        load_config(_write(tmp_path, GOOD), [override])
    assert says in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("architecture: unet", "key 'data' is missing"),
        ("- a\n- b", "holds no keys"),
        ("a: [", "not valid YAML"),
        ("", "holds no keys"),
    ],
)
def test_a_file_that_is_no_config(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load_config(_write(tmp_path, text))
    with pytest.raises(UsageError, match="cannot read the config"):
        load_config(tmp_path / "missing.yaml")
