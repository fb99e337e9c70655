"""What every store of garments must do, whatever it keeps them in; see `test_stores.py`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ewardrobe.errors import NotFoundError, UsageError

Opener = Callable[[], Any]


class StoreTester:
    """Subclass it with an `opener`: a fixture that gives a function which opens the same store again."""

    @pytest.fixture
    @abstractmethod
    def opener(self, tmp_path: Path) -> Opener: ...

    @pytest.fixture
    def store(self, opener: Opener) -> Iterator[Any]:
        opened = opener()
        yield opened
        opened.close()

    def test_a_new_store_is_empty(self, store: Any) -> None:
        assert len(store) == 0
        assert list(store) == []
        assert store.find() == []
        assert store.to_dataframe().empty

    def test_what_is_added_is_there_for_the_next_who_opens(self, store: Any, opener: Opener) -> None:
        added = store.new(type="shirt", colour="blue", material="cotton", style="casual")
        again = opener().get(added.id)
        assert (again.type, again.colour, again.material, again.style) == (
            "shirt",
            "blue",
            "cotton",
            "casual",
        )

    def test_numbers_differ(self, store: Any) -> None:
        ids = [store.new(type="sock").id for _ in range(5)]
        assert len(set(ids)) == 5
        assert len(store) == 5

    def test_find_by_field_and_word(self, store: Any) -> None:
        blue = store.new(type="shirt", colour="blue", material="cotton")
        store.new(type="jeans", colour="blue", material="denim")
        store.new(type="shirt", colour="red", style="formal")
        assert {item.type for item in store.find(colour="blue")} == {"shirt", "jeans"}
        assert [item.id for item in store.find(type="shirt", colour="blue")] == [blue.id]
        assert [item.id for item in store.find("COTTON shirt")] == [blue.id]
        assert [item.style for item in store.find(style="formal")] == ["formal"]
        assert store.find("velvet") == []
        assert len(store.find(limit=2)) == 2

    @pytest.mark.parametrize("text", ["50% wool", "a_b", "back\\slash", "quote'\"s", "*", "Ærmel größe"])
    def test_text_is_searched_as_it_is(self, store: Any, text: str) -> None:
        store.new(type="shirt", material=f"x{text}x")
        store.new(type="shirt", material="plain")
        assert [item.type for item in store.find(text)] == ["shirt"]

    def test_accents_and_case_do_not_matter(self, store: Any) -> None:
        store.new(type="shirt", material="Größer Crêpe")
        assert len(store.find("CREPE")) == 1
        assert len(store.find("grösser")) == 1

    def test_edit(self, store: Any) -> None:
        item = store.new(type="shirt", colour="blue")
        store.new(type="belt")
        assert store.edit(item.id, type="blouse", material="silk").type == "blouse"
        assert (store.get(item.id).colour, store.get(item.id).material) == ("blue", "silk")
        assert store.edit(item.id, material="").material is None
        assert len(store) == 2

    def test_remove(self, store: Any) -> None:
        first, second = store.new(type="shirt"), store.new(type="belt")
        store.remove(first.id)
        assert [item.id for item in store] == [second.id]

    @pytest.mark.parametrize("verb", ["get", "edit", "remove"])
    def test_unknown_number(self, store: Any, verb: str) -> None:
        fields = {"type": "hat"} if verb == "edit" else {}
        if verb == "get":
            with pytest.raises(NotFoundError, match="77"):
                store.get(77)
            return
        with pytest.raises(NotFoundError, match="77"):
            getattr(store, verb)(77, **fields)

    def test_unknown_fields_are_refused_and_the_known_named(self, store: Any) -> None:
        item = store.new(type="shirt")
        for verb in (lambda: store.new(colr="red"), lambda: store.edit(item.id, colr="red")):
            with pytest.raises(UsageError, match=r"'colr'.*type.*material.*style"):
                verb()
        assert len(store) == 1

    def test_dataframe(self, store: Any) -> None:
        store.new(type="shirt", material="linen")
        store.new(type="belt")
        frame = store.to_dataframe().set_index("id")
        assert set(frame["type"]) == {"shirt", "belt"}
        assert frame["material"].dropna().tolist() == ["linen"]

    def test_many_at_once(self, store: Any, opener: Opener) -> None:
        def add(number: int) -> object:
            mine = opener()
            made = mine.new(type=f"shirt {number}").id
            mine.close()
            return made

        with ThreadPoolExecutor(4) as pool:
            ids = list(pool.map(add, range(12)))
        assert len(set(ids)) == 12
        assert {item.type for item in store} == {f"shirt {number}" for number in range(12)}
