"""Outfits, the calendar, the settings and the statistics as a person uses them, in a real Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ewardrobe.wardrobe import Wardrobe
from tests.segmentation.models import person
from tests.web.conftest import Served, picture
from tests.web.test_outfits_api import relit
from tests.web.test_pages import CHROMIUM, SLOW, Watched, browser, expect, tab

__all__ = ["browser", "tab"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

TODAY = date.today().isoformat()


@pytest.fixture
def stocked(home: Path) -> None:
    """Two outfits, of which the first was worn today, beside what `fill` put there."""
    with Wardrobe.open(home) as wardrobe:
        wardrobe.outfits.new([1, 5], name="Office", season="autumn")
        wardrobe.outfits.new([3, 4])
        wardrobe.wears.add(outfit=1)
        wardrobe.wears.add([2])


@pytest.fixture
def outfits(stocked: None, served: Served) -> Iterator[Served]:
    yield served


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_fits(browser: Any, outfits: Served, width: int, scheme: str) -> None:
    tab = Watched(browser, outfits.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    nameless = "found => found.filter(field => field.type !== 'hidden' && !field.labels.length).length"
    silent = "found => found.filter(button => !(button.ariaLabel || button.textContent.trim())).length"
    for path in ("/outfits", "/outfits/new", "/outfits/1", "/calendar", "/statistics", "/settings"):
        tab.page.goto(path)
        expect(tab.page.get_by_role("heading", level=1)).to_have_count(1)
        if path.startswith("/outfits/"):
            expect(tab.page.locator(".pick")).to_have_count(5)
        if path == "/calendar":
            tab.page.locator(f'[data-day="{TODAY}"]').click()
            expect(tab.page.locator(".entry")).to_have_count(2)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert tab.page.locator("input, select, textarea").evaluate_all(nameless) == 0, path
        assert tab.page.locator("button, a").evaluate_all(silent) == 0, path
    tab.context.close()
    assert tab.complaints == []


def place_of(page: Any, garment: int) -> tuple[float, float, float]:
    """A piece's centre and width in widths of the board."""
    board = page.locator("#board").bounding_box()
    piece = page.locator(f'.piece[data-garment="{garment}"]').bounding_box()
    return (
        (piece["x"] + piece["width"] / 2 - board["x"]) / board["width"],
        (piece["y"] + piece["height"] / 2 - board["y"]) / board["width"],
        piece["width"] / board["width"],
    )


def test_an_outfit_is_made_by_mouse(tab: Watched, served: Served) -> None:
    page = tab.page
    page.goto("/outfits")
    page.get_by_role("link", name="Make the first outfit").click()
    page.get_by_label("Search your garments").fill("coat")
    expect(page.locator(".pick")).to_have_count(1)
    page.locator(".pick").click()
    page.get_by_label("Search your garments").fill("")
    page.get_by_role("group", name="Types").get_by_role("button", name="shirt").click()
    expect(page.locator(".pick")).to_have_count(4)
    page.locator('.pick[data-garment="1"]').click()
    expect(page.locator(".piece")).to_have_count(2)
    expect(page.locator('.pick[data-garment="1"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.piece[data-garment="1"]')).to_have_attribute(
        "aria-label", "navy shirt, layer 2 of 2"
    )
    x, y, size = place_of(page, 1)
    frame = page.locator("#board").bounding_box()
    at = (frame["x"] + x * frame["width"], frame["y"] + y * frame["width"])
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] - 30, at[1] + 20)
    page.mouse.move(at[0] + 0.1 * frame["width"], at[1] + 0.2 * frame["width"])
    page.mouse.up()
    moved = place_of(page, 1)
    assert moved == pytest.approx((x + 0.1, y + 0.2, size), abs=0.01)
    handle = page.locator(".selected .handle").bounding_box()
    corner = (handle["x"] + 14, handle["y"] + 14)
    page.mouse.move(*corner)
    page.mouse.down()
    page.mouse.move(corner[0] + 40, corner[1] + 40)
    page.mouse.up()
    grown = place_of(page, 1)
    assert grown[2] > size * 1.2
    assert grown[:2] == pytest.approx(moved[:2], abs=0.01)
    page.get_by_role("button", name="Send back").click()
    expect(page.locator('.piece[data-garment="1"]')).to_have_attribute(
        "aria-label", "navy shirt, layer 1 of 2"
    )
    page.get_by_role("button", name="One step back").click()
    expect(page.locator('.piece[data-garment="1"]')).to_have_attribute(
        "aria-label", "navy shirt, layer 2 of 2"
    )
    page.get_by_label("Name").fill("<b>Rain</b>")
    page.get_by_label("Season").fill("autumn")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/outfits/1")
    expect(page.locator("#toast")).to_have_text("Saved")
    expect(page.get_by_role("heading", level=1)).to_have_text("<b>Rain</b>")
    expect(page.locator(".piece")).to_have_count(2)
    assert place_of(page, 1) == pytest.approx(grown, abs=0.01)
    kept = served.client.get("/api/v1/outfits/1").json()
    assert [item["garment"] for item in kept["items"]] == [5, 1]
    assert kept["items"][1]["scale"] == pytest.approx(grown[2], abs=0.01)
    page.get_by_role("button", name="Clone").click()
    page.wait_for_url("**/outfits/2")
    page.get_by_role("button", name="Remove", exact=True).click()
    page.wait_for_url("**/outfits")
    expect(page.locator(".outfit")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".outfit")).to_have_count(2)


