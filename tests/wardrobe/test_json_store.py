"""The plain list of items: what is in the file stays in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.errors import StoreError, UsageError
from ewardrobe.wardrobe import JsonWardrobe

ITEMS = [
    {
        "id": 1,
        "type": "shirt",
        "color": "blue",
        "material": "cotton",
        "style": "casual",
        "image": "shirt.jpg",
    },
    {"price": 12.5, "id": 4, "type": "jeans", "color": ["blue", "black"], "washed": None, "x": {"deep": [1]}},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "wardrobe.json"
    file.write_text(json.dumps(ITEMS), "utf-8")
    return file


def test_adding_keeps_everything_else(path: Path) -> None:
    item = JsonWardrobe.open(path).new(type="béret", color="red")
    assert item.id == 5
    written = json.loads(path.read_text("utf-8"))
    assert written == [*ITEMS, {"id": 5, "type": "béret", "color": "red"}]
    assert [list(one) for one in written[:2]] == [list(one) for one in ITEMS]
    assert "béret" in path.read_text("utf-8")


def test_editing_keeps_unknown_keys_and_their_order(path: Path) -> None:
    JsonWardrobe.open(path).edit("4", style="casual", price=None)
    assert list(json.loads(path.read_text("utf-8"))[1]) == ["id", "type", "color", "washed", "x", "style"]


def test_a_list_of_colours_is_found_by_each(path: Path) -> None:
    store = JsonWardrobe.open(path)
    assert [item.id for item in store.find(colour="black")] == [4]
    assert [item.id for item in store.find(colour="blue")] == [1, 4]
    assert store.get(4).colour == "blue, black"


def test_through_a_dataframe_and_back_nothing_changes(path: Path) -> None:
    store = JsonWardrobe.open(path)
    store.save_dataframe(store.to_dataframe())
    assert json.loads(path.read_text("utf-8")) == [
        {key: item[key] for key in store.to_dataframe().columns if key in item} for item in ITEMS
    ]


def test_rows_of_a_dataframe_become_the_items(path: Path) -> None:
    store = JsonWardrobe.open(path)
    frame = store.to_dataframe()
    frame.loc[0, "type"] = "blouse"
    frame.loc[len(frame), ["id", "type"]] = [9, "hat"]
    store.save_dataframe(frame)
    assert [(item.id, item.type) for item in store] == [(1, "blouse"), (4, "jeans"), (9, "hat")]
    with pytest.raises(UsageError, match="id of its own"):
        store.save_dataframe(frame.assign(id=1))
    assert len(store) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"id": 1}', "not a list of items"),
        (b"[1, 2]", "not a list of items"),
        (b'[{"id": 1}, {"id": "1"}]', "two items have the id"),
        (b'[{"id": [1]}]', "must be a number or text"),
    ],
)
def test_a_file_that_is_no_list_of_items_is_left_alone(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=message) as error:
        JsonWardrobe.open(path)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == content


def test_items_without_an_id_get_one(path: Path) -> None:
    path.write_text('[{"type": "a"}, {"id": 7, "type": "b"}, {"type": "c"}]', "utf-8")
    store = JsonWardrobe.open(path)
    assert [item.id for item in store] == [8, 7, 9]
    assert store.get(8).type == "a"


def test_values_that_json_cannot_hold_are_refused(path: Path) -> None:
    before = path.read_bytes()
    for value in (float("nan"), {1, 2}, b"bytes"):
        with pytest.raises(UsageError, match="JSON has no such thing"):
            JsonWardrobe.open(path).edit(1, type=value)
    assert path.read_bytes() == before


def test_a_failed_save_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        JsonWardrobe.open(path).new(type="hat")
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.tmp")) and not list(path.parent.glob(".*.tmp"))


def test_what_a_killed_process_left_is_cleared(path: Path) -> None:
    stale = path.with_name(".wardrobe.json.0123.tmp")
    stale.write_text("half")
    JsonWardrobe.open(path).new(type="hat")
    assert not stale.exists()


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=30)
@given(
    others=st.lists(
        st.dictionaries(st.text(min_size=1).filter(lambda key: key != "id"), JSON_VALUES), max_size=4
    )
)
def test_any_json_survives(others: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("json") / "wardrobe.json"
    items = [{"id": number, **other} for number, other in enumerate(others)]
    path.write_text(json.dumps(items), "utf-8")
    store = JsonWardrobe.open(path)
    added = store.new(type="hat")
    assert json.loads(path.read_text("utf-8")) == [*items, {"id": added.id, "type": "hat"}]
    store.remove(added.id)
    assert json.loads(path.read_text("utf-8")) == items
