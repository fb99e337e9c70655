"""Scores of models on labelled photos, with intervals; worn and flat photos never mixed."""

from ewardrobe.evaluation.comparing import Comparison, compare
from ewardrobe.evaluation.contenders import Contender, load_contenders
from ewardrobe.evaluation.evaluator import Scorer, evaluate
from ewardrobe.evaluation.gallery import Gallery
from ewardrobe.evaluation.html import report_page
from ewardrobe.evaluation.instance_report import InstanceClass, InstanceReport, evaluate_instances
from ewardrobe.evaluation.instances import InstanceScorer
from ewardrobe.evaluation.matting_report import MattingReport, MattingScorer, evaluate_matting
from ewardrobe.evaluation.report import Report, SliceScores
from ewardrobe.evaluation.reporting import AnyReport
from ewardrobe.evaluation.running import Prediction, Predictor
from ewardrobe.evaluation.scores import ClassScore, Score
from ewardrobe.evaluation.tasks import TASKS, evaluate_task, task_of

__all__ = [
    "TASKS",
    "AnyReport",
    "ClassScore",
    "Comparison",
    "Contender",
    "Gallery",
    "InstanceClass",
    "InstanceReport",
    "InstanceScorer",
    "MattingReport",
    "MattingScorer",
    "Prediction",
    "Predictor",
    "Report",
    "Score",
    "Scorer",
    "SliceScores",
    "compare",
    "evaluate",
    "evaluate_instances",
    "evaluate_matting",
    "evaluate_task",
    "load_contenders",
    "report_page",
    "task_of",
]
