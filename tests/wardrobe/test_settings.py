"""The settings: what is kept, what is refused, and a file that somebody else wrote into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import SLOTS, BackupError, Settings, SettingsFile, TypeGroup, Wardrobe
from ewardrobe.wardrobe.vocabulary import shipped_vocabulary
from tests.wardrobe import rendered


def test_the_usual_is_not_written_down(tmp_path: Path) -> None:
    settings = SettingsFile(tmp_path)
    assert settings.read() == Settings()
    settings.change({"theme": "dark", "tagging": True})
    assert json.loads(settings.path.read_text("utf-8")) == {"theme": "dark"}
    assert SettingsFile(tmp_path).read().theme == "dark"
    settings.change({"theme": None})
    assert json.loads(settings.path.read_text("utf-8")) == {}


def test_unknown_keys_are_kept_and_nonsense_counts_as_the_usual(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"later": {"a": 1}, "theme": "plaid", "currency": "eur", "types": 5}), "utf-8")
    settings = SettingsFile(tmp_path)
    assert (settings.read().theme, settings.read().currency) == ("system", "EUR")
    assert settings.read().types == shipped_vocabulary().groups
    settings.change({"tagging": False})
    kept = json.loads(path.read_text("utf-8"))
    assert (kept["later"], kept["theme"], kept["tagging"]) == ({"a": 1}, "plaid", False)


def test_what_another_process_wrote_is_seen(tmp_path: Path) -> None:
    one, other = SettingsFile(tmp_path), SettingsFile(tmp_path)
    assert one.read().currency == ""
    for code in ("EUR", "USD", "SEK"):
        other.change({"currency": code})
        assert one.read().currency == code


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b""])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings = SettingsFile(tmp_path)
    assert settings.read() == Settings()
    settings.change({"theme": "light"})
    assert settings.read().theme == "light"
    assert (tmp_path / "settings.json.damaged").read_bytes() == content


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"smell": 1}, "no setting 'smell'"),
        ({"tagging": "yes"}, "true or false"),
        ({"theme": ["dark"]}, "the theme must be"),
        ({"currency": "EURO"}, "three letters"),
        ({"model": "\0"}, "the model"),
        ({"colours": []}, "at least one"),
        ({"colours": [{}]}, "there is no colour"),
        ({"types": [{"title": "A"}]}, "a title, a slot and types"),
        ({"types": [{"title": " ", "slot": "top", "types": []}]}, "empty"),
        ({"types": [{"title": "A", "slot": "top", "types": "shirt"}]}, "a list of words"),
        ({"types": [{"title": "A", "slot": "top", "types": [5]}]}, "must be text"),
        ({"types": [{"title": "A", "slot": "top", "types": ["x" * 61]}]}, "longer than 60"),
        ({"types": [{"title": "A", "slot": "top", "types": [str(n) for n in range(600)]}]}, "more than 500"),
        ({"types": [{"title": t, "slot": "top", "types": []} for t in ("A", "a")]}, "twice"),
    ],
)
def test_nonsense_is_refused_and_nothing_set(tmp_path: Path, values: dict[str, Any], line: str) -> None:
    settings = SettingsFile(tmp_path)
    with pytest.raises(UsageError, match=line):
        settings.change({"currency": "EUR", **values})
    assert not settings.path.exists()


def test_the_shipped_vocabulary_has_every_type_once() -> None:
    from ewardrobe.attributes import type_vocabulary

    words = shipped_vocabulary()
    assert sorted(words.types) == sorted(type_vocabulary().names)
    assert {group.slot for group in words.groups} == set(SLOTS)
    assert words.slot_of("jeans") == "pants"
    assert words.slot_of("kilt") is None


def test_words_of_ones_own(tmp_path: Path) -> None:
    settings = SettingsFile(tmp_path).change(
        {
            "types": [{"title": " Kilts ", "slot": "skirt", "types": ["  Great   KILT "]}],
            "colours": ["white", "navy"],
        }
    )
    assert settings.types == (TypeGroup("Kilts", "skirt", ("great kilt",)),)
    assert settings.vocabulary.slot_of("great kilt") == "skirt"
    assert settings.colours == tuple(
        name for name in shipped_vocabulary().colours if name in ("navy", "white")
    )


def test_a_backup_takes_the_settings_along(tmp_path: Path) -> None:
    with Wardrobe.open(tmp_path / "one") as wardrobe:
        wardrobe.add_segmented(rendered.photo(1), [rendered.item(1)], model="m")
        plain = wardrobe.backup(tmp_path / "plain.zip")
        wardrobe.settings.change({"currency": "SEK"})
        full = wardrobe.backup(tmp_path / "full.zip")
    with Wardrobe.open(tmp_path / "two") as other:
        other.restore(full)
        assert other.settings.read().currency == "SEK"
        other.restore(plain)
        assert other.settings.read().currency == ""
        (tmp_path / "none.zip").write_bytes(full.read_bytes()[:-50])
        with pytest.raises(BackupError):
            other.restore(tmp_path / "none.zip")
        assert len(other) == 1


def test_without_tagging_a_mended_cutout_leaves_what_is_known(tmp_path: Path) -> None:
    with Wardrobe.open(tmp_path) as wardrobe:
        before = wardrobe.add_segmented(rendered.photo(1), [rendered.item(1)], model="m").garments[0]
        wardrobe.settings.change({"tagging": False})
        seen = before.appearances[0]
        mask = wardrobe.appearances.mask(seen.id)
        mask[: seen.box[1] + seen.box[3] // 2] = False
        wardrobe.appearances.set_mask(seen.id, mask)
        after = wardrobe.get(before.id)
        assert after.appearances[0].area < seen.area
        assert (after.type, after.colours, after.provenance) == (
            before.type,
            before.colours,
            before.provenance,
        )
        taken = wardrobe.appearances.add(before.appearances[0].photo_id, ~mask, "scarf")
        assert (taken.type, taken.colours, taken.label) == (
            None,
            (),
            "scarf",
        )  # the class is the owner's word
