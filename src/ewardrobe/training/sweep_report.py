"""What a sweep found, as a page: the best overrides, every run, how the score rose, which parameters mattered."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ewardrobe.imaging import write_atomically

__all__ = ["importances", "write_report"]

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto }}
td, th {{ border-bottom: 1px solid #ddd; padding: .25rem .6rem; text-align: right; white-space: nowrap }}
img {{ max-width: 100% }} .pruned, .fail {{ color: #999 }} code {{ background: #f2f2f2; padding: .1rem .3rem }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<p>Best: <code>{best}</code></p>
<h2>How the best score rose</h2><img alt="Score of every run and the best so far" src="{history}">
<h2>What mattered</h2>{importance}
<h2>Score by parameter</h2><img alt="Score of every run against each parameter" src="{slices}">
<h2>Runs</h2>{table}
</html>
"""


def importances(study: optuna.Study) -> dict[str, float]:
    """How much each parameter decides whether a run is among the best (PED-ANOVA, arXiv 2304.10255), largest first.

    Empty with fewer than 4 finished runs, or where all scored alike.
    """
    finished = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE]
    if len(finished) < 4 or len({trial.value for trial in finished}) < 2:
        return {}
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
    )
    return {name: float(value) for name, value in found.items()}


def write_report(study: optuna.Study, folder: Path, objective: str) -> Path:
    """Write `report.html`, with its pictures inside, and `trials.csv` into `folder`; the path of the first."""
    study.trials_dataframe(attrs=("number", "state", "value", "params", "duration")).to_csv(
        folder / "trials.csv", index=False
    )
    trials = study.get_trials(deepcopy=False)
    states = [trial.state for trial in trials]
    what = "photos a second" if objective == "throughput" else "validation score"
    summary = (
        f"{len(trials)} runs: {states.count(TrialState.COMPLETE)} finished, {states.count(TrialState.PRUNED)} stopped "
        f"early, {states.count(TrialState.FAIL)} failed. "
        f"Best {what}: {study.best_value:.4g} (run {study.best_trial.number})."
    )
    best = " ".join(f"{key}={_text(value)}" for key, value in study.best_trial.params.items())
    weights = importances(study)
    picture = (
        f'<img alt="Importance of each parameter" src="{_picture(lambda figure: _bars(figure, weights))}">'
    )
    page = _PAGE.format(
        title=escape(folder.name),
        summary=escape(summary),
        best=escape(best),
        history=_picture(lambda figure: _history(figure, trials, what)),
        importance=picture if weights else "<p>Too few finished runs to say.</p>",
        slices=_picture(
            lambda figure: _slices(figure, trials), height=3.2 * -(-len(study.best_trial.params) // 3)
        ),
        table=_table(trials, list(study.best_trial.params)),
    )
    path = folder / "report.html"
    write_atomically(path, page.encode())
    return path


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(trials: list[FrozenTrial], names: list[str]) -> str:
    head = "".join(f"<th>{escape(name)}" for name in ("run", "score", "photos/s", *names, "ended"))
    rows = []
    for trial in sorted(trials, key=lambda item: -(item.value if item.value is not None else -1e9)):
        pace = trial.user_attrs.get("photos_per_second")
        score = "" if trial.value is None else _text(trial.value)
        why = trial.user_attrs.get("error", trial.state.name.lower())
        cells = [str(trial.number), score, "" if pace is None else f"{pace:.1f}"]
        cells += [_text(trial.params.get(name, "")) for name in names] + [why]
        kind = trial.state.name.lower()
        rows.append(f'<tr class="{kind}">' + "".join(f"<td>{escape(cell)}" for cell in cells))
    return f"<table><tr>{head}{''.join(rows)}</table>"


def _picture(draw: Callable[[Any], None], height: float = 3.6) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, height), layout="constrained", dpi=90)
    draw(figure)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _history(figure: Any, trials: list[FrozenTrial], what: str) -> None:
    axis = figure.subplots()
    finished = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.value is not None]
    stopped = [
        (trial.number, max(trial.intermediate_values.values()))
        for trial in trials
        if trial.state == TrialState.PRUNED and trial.intermediate_values
    ]
    axis.plot([t.number for t in finished], [t.value for t in finished], "o", label="finished")
    if stopped:
        axis.plot(*zip(*stopped, strict=True), "x", color="#999", label="stopped early")
    best, line = float("-inf"), []
    for trial in finished:
        best = max(best, trial.value)  # type: ignore[type-var]
        line.append(best)
    axis.step([t.number for t in finished], line, where="post", label="best so far")
    axis.set(xlabel="run", ylabel=what)
    axis.grid(alpha=0.3)
    axis.legend()


def _bars(figure: Any, weights: dict[str, float]) -> None:
    axis = figure.subplots()
    names = list(weights)[::-1]
    axis.barh(names, [weights[name] for name in names])
    axis.set(xlabel="importance (PED-ANOVA)")
    axis.grid(alpha=0.3, axis="x")


def _slices(figure: Any, trials: list[FrozenTrial]) -> None:
    finished = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    names = list(finished[0].params)
    columns = min(3, len(names))
    axes = figure.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        distribution = finished[0].distributions[name]
        values = [trial.params[name] for trial in finished]
        if isinstance(distribution, optuna.distributions.CategoricalDistribution):
            values = [str(value) for value in values]
        axis.plot(values, [trial.value for trial in finished], "o")
        if getattr(distribution, "log", False):
            axis.set_xscale("log")
        axis.set(title=name)
        axis.grid(alpha=0.3)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
