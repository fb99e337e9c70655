"""A search over a config's keys with Optuna: many short runs, the hopeless ones stopped early.

The config's `sweep` section says what is tried:

    sweep:
      trials: 20
      parameters:
        optimiser.learning_rate: {low: 1e-5, high: 1e-2, log: true}
        optimiser.name: [adamw, sgd]
        data.batch_size: {low: 2, high: 16, log: true}
        augmentation.strength: {low: 0, high: 1.5}
        data.workers: [0, 1, 2]
      objective: score            # or `throughput`, photos a second
      pruner: {warmup: 2, startup: 4}

Everything is kept in `study.db` (SQLite) in the sweep's folder: a sweep that was stopped goes on, and several processes
may work on one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import lightning as L
import optuna
import yaml
from optuna.trial import Trial, TrialState
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.imaging import write_atomically
from ewardrobe.training.config import Config, validated
from ewardrobe.training.running import train

__all__ = ["Sweep", "SweepResult", "run_sweep", "sweep_options", "work_on"]

_STUDY = "study.db"


class Range(BaseModel):
    """Numbers from `low` to `high`; whole ones where both are; evenly in their logarithm with `log`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.log and self.low <= 0:
            raise ValueError("low must be above 0 with log")
        return self


class Pruner(BaseModel):
    """A run whose score is below the median of the others is stopped, after `warmup` validations, once there are
    `startup` finished runs to compare with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warmup: Annotated[int, Field(ge=0)] = 1
    startup: Annotated[int, Field(ge=0)] = 4


class Sweep(BaseModel):
    """The `sweep` section of a config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameters: Mapping[str, Range | tuple[Any, ...]] = Field(min_length=1)
    trials: Annotated[int, Field(ge=1)] = 20
    objective: Literal["score", "throughput"] = "score"
    pruner: Pruner = Pruner()
    seed: int = 1


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found: its folder, the best value and the overrides that gave it, and how its runs ended."""

    folder: Path
    best: float
    overrides: dict[str, Any]
    finished: int
    pruned: int
    failed: int
    report: Path


def sweep_options(config: Config) -> Sweep:
    """The config's `sweep` section; UsageError when there is none, or it makes no sense."""
    if config.sweep is None:
        raise UsageError("the config has no `sweep` section: say which parameters to try")
    options = validated(Sweep, config.sweep, "sweep")
    for key, tried in options.parameters.items():
        for value in (tried.low, tried.high) if isinstance(tried, Range) else tried:
            _with(config, {key: _whole(value) if isinstance(tried, Range) else value})
    return options


def run_sweep(
    config: Config, folder: Path, *, data: Path | None = None, jobs: int = 1, progress: bool = False
) -> SweepResult:
    """Try the config's parameters until `trials` runs have ended, in `jobs` processes, and write the report.

    Raises:
        UsageError: the `sweep` section makes no sense, or no run finished.
    """
    options = sweep_options(config)
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_atomically(folder / "config.yaml", text.encode())
    study = _study(folder, options)
    # A process that was killed left its run unfinished: it counts as failed, and is tried anew.
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    if jobs == 1:
        work_on(folder, data, progress=progress)
    else:
        command = [sys.executable, "-m", __name__, str(folder), *([] if data is None else [str(data)])]
        workers = [subprocess.Popen(command) for _ in range(jobs)]
        codes = [worker.wait() for worker in workers]
        if any(codes):
            raise EwardrobeError(f"a process of the sweep failed; {folder / _STUDY} holds what was finished")
    from ewardrobe.training.sweep_report import write_report

    done = study.get_trials(deepcopy=False)
    counts = {state: sum(trial.state == state for trial in done) for state in TrialState}
    if not counts[TrialState.COMPLETE]:
        reason = next((trial.user_attrs["error"] for trial in done if "error" in trial.user_attrs), "")
        raise UsageError(f"no run of the sweep finished{f': {reason}' if reason else ''}")
    return SweepResult(
        folder,
        float(study.best_value),
        dict(study.best_trial.user_attrs["overrides"]),
        counts[TrialState.COMPLETE],
        counts[TrialState.PRUNED],
        counts[TrialState.FAIL],
        write_report(study, folder, options.objective),
    )