def test_an_outfit_is_made_by_keys_alone(tab: Watched, served: Served) -> None:
    page = tab.page
    page.goto("/outfits/new?garment=1&garment=3")
    first = page.locator('.piece[data-garment="1"]')
    expect(page.locator(".pick")).to_have_count(5)
    first.focus()
    expect(first).to_have_class("piece selected")
    x, y, size = place_of(page, 1)
    for key in ("ArrowRight", "Shift+ArrowDown", "+", "+"):
        page.keyboard.press(key)
    assert place_of(page, 1) == pytest.approx((x + 0.01, y + 0.05, size * 1.08**2), abs=0.005)
    page.keyboard.press("]")
    expect(first).to_have_attribute("aria-label", "navy shirt, layer 2 of 2")
    page.keyboard.press("Control+z")
    expect(first).to_have_attribute("aria-label", "navy shirt, layer 1 of 2")
    page.keyboard.press("Delete")
    expect(page.locator(".piece")).to_have_count(1)
    expect(page.locator('.piece[data-garment="3"]')).to_be_focused()
    page.locator('.pick[data-garment="5"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator(".piece")).to_have_count(2)
    page.get_by_label("Name").focus()
    page.keyboard.type("Keys")
    page.keyboard.press("Enter")
    page.wait_for_url("**/outfits/1")
    assert {item["garment"] for item in served.client.get("/api/v1/outfits/1").json()["items"]} == {3, 5}


def test_a_finger_moves_and_two_resize(browser: Any, outfits: Served) -> None:
    tab = Watched(browser, outfits.url, viewport={"width": 360, "height": 800}, has_touch=True)
    page = tab.page
    page.goto("/outfits/1")
    expect(page.locator(".piece")).to_have_count(2)
    expect(page.locator(".pick")).to_have_count(5)
    frame = page.locator("#board").bounding_box()
    x, y, size = place_of(page, 5)
    at = (frame["x"] + x * frame["width"], frame["y"] + y * frame["width"])
    touch = tab.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    send("touchStart", at)
    send("touchMove", (at[0], at[1] + 20))
    send("touchMove", (at[0], at[1] + 40))
    send("touchEnd")
    assert place_of(page, 5) == pytest.approx((x, y + 40 / frame["width"], size), abs=0.01)
    assert page.evaluate("scrollY") == 0
    two = (at[0] - 20, at[1] + 40), (at[0] + 20, at[1] + 40)
    send("touchStart", two[0])
    send("touchStart", *two)
    send("touchMove", (two[0][0] - 10, two[0][1]), (two[1][0] + 10, two[1][1]))
    send("touchEnd")
    assert place_of(page, 5)[2] == pytest.approx(size * 1.5, rel=0.05)
    tab.context.close()
    assert tab.complaints == []


def test_the_second_of_two_tabs_is_told(outfits: Served, tab: Watched) -> None:
    first, second = tab.page, tab.open()
    for page in (first, second):
        page.goto("/outfits/1")
        expect(page.locator(".piece")).to_have_count(2)
    first.get_by_label("Name").fill("First")
    first.get_by_role("button", name="Save").click()
    expect(first.locator("#toast")).to_have_text("Saved")
    second.get_by_label("Name").fill("Second")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("changed in another window")
    assert outfits.client.get("/api/v1/outfits/1").json()["name"] == "First"
    second.get_by_role("button", name="Show it as it is now").click()
    expect(second.get_by_label("Name")).to_have_value("First")


def test_worn_today_in_one_tap(outfits: Served, tab: Watched) -> None:
    page = tab.page
    page.goto("/outfits")
    page.get_by_role("button", name="Worn today: navy shirt, navy shirt").click()
    expect(page.locator("#toast")).to_contain_text("worn today")
    outfits.client.post("/api/v1/undo")
    page.goto("/calendar")
    page.get_by_role("button", name="Worn today: navy shirt, navy shirt").click()
    expect(page.locator("#toast")).to_have_text("Logged: worn today")
    day = outfits.client.get(f"/api/v1/days/{TODAY}").json()
    assert [entry["outfit"] for entry in day["outfits"]] == [1, 2]


def test_a_day_is_logged_and_struck(outfits: Served, tab: Watched) -> None:
    page = tab.page
    page.goto("/calendar?month=2026-05")
    expect(page.get_by_role("heading", level=1)).to_have_text("May 2026")
    assert page.locator(".days > li").first.evaluate("item => getComputedStyle(item).gridColumnStart") == "5"
    page.locator('[data-day="2026-05-14"]').click()
    expect(page.locator("#day-title")).to_have_text("Thursday 14 May 2026")
    expect(page.get_by_text("Nothing is logged for this day yet")).to_be_visible()
    page.get_by_text("Log an outfit").click()
    page.locator(".choose-outfit").get_by_role("button", name="Office").click()
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator("#toast")).to_have_text("Logged: Office")
    page.get_by_text("Log garments").click()
    page.locator('.pick[data-garment="2"]').click()
    expect(page.locator(".entry")).to_have_count(2)
    expect(page.locator('.pick[data-garment="5"]')).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Remove Office from this day").click()
    expect(page.locator(".entry")).to_have_count(1)
    page.get_by_role("button", name="Close").click()
    shown = page.locator('[data-day="2026-05-14"]')
    expect(shown).to_have_attribute("aria-label", "Thursday 14 May 2026: navy shirt")
    expect(shown).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(page.locator('[data-day="2026-05-20"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#day-title")).to_have_text("Wednesday 20 May 2026")
    page.keyboard.press("Escape")
    page.keyboard.press("PageUp")
    page.wait_for_url("**/calendar?month=2026-04")
    day = outfits.client.get("/api/v1/days/2026-05-14").json()
    assert ([entry["garment"] for entry in day["garments"]], day["outfits"]) == ([2], [])


def test_an_outfit_photo_is_logged(tab: Watched, served: Served, tmp_path: Path) -> None:
    shot = picture(person(50))
    upload = served.client.post("/api/v1/photos", files={"photo": ("a.png", shot)}).json()
    owned = [item["id"] for item in served.wait(upload["id"])["garments"]]
    (tmp_path / "me.png").write_bytes(relit(shot))
    page = tab.page
    page.goto("/calendar?month=2026-05")
    page.locator('[data-day="2026-05-14"]').click()
    page.get_by_text("From a photo of you").click()
    page.get_by_label("Choose a photo").set_input_files(tmp_path / "me.png")
    expect(page.locator(".seen")).to_have_count(3, timeout=SLOW)
    expect(page.locator("#looking")).to_have_text("3 found, 3 of them among your garments. Is that right?")
    chosen = page.locator(".seen input:checked").evaluate_all(
        "found => found.map(input => Number(input.value))"
    )
    assert chosen == owned
    assert page.locator(".found-picture").first.evaluate("image => image.decode().then(() => true)")
    page.locator(".seen").nth(2).get_by_label("Leave out").check()
    page.locator(".seen").nth(1).get_by_label("A new garment").check()
    expect(page.get_by_label("Keep the photo")).to_be_disabled()
    page.get_by_role("button", name="Log 2 garments").click()
    expect(page.locator(".entry")).to_have_count(2, timeout=SLOW)
    day = served.client.get("/api/v1/days/2026-05-14").json()
    logged = [entry["garment"] for entry in day["garments"]]
    assert logged[0] == owned[0]
    assert logged[1] not in owned
    assert len(served.client.get(f"/api/v1/garments/{owned[0]}").json()["appearances"]) == 2
    # The photo is known now: what was in it is logged without keeping it once more.
    page.get_by_text("From a photo of you").click()
    page.get_by_label("Choose a photo").set_input_files(tmp_path / "me.png")
    expect(page.locator("#looking")).to_have_text("This photo is in your wardrobe already.", timeout=SLOW)


def test_settings(tab: Watched, served: Served) -> None:
    page = tab.page
    page.emulate_media(color_scheme="light")
    page.goto("/settings")
    page.get_by_label("Describe new garments automatically").uncheck()
    expect(page.locator("#toast")).to_have_text("Saved")
    page.get_by_label("Currency of prices").fill("euros")
    page.get_by_label("Currency of prices").fill("sek")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Currency of prices")).to_have_value("SEK")
    page.get_by_label("peach").uncheck()
    page.get_by_text("types in").click()
    first = page.locator(".group").first
    first.get_by_label("Add a type").fill("Beret")
    page.keyboard.press("Enter")
    first.get_by_role("button", name="Remove cap").click()
    page.get_by_role("button", name="Save types").click()
    expect(page.locator("#toast")).to_have_text("Types saved")
    page.get_by_label("Dark").check()
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 22, 20)"
    kept = json.loads((served.home / "settings.json").read_text("utf-8"))
    assert (kept["tagging"], kept["currency"], kept["theme"]) == (False, "SEK", "dark")
    assert kept["types"][0]["types"] == ["hat", "beret"]
    assert "peach" not in kept["colours"]
    page.goto("/garments/1")
    offered = page.locator("#list-type option").evaluate_all("found => found.map(option => option.value)")
    assert "beret" in offered
    assert "cap" not in offered
    page.goto("/settings")
    expect(page.get_by_label("Describe new garments automatically")).not_to_be_checked()


def test_backup_and_restore(outfits: Served, tab: Watched, tmp_path: Path) -> None:
    page = tab.page
    page.goto("/settings")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download a backup").first.click()
    assert download.value.suggested_filename.startswith("wardrobe-")
    download.value.save_as(tmp_path / "backup.zip")
    outfits.client.delete("/api/v1/outfits/1")
    outfits.client.delete("/api/v1/garments/1", params={"purge": True})
    page.get_by_label("Restore from a backup").set_input_files(tmp_path / "backup.zip")
    page.get_by_role("button", name="Keep what is here").click()
    assert outfits.client.get("/api/v1/garments").json()["total"] == 4
    page.get_by_label("Restore from a backup").set_input_files(tmp_path / "backup.zip")
    page.get_by_role("button", name="Replace everything").click()
    expect(page.locator("#toast")).to_contain_text("Restored")
    assert outfits.client.get("/api/v1/garments").json()["total"] == 5
    assert outfits.client.get("/api/v1/outfits/1").json()["removed_at"] is None
    (tmp_path / "letter.zip").write_bytes(b"PK letter")
    page.get_by_label("Restore from a backup").set_input_files(tmp_path / "letter.zip")
    page.get_by_role("button", name="Replace everything").click()
    expect(page.locator("#toast")).to_contain_text("not a whole backup")


def test_statistics_have_their_tables(outfits: Served, tab: Watched) -> None:
    page = tab.page
    page.goto("/statistics")
    for title in ("Type", "Colour", "Most worn", "Least worn, of those worn at all", "Worn by type"):
        expect(page.get_by_role("table", name=title, exact=True)).to_be_visible()
    for title in ("Worn per month", "Spent per month, EUR"):
        chart = page.locator(".over-time", has=page.get_by_role("heading", name=title))
        expect(chart.get_by_role("img")).to_be_visible()
        chart.get_by_text("The numbers").click()
        expect(chart.get_by_role("table", name=title)).to_be_visible()
    worn = page.locator(".over-time", has_text="Worn per month")
    expect(worn.get_by_role("row", name=TODAY[:7])).to_contain_text("3")
    heights = worn.locator("rect").evaluate_all(
        "found => found.map(bar => bar.getBoundingClientRect().height)"
    )
    assert heights[-1] > 20
