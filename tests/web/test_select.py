"""Many garments at once, the quick buttons, putting away, and judging what was found, in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ewardrobe.wardrobe import Wardrobe
from tests.web.conftest import Served, picture, serving
from tests.web.test_pages import FOUND, SLOW, Watched, browser, expect, pytestmark, tab  # noqa: F401

HTML = "<img src=x onerror=alert(1)><b>holes</b>"


def fields(served: Served, number: int) -> dict[str, Any]:
    return dict(served.client.get(f"/api/v1/garments/{number}").json())


def test_thirty_garments_are_put_away_and_come_back(browser: Any, home: Path, model: Path) -> None:  # noqa: F811
    with Wardrobe.open(home) as wardrobe:
        ids = [wardrobe.new(name=f"Sock {number}", type="socks").id for number in range(30)]
        for number in range(70):
            wardrobe.new(name=f"Hat {number}", type="hat")
    with serving(home, model) as served:
        watched = Watched(browser, served.url)
        page = watched.page
        page.goto("/?type=socks")
        page.get_by_role("button", name="Select", exact=True).click()
        expect(page.get_by_role("button", name="Put away…")).to_be_disabled()
        cards = page.locator(".item .card")
        cards.nth(2).click()
        cards.nth(6).click(modifiers=["Shift"])
        expect(page.locator("#count")).to_have_text("5 garments selected")
        page.get_by_label("Sock 25", exact=True).click()
        expect(page.locator("#count")).to_have_text("4 garments selected")
        page.get_by_role("button", name="All on this page").click()
        expect(page.locator("#count")).to_have_text("30 garments selected")
        page.get_by_role("button", name="Put away…").click()
        page.get_by_label("What became of it").select_option("discarded")
        page.get_by_label("Why").fill(HTML)
        page.get_by_role("button", name="Put away", exact=True).click()
        expect(page.locator("#toast")).to_contain_text("Put away: 30 garments")
        assert {(fields(served, each)["status"], fields(served, each)["status_reason"]) for each in ids} == {
            ("discarded", HTML)
        }
        page.goto(f"/garments/{ids[0]}")
        expect(page.get_by_label("Why", exact=True).first).to_have_value(HTML)
        assert page.locator("img[src=x]").count() == 0
        page.goto("/")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#toast")).to_contain_text("Taken back")
        assert {fields(served, each)["status"] for each in ids} == {"active"}
        # All that was found, also on the next page, and nothing else.
        page.goto("/?type=hat")
        page.get_by_role("button", name="Select", exact=True).click()
        page.get_by_role("button", name="All 70 found").click()
        expect(page.locator("#count")).to_have_text("70 garments selected")
        page.get_by_role("button", name="Season, tags…").click()
        page.get_by_label("Season").fill("winter")
        page.get_by_label("Add tags").fill("attic, <i>box</i>")
        page.get_by_role("button", name="Change", exact=True).click()
        expect(page.locator("#toast")).to_contain_text("Changed: 70 garments")
        assert served.client.get("/api/v1/garments?season=winter&tag=attic").json()["total"] == 70
        page.get_by_role("button", name="Select", exact=True).click()
        page.keyboard.press("Control+a")
        page.get_by_role("button", name="Remove").click()
        expect(page.locator("#toast")).to_contain_text("Removed: 60 garments")
        assert served.client.get("/api/v1/garments?type=hat").json()["total"] == 10
        assert served.client.get("/api/v1/history").json()[0]["detail"] == "60 garments"
        watched.context.close()
        assert watched.complaints == []


def test_nothing_happens_by_cancelling(tab: Watched, served: Served) -> None:  # noqa: F811
    page = tab.page
    page.goto("/")
    page.get_by_role("button", name="Select", exact=True).click()
    page.locator(".item .card").first.click()
    for name in ("Put away…", "Season, tags…"):
        page.get_by_role("button", name=name).click()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name=name).click()
        page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#chosen")).to_be_hidden()
    assert served.client.get("/api/v1/history").json()[0]["verb"] == "wear"
    page.locator(".item .card").first.click()
    page.wait_for_url("**/garments/5")


def test_one_touch_on_a_card(tab: Watched, served: Served) -> None:  # noqa: F811
    page = tab.page
    page.goto("/")
    shirt = page.locator('.item[data-id="1"]')
    shirt.hover()
    shirt.get_by_role("button", name="Favourite").click()
    expect(page.locator("#toast")).to_contain_text("A favourite")
    shirt.get_by_role("button", name="In the laundry").click()
    expect(page.locator("#toast")).to_contain_text("In the laundry")
    assert (fields(served, 1)["favourite"], fields(served, 1)["status"]) == (True, "laundry")
    shirt.get_by_role("button", name="In the laundry").click()
    expect(page.locator("#toast")).to_contain_text("Clean again")
    served.client.patch("/api/v1/garments/1", json={"notes": "elsewhere"})
    shirt.get_by_role("button", name="Favourite").click()
    expect(page.locator("#toast")).to_contain_text("changed meanwhile")
    assert fields(served, 1)["favourite"] is True


def test_putting_one_away(tab: Watched, served: Served) -> None:  # noqa: F811
    page = tab.page
    page.goto("/garments/2")
    page.get_by_role("button", name="Put away…").click()
    page.get_by_role("dialog").get_by_label("Why").fill("does not fit")
    page.get_by_role("button", name="Put away", exact=True).click()
    expect(page.get_by_label("Status")).to_have_value("archived")
    assert fields(served, 2)["status_reason"] == "does not fit"


def test_judging_what_was_found(tab: Watched, served: Served, tmp_path: Path) -> None:  # noqa: F811
    page = tab.page
    page.goto("/add")
    for level in (1, 9):  # the same pixels in two files
        file = tmp_path / f"{level}.png"
        file.write_bytes(picture([("dress", (40, 30, 100, 180))], compress_level=level))
        page.get_by_label("Choose photos").set_input_files([file])
        expect(page.get_by_text(f"{1 + level // 9} added")).to_be_visible(timeout=SLOW)
    expect(page.locator(".alike:visible")).to_have_count(1)
    page.get_by_role("button", name="Another one").click()
    expect(page.locator(".alike:visible")).to_have_count(0)
    page.locator(".right").first.click()
    expect(page.locator(".right").first).to_have_text("✓ Right")
    page.reload()
    expect(page.locator(FOUND)).to_have_count(2)
    expect(page.locator(".alike:visible")).to_have_count(0)
    expect(page.locator('.right[aria-pressed="true"]')).to_have_count(1)
    assert fields(served, 7)["appearances"][0]["checked_at"]
    page.locator(".mend").first.click()
    page.wait_for_url("**/garments/7/mask")


@pytest.mark.parametrize("width", [360, 1440])
def test_the_bar_fits(browser: Any, served: Served, width: int) -> None:  # noqa: F811
    watched = Watched(browser, served.url, viewport={"width": width, "height": 700})
    page = watched.page
    page.goto("/")
    page.get_by_role("button", name="Select", exact=True).click()
    page.locator(".item .card").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Season, tags…").click()
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width and box["height"] <= 700
    watched.context.close()
