"""Undo: every action leaves no trace when it is taken back, in whatever order actions come."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.attributes import Attributes
from ewardrobe.segmentation import Garment
from ewardrobe.wardrobe import OutfitItem, Wardrobe
from tests.wardrobe import rendered
from tests.wardrobe.rows import files_of, rows_of

Verb = Callable[[Wardrobe], object]

ACTIONS: dict[str, Verb] = {
    "add": lambda w: w.add_segmented(rendered.photo(50), [rendered.item(50), rendered.item(51)], model="m"),
    "new": lambda w: w.new(type="hat", colour="red,blue", tags="a,b", price="1"),
    "edit": lambda w: w.edit(1, type="tunic", colour="green", tags=["x"], price="9.99", notes=""),
    "describe": lambda w: w.describe_again(3, rendered.attributes(60, colours=(rendered.WHITE,))),
    "remove": lambda w: w.remove(2),
    "merge": lambda w: w.merge(1, 3),
    "new outfit": lambda w: w.outfits.new([4, OutfitItem(1, 0, 0.5, 0.25, 1.5)], name="x"),
    "edit outfit": lambda w: w.outfits.edit(1, [5, 2], name="y", favourite=True),
    "remove outfit": lambda w: w.outfits.remove(1),
    "wear": lambda w: w.wears.add(outfit=1, on="2026-05-05"),
    "remove wear": lambda w: w.wears.remove(1),
    "mask": lambda w: w.appearances.set_mask(1, np.eye(72, 96, dtype=bool), describe=describe),
    "cut out": lambda w: w.appearances.add(1, np.eye(72, 96, dtype=bool), "bag", describe=describe),
    "accept": lambda w: w.appearances.accept(2),
    "move photo": lambda w: w.appearances.move(3, 1),
}


def describe(_: object, garment: Garment) -> Attributes:
    return rendered.attributes(garment.area)


@pytest.mark.parametrize("verb", ACTIONS)
def test_each_action_can_be_taken_back(filled: Wardrobe, verb: str) -> None:
    rows, files, entries = rows_of(filled), files_of(filled), filled.history()
    ACTIONS[verb](filled)
    assert rows_of(filled) != rows
    assert filled.history()[0].verb == verb
    undone = filled.undo()
    assert undone is not None and undone.verb == verb
    assert rows_of(filled) == rows
    assert files_of(filled) == files
    assert filled.history() == entries
    assert filled.check() == []


def test_back_to_the_beginning(filled: Wardrobe) -> None:
    verbs = []
    while (undone := filled.undo()) is not None:
        verbs.append(undone.verb)
    assert verbs == ["wear", "wear", "new outfit", "edit", "edit", "new", "add", "add"]
    assert all(rows == [] for rows in rows_of(filled, with_history=True).values())
    assert files_of(filled) == {}


def test_an_action_that_fails_leaves_nothing(filled: Wardrobe) -> None:
    from ewardrobe.errors import NotFoundError

    rows = rows_of(filled, with_history=True)
    with pytest.raises(NotFoundError):
        filled.outfits.new([1, 99], name="half")
    with pytest.raises(NotFoundError):
        filled.wears.add([1, 99])
    assert rows_of(filled, with_history=True) == rows


def test_only_so_many_are_kept(wardrobe: Wardrobe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ewardrobe.wardrobe.history.KEPT_ACTIONS", 3)
    for number in range(5):
        wardrobe.new(type=f"hat {number}")
    assert [entry.detail for entry in wardrobe.history()] == ["hat 4", "hat 3", "hat 2"]
    while wardrobe.undo():
        pass
    assert [garment.type for garment in wardrobe.find(sort="id")] == ["hat 0", "hat 1"]


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("new"), st.sampled_from(["hat", "coat"]), st.sampled_from(["red", "blue,white", ""])
        ),
        st.tuples(st.just("edit"), st.integers(0, 5), st.sampled_from(["red", "", "white,red"])),
        st.tuples(st.just("remove"), st.integers(0, 5)),
        st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
        st.tuples(st.just("outfit"), st.integers(0, 5), st.integers(0, 5)),
        st.tuples(st.just("wear"), st.integers(0, 5)),
        st.tuples(st.just("undo")),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=15)
@given(steps=STEPS)
def test_any_sequence_can_be_walked_back(
    steps: list[tuple[object, ...]], empty_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("any") / "home"
    shutil.copytree(empty_home, home)
    with Wardrobe.open(home) as wardrobe:
        states = [rows_of(wardrobe)]
        for step in steps:
            _do(wardrobe, *step)
            depth = len(wardrobe.history())
            states = [*states[:depth], rows_of(wardrobe)] if depth >= len(states) else states[: depth + 1]
            assert rows_of(wardrobe) == states[-1]
        while wardrobe.undo():
            states.pop()
            assert rows_of(wardrobe) == states[-1]
        assert len(states) == 1


def _do(wardrobe: Wardrobe, verb: object, *arguments: object) -> None:
    ids = [garment.id for garment in wardrobe.find(sort="id")]

    def pick(number: object) -> int:
        assert isinstance(number, int)
        return ids[number % len(ids)]

    if verb == "new":
        wardrobe.new(type=arguments[0], colour=arguments[1])
    elif verb == "undo":
        wardrobe.undo()
    elif not ids:
        return
    elif verb == "edit":
        wardrobe.edit(pick(arguments[0]), colour=arguments[1], notes=str(arguments))
    elif verb == "remove":
        wardrobe.remove(pick(arguments[0]))
    elif verb == "wear":
        wardrobe.wears.add([pick(arguments[0])], on="2026-01-01")
    elif (first := pick(arguments[0])) != (second := pick(arguments[1])):
        if verb == "merge":
            wardrobe.merge(first, second)
        else:
            wardrobe.outfits.new([first, second])
