"""Thumbs: what is kept, what is learned, and that nothing is half-written."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ewardrobe.errors import NotFoundError, StoreError, UsageError
from ewardrobe.stylist import Day, ForecastChoice, Stylist
from ewardrobe.stylist.learning import fit_logistic
from ewardrobe.stylist.scoring import FEATURES
from ewardrobe.stylist.tastes import FILE, read_tastes
from ewardrobe.stylist.weights import WEIGHTS
from ewardrobe.wardrobe import Wardrobe
from tests.stylist.conftest import Fill

MAY = date(2026, 5, 4)


def test_the_fit_finds_weights_and_keeps_the_prior_without_evidence() -> None:
    rng = np.random.default_rng(0)
    true = np.array([2.0, -1.0, 0.0])
    rows = rng.standard_normal((4000, 3))
    liked = (rng.random(4000) < 1 / (1 + np.exp(-rows @ true))).astype(float)
    found = fit_logistic(rows, liked, mean=np.zeros(3), spread=np.full(3, 10.0))
    np.testing.assert_allclose(found, true, atol=0.15)
    held = fit_logistic(rows, liked, mean=np.zeros(3), spread=np.array([10.0, 0.0, 10.0]))
    assert held[1] == 0.0 and held[0] > 1
    prior = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(fit_logistic(rows[:0], liked[:0], mean=prior, spread=np.ones(3)), prior)
    one = fit_logistic(rows[:1], liked[:1], mean=prior, spread=np.full(3, 0.1))
    assert np.abs(one - prior).max() < 0.1


def test_one_sided_votes_do_not_run_away() -> None:
    rows = np.ones((500, 1))
    found = fit_logistic(rows, np.ones(500), mean=np.zeros(1), spread=np.ones(1))
    assert 1 < found[0] < 10


@pytest.fixture
def many(wardrobe: Wardrobe, fill: Fill) -> Wardrobe:
    colours = ("red", "pink", "white", "navy", "black", "green", "grey", "yellow")
    fill(*(f"{colour} {kind}" for colour in colours for kind in ("shirt", "trousers")), "black boots")
    return wardrobe


def part_liked(stylist: Stylist, disliked: tuple[str, ...]) -> float:
    outfits = [outfit for seed in range(100, 110) for outfit in stylist.suggest(Day(MAY), seed=seed).outfits]
    liked = [not any(item.colour in disliked for item in outfit.garments.values()) for outfit in outfits]
    return sum(liked) / len(liked)


def test_an_owner_who_hates_some_colours_is_understood(many: Wardrobe) -> None:
    stylist, disliked = Stylist(many), ("white", "grey", "navy")
    before = part_liked(stylist, disliked)
    for seed in range(10):
        for outfit in stylist.suggest(Day(MAY), seed=seed).outfits:
            stylist.vote(outfit.ids, not any(item.colour in disliked for item in outfit.garments.values()))
    after = part_liked(stylist, disliked)
    assert before < 0.8 and after > before + 0.15 and after > 0.85, (before, after)


def test_an_outfit_voted_down_does_not_come_back_until_the_vote_is_taken_back(many: Wardrobe) -> None:
    stylist = Stylist(many)
    (best, *_) = stylist.suggest(Day(MAY), seed=1).outfits
    vote = stylist.vote(best.ids, False)
    assert vote.id == 1
    assert best.ids not in [outfit.ids for outfit in stylist.suggest(Day(MAY), count=12, seed=1).outfits]
    stylist.take_back(vote.id)
    again = stylist.suggest(Day(MAY), seed=1).outfits[0]
    assert again.ids == best.ids and again.vote is None
    assert stylist.tastes.weights == pytest.approx(WEIGHTS) and not stylist.tastes.liking
    with pytest.raises(NotFoundError, match="there is no vote 1"):
        stylist.take_back(1)


def test_the_latest_vote_on_an_outfit_counts(many: Wardrobe) -> None:
    stylist = Stylist(many)
    ids = stylist.suggest(Day(MAY), seed=1).outfits[0].ids
    stylist.vote(ids, False)
    stylist.vote(list(reversed(ids)), True)
    assert [vote.liked for vote in stylist.tastes.votes] == [True]
    shown = [outfit for outfit in stylist.suggest(Day(MAY), seed=1, count=12).outfits if outfit.ids == ids]
    assert shown[0].vote is not None and shown[0].vote.liked


def test_what_cannot_be_voted_on(many: Wardrobe) -> None:
    stylist = Stylist(many)
    with pytest.raises(UsageError, match="at least two garments"):
        stylist.vote([1, 1], True)
    with pytest.raises(NotFoundError):
        stylist.vote([1, 999], True)
    many.remove(2)
    with pytest.raises(NotFoundError):
        stylist.vote([1, 2], True)
    assert not (many.path / FILE).exists()


def test_the_file_is_small_plain_and_read_back_whole(many: Wardrobe) -> None:
    stylist = Stylist(many)
    stylist.vote([1, 2, 17], True)
    document = json.loads((many.path / FILE).read_text())
    assert document["schema_version"] == 1 and document["votes"][0]["liked"] is True
    assert set(document["model"]["weights"]) == set(FEATURES)
    assert document["votes"][0]["garments"] == [many.get(number).uid for number in (1, 2, 17)]
    assert read_tastes(many.path) == stylist.tastes
    assert not list(many.path.glob(".stylist*"))


def test_a_model_of_other_features_is_made_anew_from_the_votes(many: Wardrobe) -> None:
    stylist = Stylist(many)
    stylist.vote([1, 2, 17], False)
    stylist.vote([5, 6, 17], True)
    kept = stylist.tastes
    document = json.loads((many.path / FILE).read_text())
    document["model"] = {"weights": {"an older feature": 1.0}, "garments": {}}
    document["votes"][0]["features"]["an older feature"] = 1.0
    (many.path / FILE).write_text(json.dumps(document))
    again = stylist.tastes
    assert again.weights == pytest.approx(kept.weights, abs=1e-3)
    assert again.liking == pytest.approx(kept.liking, abs=1e-3)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 1}', '{"schema_version": 9}', '"votes"'])
def test_a_damaged_file_is_said_in_one_line(many: Wardrobe, text: str) -> None:
    (many.path / FILE).write_text(text)
    with pytest.raises(StoreError, match=r"stylist\.json .*(damaged|another version)"):
        Stylist(many).suggest(Day(MAY))


def test_a_backup_carries_the_votes(many: Wardrobe, tmp_path: Path) -> None:
    stylist = Stylist(many)
    stylist.vote([1, 2, 17], True)
    many.backup(tmp_path / "with.zip")
    stylist.vote([3, 4, 17], False)
    many.restore(tmp_path / "with.zip")
    assert [vote.liked for vote in stylist.tastes.votes] == [True]
    with Wardrobe.open(tmp_path / "elsewhere") as other:
        other.restore(tmp_path / "with.zip")
        assert len(Stylist(other).tastes.votes) == 1
        other.backup(tmp_path / "again.zip")
    shutil.rmtree(tmp_path / "elsewhere")
    with Wardrobe.open(tmp_path / "empty") as empty:
        empty.backup(tmp_path / "without.zip")
    many.restore(tmp_path / "without.zip")
    assert stylist.tastes.votes == ()


def test_the_place_of_the_forecast_is_kept_coarsely(many: Wardrobe) -> None:
    stylist = Stylist(many)
    stylist.vote([1, 2], True)
    stylist.allow_forecast(ForecastChoice(True, 48.13743, 11.57549))
    assert stylist.tastes.forecast == ForecastChoice(True, 48.1, 11.6) and len(stylist.tastes.votes) == 1
    with pytest.raises(UsageError, match="latitude and longitude"):
        stylist.allow_forecast(ForecastChoice(True))
    with pytest.raises(UsageError, match="no place on Earth"):
        stylist.allow_forecast(ForecastChoice(True, 91, 0))
