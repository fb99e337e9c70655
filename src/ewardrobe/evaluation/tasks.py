"""Which evaluation a model is given: that of its task, unless another is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ewardrobe.errors import UsageError
from ewardrobe.evaluation.evaluator import evaluate
from ewardrobe.evaluation.gallery import Gallery
from ewardrobe.evaluation.instance_report import evaluate_instances
from ewardrobe.evaluation.matting_report import evaluate_matting
from ewardrobe.evaluation.reporting import AnyReport
from ewardrobe.evaluation.running import Predictor, Samples

__all__ = ["TASKS", "evaluate_task", "task_of"]

TASKS: Mapping[str, tuple[Callable[..., AnyReport], str]] = {
    "semantic": (evaluate, "garment mIoU"),
    "instance": (evaluate_instances, "mask AP"),
    "matting": (evaluate_matting, "S-measure"),
}
"""Each task's evaluation, and the score by which its photos are the best or the worst."""


def task_of(predictor: Predictor) -> str:
    """The task that a model's description names; "semantic" where it has none."""
    return str(getattr(getattr(predictor, "description", None), "task", "semantic"))


def evaluate_task(
    segmenter: Predictor,
    samples: Samples,
    *,
    task: str | None = None,
    gallery: Gallery | None = None,
    **options: Any,
) -> AnyReport:
    """Score a model by its own task, or by `task`; `options` are those of `evaluate`, and the errors too.

    Raises:
        UsageError: there is no evaluation for that task.
    """
    wanted = task or task_of(segmenter)
    if wanted not in TASKS:
        raise UsageError(f"there are no scores for the task {wanted!r}: choose one of {', '.join(TASKS)}")
    function, score_name = TASKS[wanted]
    if gallery is not None:
        gallery.score_name = score_name
    return function(segmenter, samples, gallery=gallery, **options)
