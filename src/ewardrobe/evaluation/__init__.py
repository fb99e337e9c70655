"""Scores of models on labelled photos, with intervals; worn and flat photos never mixed."""

from ewardrobe.evaluation.evaluator import Prediction, Predictor, Scorer, evaluate
from ewardrobe.evaluation.report import Report, SliceScores
from ewardrobe.evaluation.scores import ClassScore, Score

__all__ = ["ClassScore", "Prediction", "Predictor", "Report", "Score", "Scorer", "SliceScores", "evaluate"]