def work_on(folder: Path, data: Path | None, *, progress: bool = False) -> None:
    """Take runs of the sweep in `folder` until as many as it asks for have ended; several processes may do so."""
    config = validated(Config, yaml.safe_load((folder / "config.yaml").read_text()), "config.yaml")
    options = sweep_options(config)
    study = _study(folder, options)
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    while len(study.get_trials(deepcopy=False, states=ended)) < options.trials:
        trial = study.ask()
        try:
            value = _run(trial, config, options, folder, data, progress)
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except EwardrobeError as error:
            # Such as a learning rate at which the loss is no number: that is a result, not the end of the sweep.
            trial.set_user_attr("error", str(error))
            study.tell(trial, state=TrialState.FAIL)
            failures = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
            if len(failures) >= options.trials:
                raise UsageError(f"{len(failures)} runs failed; the last: {error}") from None
        else:
            study.tell(trial, value)


def _study(folder: Path, options: Sweep) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        study_name="sweep",
        storage=f"sqlite:///{(folder / _STUDY).resolve()}",
        load_if_exists=True,
        direction="maximize",
        # Parallel processes draw differently although the seed is one: each sees the others' runs.
        sampler=optuna.samplers.TPESampler(seed=options.seed, multivariate=True, constant_liar=True),
        pruner=optuna.pruners.MedianPruner(
            n_startup_trials=options.pruner.startup, n_warmup_steps=options.pruner.warmup
        ),
    )


def _run(
    trial: Trial, config: Config, options: Sweep, folder: Path, data: Path | None, progress: bool
) -> float:
    overrides = {key: _suggested(trial, key, tried) for key, tried in options.parameters.items()}
    trial.set_user_attr("overrides", overrides)
    started = time.monotonic()
    tried = _with(config, overrides)
    own = folder / "runs" / f"{trial.number:04d}"
    run = train(tried, own, data=data, progress=progress, callbacks=[_Pruning(trial)], export=False)
    seconds = time.monotonic() - started
    photos = run.steps * tried.training.accumulate * tried.data.batch_size
    trial.set_user_attr("photos_per_second", photos / seconds)
    trial.set_user_attr("scores", run.scores)
    write_atomically(own / "trial.json", json.dumps({"overrides": overrides, "best": run.best}).encode())
    return photos / seconds if options.objective == "throughput" else run.best


def _suggested(trial: Trial, key: str, tried: Range | tuple[Any, ...]) -> Any:
    if not isinstance(tried, Range):
        # As text: Optuna keeps plain values only, and a choice may be a whole section.
        chosen = trial.suggest_categorical(key, [json.dumps(value) for value in tried])
        return json.loads(chosen)
    if _whole(tried.low) == tried.low and _whole(tried.high) == tried.high and abs(tried.high) >= 2:
        return trial.suggest_int(key, int(tried.low), int(tried.high), log=tried.log)
    return trial.suggest_float(key, tried.low, tried.high, log=tried.log)


def _whole(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _with(config: Config, overrides: Mapping[str, Any]) -> Config:
    """The config with keys set; UsageError when one is unknown or its value out of range."""
    document = config.model_dump(mode="json")
    document["sweep"] = None
    for key, value in overrides.items():
        section, *rest = key.split(".")
        inner: dict[str, Any] = document
        for part in (section, *rest)[:-1]:
            if not isinstance(inner.get(part), dict):
                inner.setdefault(part, {})
            inner = inner[part]
        inner[(section, *rest)[-1]] = value
    return validated(Config, document, f"sweep.parameters {', '.join(overrides)}")


class _Pruning(L.Callback):
    """Tells the study each validation's score, and stops the run when the study says so."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        value = trainer.callback_metrics.get("watched")
        if value is None:
            return
        self.trial.report(float(value), trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


if __name__ == "__main__":
    work_on(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
