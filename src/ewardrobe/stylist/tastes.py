"""What an owner likes: thumbs up and down and the small model made of them, in `stylist.json` of the wardrobe's folder.

The votes are kept with the features the outfit had, so that the model can be made anew by any later version, also when
a garment is long gone. Garments are named by their `uid`, which an export and a backup keep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import NotFoundError, StoreError
from ewardrobe.imaging.files import write_atomically
from ewardrobe.stylist.learning import fit_logistic
from ewardrobe.stylist.scoring import FEATURES
from ewardrobe.stylist.weights import WEIGHTS, prior
from ewardrobe.wardrobe.locks import FileLock

__all__ = ["FILE", "ForecastChoice", "Tastes", "Vote", "locked", "read_tastes", "write_tastes"]

Floats = npt.NDArray[np.float64]

FILE = "stylist.json"
VERSION = 1
_MOST_VOTES = 2000
"""The oldest go when there are more."""
_GARMENT_SPREAD = 0.8
_CONSTANT_SPREAD = 1.5


@dataclass(frozen=True, slots=True)
class Vote:
    """A thumb: `liked` up or down, for the outfit of these garments (uids in order); `features` by name."""

    id: int
    at: str
    garments: tuple[str, ...]
    liked: bool
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ForecastChoice:
    """Whether the owner allows the forecast to be asked for, and where, in degrees (kept to a tenth, some 10 km)."""

    allowed: bool = False
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class Tastes:
    """The votes, the weights they lead to, and whether the forecast may be asked for.

    Attributes:
        weights: of every feature, by name. liking: of single garments, by uid; 0 for those not here.
    """

    votes: tuple[Vote, ...] = ()
    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    liking: Mapping[str, float] = field(default_factory=dict)
    forecast: ForecastChoice = ForecastChoice()

    def vector(self) -> Floats:
        """The weights in the order of `FEATURES`, (D,)."""
        return np.array([self.weights.get(name, WEIGHTS[name]) for name in FEATURES])

    def verdict(self, uids: Sequence[str]) -> Vote | None:
        """The vote on exactly these garments."""
        wanted = set(uids)
        return next((vote for vote in self.votes if set(vote.garments) == wanted), None)

    def with_vote(self, uids: Sequence[str], liked: bool, features: Floats) -> Tastes:
        """With a vote more; one on the same garments gives way."""
        before = self.verdict(uids)
        votes = [vote for vote in self.votes if vote is not before]
        named = {
            name: round(float(value), 4) for name, value in zip(FEATURES, features, strict=True) if value
        }
        at = datetime.now(UTC).isoformat(timespec="seconds")
        number = 1 + max((vote.id for vote in self.votes), default=0)
        votes.append(Vote(number, at, tuple(uids), liked, named))
        return _learned(votes[-_MOST_VOTES:], self.forecast)

    def without_vote(self, number: int) -> Tastes:
        """Without that vote; `NotFoundError` when there is none of that number."""
        votes = [vote for vote in self.votes if vote.id != number]
        if len(votes) == len(self.votes):
            raise NotFoundError(f"there is no vote {number}")
        return _learned(votes, self.forecast)


def _learned(votes: Sequence[Vote], forecast: ForecastChoice) -> Tastes:
    """The weights after these votes: prior and evidence, for features and for single garments alike."""
    mean, spread = prior()
    uids = sorted({uid for vote in votes for uid in vote.garments})
    places = {uid: number for number, uid in enumerate(uids)}
    looks = np.array([[vote.features.get(name, 0.0) for name in FEATURES] for vote in votes])
    shares = np.zeros((len(votes), len(uids)))
    for row, vote in enumerate(votes):
        for uid in vote.garments:
            shares[row, places[uid]] = 1.0 / len(vote.garments)
    rows = np.concatenate(
        [looks.reshape(len(votes), len(FEATURES)), shares, np.ones((len(votes), 1))], axis=1
    )
    weights = fit_logistic(
        rows,
        np.array([float(vote.liked) for vote in votes]),
        mean=np.r_[mean, np.zeros(len(uids) + 1)],
        spread=np.r_[spread, np.full(len(uids), _GARMENT_SPREAD), _CONSTANT_SPREAD],
    )
    return Tastes(
        tuple(votes),
        {name: round(float(value), 4) for name, value in zip(FEATURES, weights, strict=False)},
        {uid: round(float(weights[len(FEATURES) + place]), 4) for uid, place in places.items()},
        forecast,
    )


def read_tastes(folder: Path) -> Tastes:
    """What is kept in a wardrobe's folder; nothing is known where there is no file yet.

    Raises `StoreError` for a file that cannot be read, is damaged, or was written by a newer eWardrobe.
    """
    path = folder / FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("schema_version") != VERSION:
            raise StoreError(f"{path} was written by another version of eWardrobe; update, or move it away")
        return _parsed(document)
    except FileNotFoundError:
        return Tastes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} is damaged: {error}; move it away to start anew") from error


def write_tastes(folder: Path, tastes: Tastes) -> None:
    """Keep them, whole or not at all; the caller holds `locked(folder)`."""
    document = {
        "schema_version": VERSION,
        "about": "Votes on outfits, and the weights made of them (eWardrobe, docs: stylist).",
        "votes": [
            {
                "id": vote.id,
                "at": vote.at,
                "garments": list(vote.garments),
                "liked": vote.liked,
                "features": dict(vote.features),
            }
            for vote in tastes.votes
        ],
        "model": {"weights": dict(tastes.weights), "garments": dict(tastes.liking)},
        "forecast": {
            "allowed": tastes.forecast.allowed,
            "latitude": tastes.forecast.latitude,
            "longitude": tastes.forecast.longitude,
        },
    }
    write_atomically(folder / FILE, (json.dumps(document, indent=1) + "\n").encode())


def locked(folder: Path) -> FileLock:
    """Held from reading the tastes to writing them changed."""
    return FileLock(folder / "stylist.lock")


def _parsed(document: Mapping[str, Any]) -> Tastes:
    votes = tuple(
        Vote(
            int(entry["id"]),
            str(entry["at"]),
            tuple(map(str, entry["garments"])),
            bool(entry["liked"]),
            {str(name): float(value) for name, value in entry["features"].items()},
        )
        for entry in document["votes"]
    )
    choice = document["forecast"]
    forecast = ForecastChoice(bool(choice["allowed"]), choice["latitude"], choice["longitude"])
    model = document["model"]
    if set(model["weights"]) != set(FEATURES):  # made by a version with other features
        return _learned(votes, forecast)
    weights = {str(name): float(value) for name, value in model["weights"].items()}
    return Tastes(votes, weights, {str(u): float(v) for u, v in model["garments"].items()}, forecast)
