from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("lightning", reason="Lightning is not installed: pip install 'ewardrobe[train]'")
optuna = pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.errors import UsageError  # noqa: E402
from ewardrobe.training.config import Config, load_config  # noqa: E402
from ewardrobe.training.sweeping import run_sweep, sweep_options, work_on  # noqa: E402
from tests.training.scenes import write_scenes  # noqa: E402

pytestmark = pytest.mark.train

PARAMETERS: dict[str, Any] = {
    "optimiser.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "data.batch_size": {"low": 1, "high": 2},
    "optimiser.name": ["adamw", "sgd"],
    "loss.terms": [{"dice": 1}, {"cross_entropy": 1, "dice": 0.5}],
}


def _config(folder: Path, **sweep: Any) -> Config:
    scenes = str(write_scenes(folder / "scenes", train=2, validation=1))
    document = {
        "architecture": "lite-fpn",
        "model": {"variant": 0, "width": 16},
        "data": {
            "train": [{"path": scenes, "split": "train"}],
            "validation": [{"path": scenes, "split": "val"}],
            "height": 64,
            "width": 64,
            "workers": 0,
        },
        "training": {"steps": 2, "epochs": 2, "precision": "32-true", "threads": 1},
        "sweep": {"trials": 5, "parameters": PARAMETERS, "pruner": {"startup": 1, "warmup": 0}, **sweep},
    }
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(document))
    return load_config(path)


def test_a_sweep_that_was_stopped_goes_on_and_ends_in_a_report(tmp_path: Path) -> None:
    config = _config(tmp_path)
    folder = tmp_path / "sweep"
    folder.mkdir()
    few = config.model_dump(mode="json")
    few["sweep"]["trials"] = 2
    (folder / "config.yaml").write_text(yaml.safe_dump(few))
    work_on(folder, None)
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{folder / 'study.db'}")
    first = [(trial.number, trial.params) for trial in study.trials]
    study.ask()  # as a process that was killed leaves it
    result = run_sweep(config, folder)
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{folder / 'study.db'}")
    assert [(trial.number, trial.params) for trial in study.trials[:2]] == first
    assert result.finished + result.pruned == 5 and result.failed == 1
    assert result.overrides == study.best_trial.user_attrs["overrides"] and result.best == study.best_value
    page = result.report.read_text()
    assert page.count("data:image/png;base64,") >= 2 and "optimiser.learning_rate" in page
    assert len((folder / "trials.csv").read_text().splitlines()) == 7
    best = json.loads((folder / "runs" / f"{study.best_trial.number:04d}" / "trial.json").read_text())
    assert best["overrides"] == result.overrides


def test_two_processes_share_a_sweep(tmp_path: Path) -> None:
    result = run_sweep(_config(tmp_path, trials=3, objective="throughput"), tmp_path / "sweep", jobs=2)
    assert result.finished + result.pruned >= 3 and result.best > 0


def test_runs_that_fail_are_told_of(tmp_path: Path) -> None:
    config = _config(tmp_path, trials=1, parameters={"data.height": [100, 90]})
    with pytest.raises(UsageError, match="lite-fpn needs multiples of 32"):
        run_sweep(config, tmp_path / "sweep")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"parameters": {"optimiser.learning_rat": [1, 2]}}, "did you mean 'learning_rate'"),
        (
            {"parameters": {"optimiser.learning_rate": [-1.0, 2]}},
            "optimiser.learning_rate: input should be greater",
        ),
        ({"parameters": {"optimiser.learning_rate": {"low": 2, "high": 1}}}, "low must be below high"),
        ({"trails": 3}, "did you mean 'trials'"),
        ({"parameters": {}}, "at least 1 item"),
    ],
)
def test_a_sweep_that_makes_no_sense(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as error:
        sweep_options(_config(tmp_path, **changes))
    assert says in str(error.value)


def test_a_config_without_a_sweep(tmp_path: Path) -> None:
    config = _config(tmp_path).model_copy(update={"sweep": None})
    with pytest.raises(UsageError, match="no `sweep` section"):
        run_sweep(config, tmp_path / "sweep")
