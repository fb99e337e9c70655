"""Today, packing and the sheet: their API, and their pages in a real Chromium."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ewardrobe.stylist import forecast as forecasting
from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered
from tests.web.conftest import Served, serving
from tests.web.test_pages import CHROMIUM, Watched, browser, sync_api

__all__ = ["browser"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
expect = sync_api.expect


@pytest.fixture
def dressed(home: Path) -> Path:
    """The usual wardrobe with enough beside it for several outfits; 6 to 11."""
    with Wardrobe.open(home) as wardrobe:
        for kind, colour in (
            ("trousers", "black"), ("skirt", "grey"), ("boots", "black"), ("sneakers", "white"),
            ("<b>kilt</b>", "red"), ("t-shirt", "white"),
        ):  # fmt: skip
            wardrobe.new(type=kind, colour=colour)
    return home


@pytest.fixture
def styled(dressed: Path, model: Path) -> Iterator[Served]:
    with serving(dressed, model) as found:
        yield found


@pytest.fixture
def tab(browser: Any, styled: Served) -> Iterator[Watched]:
    watched = Watched(browser, styled.url)
    yield watched
    watched.context.close()
    assert [line for line in watched.complaints if not line.startswith("Failed to load resource")] == []


def suggested(styled: Served, **params: Any) -> dict[str, Any]:
    answer = styled.client.get("/api/v1/suggestions", params={"seed": 1, **params})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_suggestions(styled: Served) -> None:
    found = suggested(styled, temperature=12, occasion="everyday", on="2026-05-04")
    assert found["season"] == "spring" and found["felt"] == 12 and len(found["outfits"]) == 3
    first = found["outfits"][0]
    assert {"bottom", "shoes"} <= {item["slot"] for item in first["garments"]}
    assert first["sentence"].endswith(".") and first["vote"] is None and first["missing"] == []
    pictured = [item for outfit in found["outfits"] for item in outfit["garments"] if item["thumbnail"]]
    assert styled.client.get(pictured[0]["thumbnail"]).status_code == 200
    assert found["notes"] == [
        "Left out: 1 laundry.",
        "1 without a type; say what they are, and they take part.",
    ]
    assert suggested(styled, temperature=12, on="2026-05-04") == found
    held = suggested(styled, wearing=[7], without=[6])
    assert all(7 in [item["id"] for item in outfit["garments"]] for outfit in held["outfits"])


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"temperature": 99}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"occasion": "moon"}, "occasion"),
        ({"on": "yesterday"}, "on"),
        ({"count": 0}, "count"),
        ({"wearing": [6, 7]}, "garments 6 and 7 cannot be worn at once"),
        ({"wearing": [999]}, "garment 999 cannot be worn"),
        ({"temperature": "nan"}, "temperature"),
    ],
)
def test_what_makes_no_sense_is_refused(styled: Served, params: dict[str, Any], line: str) -> None:
    answer = styled.client.get("/api/v1/suggestions", params=params)
    assert answer.status_code == 422 and line in answer.json()["detail"]


def test_thumbs(styled: Served) -> None:
    garments = [item["id"] for item in suggested(styled)["outfits"][0]["garments"]]
    vote = styled.client.post("/api/v1/suggestions/votes", json={"garments": garments, "liked": False})
    assert vote.status_code == 201
    shown = [[item["id"] for item in outfit["garments"]] for outfit in suggested(styled, count=12)["outfits"]]
    assert garments not in shown
    assert styled.client.get("/api/v1/suggestions/votes").json() == [vote.json()]
    path = f"/api/v1/suggestions/votes/{vote.json()['id']}"
    assert styled.client.delete(path).status_code == 204
    assert styled.client.delete(path).status_code == 404
    for wrong, status in (([1], 422), ([1, 999], 404), ([-1, 2], 422)):
        body = {"garments": wrong, "liked": True}
        assert styled.client.post("/api/v1/suggestions/votes", json=body).status_code == status


def test_wearing_and_keeping_can_be_undone(styled: Served) -> None:
    worn = styled.client.post("/api/v1/wears", json={"garments": [6, 8], "on": "2026-05-04"})
    assert worn.status_code == 201 and [wear["worn_on"] for wear in worn.json()] == ["2026-05-04"] * 2
    assert styled.client.get("/api/v1/garments/6").json()["last_worn"] == "2026-05-04"
    styled.client.post("/api/v1/undo")
    assert styled.client.get("/api/v1/garments/6").json()["last_worn"] is None
    kept = styled.client.post(
        "/api/v1/outfits", json={"garments": [6, 8], "name": "<i>Black</i>", "occasion": "work"}
    )
    assert kept.status_code == 201
    with Wardrobe.open(styled.home) as wardrobe:
        outfit = wardrobe.outfits.get(kept.json()["id"])
        assert outfit.name == "<i>Black</i>" and [item.garment_id for item in outfit.items] == [6, 8]
    for path in ("wears", "outfits"):
        missing = styled.client.post(f"/api/v1/{path}", json={"garments": [6, 999]})
        assert missing.status_code == 404


def test_packing(styled: Served) -> None:
    days = [{"on": f"2026-05-0{number}", "occasion": "everyday", "temperature": 15} for number in (4, 5)]
    found = styled.client.post("/api/v1/packing", json={"days": days}).json()
    assert [day["on"] for day in found["days"]] == ["2026-05-04", "2026-05-05"]
    worn = {item["id"] for day in found["days"] for item in day["outfit"]["garments"]}
    assert {item["id"] for item in found["garments"]} == worn and found["outfits"] >= 2
    for wrong in ([], days * 20, [{"on": "2026-05-04", "temperature": 1000}]):
        assert styled.client.post("/api/v1/packing", json={"days": wrong}).status_code == 422


def test_the_forecast_is_off_until_it_is_allowed(styled: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(address: str) -> bytes:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(forecasting, "_fetch", offline)
    refused = styled.client.get("/api/v1/forecast")
    assert refused.status_code == 409 and "switched off" in refused.json()["detail"]
    settings = "/api/v1/forecast/settings"
    assert styled.client.put(settings, json={"allowed": True}).status_code == 422
    kept = styled.client.put(settings, json={"allowed": True, "latitude": 48.1374, "longitude": 11.5755})
    assert kept.json() == {"allowed": True, "latitude": 48.1, "longitude": 11.6}
    failed = styled.client.get("/api/v1/forecast")
    assert failed.status_code == 503 and "there is no network" in failed.json()["detail"]


def test_the_sheet(styled: Served) -> None:
    pdf = styled.client.get("/api/v1/garments/1/sheet")
    assert pdf.content.startswith(b"%PDF-") and pdf.headers["content-type"] == "application/pdf"
    text = styled.client.get("/api/v1/garments/5/sheet?format=txt")
    assert text.text.startswith("Ünique camel coat" if "camel" in text.text else "Ünique tan coat")
    styled.client.delete("/api/v1/garments/5")
    for path in ("/api/v1/garments/5/sheet", "/api/v1/garments/99/sheet", "/garments/5/sheet"):
        assert styled.client.get(path).status_code == 404
    assert styled.client.get("/api/v1/garments/1/sheet?format=doc").status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "today?temperature=hot",
        "today?seed=-1",
        "today?on=x",
        "pack?on=9999-12-31",
        "pack?days=99",
        "pack?work=9",
    ],
)
def test_an_address_that_makes_no_sense(styled: Served, query: str) -> None:
    assert styled.client.get(f"/{query}").status_code == 422


def test_a_damaged_file_of_votes_is_one_line(styled: Served) -> None:
    (styled.home / "stylist.json").write_text("{")
    answer = styled.client.get("/api/v1/suggestions")
    assert answer.status_code == 500 and str(styled.home) not in answer.text
    assert styled.client.get("/").status_code == 200


PATHS = ("/today", "/today?temperature=-3&rain=yes&wind=45", "/pack?days=5&work=2", "/garments/1/sheet")


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_fit(browser: Any, styled: Served, width: int, scheme: str) -> None:
    tab = Watched(browser, styled.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in PATHS:
        tab.page.goto(path)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, path
        expect(tab.page.get_by_role("heading", level=1)).to_have_count(1)
        nameless = "found => found.filter(field => field.type !== 'hidden' && !field.labels.length).length"
        assert tab.page.locator("input, select, textarea").evaluate_all(nameless) == 0, path
        unnamed = "found => found.filter(item => !item.getAttribute('aria-label')).length"
        assert tab.page.locator("svg[role=img]").evaluate_all(unnamed) == 0, path
    tab.context.close()
    assert tab.complaints == []


@needs_chromium
def test_dressed_by_weather_and_worn_today(tab: Watched, styled: Served) -> None:
    page = tab.page
    page.goto("/")
    page.get_by_role("link", name="Today").click()
    outfits = page.locator(".outfit")
    expect(outfits).to_have_count(3)
    page.get_by_label("Temperature").fill("-5")
    page.get_by_label("Wind").select_option("stormy")
    page.keyboard.press("Enter")
    page.wait_for_url("**temperature=-5**")
    expect(outfits.first.get_by_role("link", name="coat")).to_be_visible()
    expect(page.get_by_label("Wind")).to_have_value("45")
    ids = [int(part) for part in (outfits.first.get_attribute("data-garments") or "").split(",")]
    outfits.first.get_by_role("button", name="Wear it today").click()
    expect(outfits.first.locator(".done")).to_contain_text("worn today")
    today = date.today().isoformat()
    worn = [styled.client.get(f"/api/v1/garments/{number}").json()["last_worn"] for number in ids]
    assert worn == [today] * len(ids)
    outfits.first.get_by_role("button", name="Undo").click()
    expect(outfits.first.get_by_role("button", name="Wear it today")).to_be_visible()
    assert styled.client.get(f"/api/v1/garments/{ids[0]}").json()["last_worn"] != today
    outfits.first.get_by_role("button", name="Save as outfit").click()
    expect(outfits.first.locator(".done")).to_contain_text("Kept among your outfits")
    with Wardrobe.open(styled.home) as wardrobe:
        assert [item.garment_id for item in wardrobe.outfits.find()[0].items] == ids


@needs_chromium
def test_thumbs_with_the_keyboard(tab: Watched, styled: Served) -> None:
    page = tab.page
    page.goto("/today")
    first = page.locator(".outfit").first
    garments = first.get_attribute("data-garments")
    down = first.get_by_role("button", name="I do not like it")
    down.focus()
    page.keyboard.press("Enter")
    expect(down).to_have_attribute("aria-pressed", "true")
    up = first.get_by_role("button", name="I like it")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(down).to_have_attribute("aria-pressed", "false")
    page.reload()
    again = page.locator(f'.outfit[data-garments="{garments}"]').get_by_role("button", name="I like it")
    expect(again).to_have_attribute("aria-pressed", "true")
    again.click()
    expect(again).to_have_attribute("aria-pressed", "false")
    assert styled.client.get("/api/v1/suggestions/votes").json() == []


@needs_chromium
def test_others_and_one_garment_to_start_from(tab: Watched) -> None:
    page = tab.page
    page.goto("/garments/7")
    page.get_by_role("link", name="What goes with it").click()
    page.wait_for_url("**/today?wearing=7")
    for outfit in page.locator(".outfit").all():
        assert "7" in (outfit.get_attribute("data-garments") or "").split(",")
    page.get_by_role("link", name="Show others").click()
    page.wait_for_url("**wearing=7&seed=*")
    expect(page.locator(".outfit").first).to_be_visible()


@needs_chromium
def test_the_forecast_fills_the_fields(tab: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    columns: dict[str, Any] = {"temperature_2m_max": [3], "temperature_2m_min": [3]}
    columns |= {"time": [date.today().isoformat()], "precipitation_sum": [9], "wind_speed_10m_max": [20]}
    answer = json.dumps({"daily": columns})
    monkeypatch.setattr(forecasting, "_fetch", lambda address: answer.encode())
    page = tab.page
    page.goto("/today")
    page.get_by_text("Fill the weather in from a forecast").click()
    expect(page.get_by_role("button", name="Ask the forecast")).to_be_hidden()
    page.get_by_label("Latitude").fill("48,1374")
    page.get_by_label("Longitude").fill("11.5755")
    page.get_by_label("Allow it").check()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Ask the forecast").click()
    page.wait_for_url("**temperature=3**")
    expect(page.get_by_label("Rain")).to_be_checked()
    expect(page.get_by_label("Wind")).to_have_value("20")


@needs_chromium
def test_an_empty_and_a_tiny_wardrobe(browser: Any, empty_home: Path, model: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(empty_home, tmp_path / "home")
    with serving(tmp_path / "home", model) as served:
        tab = Watched(browser, served.url)
        tab.page.goto("/today")
        expect(tab.page.get_by_text("Nothing to put together yet")).to_be_visible()
        expect(tab.page.get_by_role("link", name="Add photos")).to_be_visible()
        tab.page.goto("/pack")
        expect(tab.page.get_by_text("Nothing to pack yet")).to_be_visible()
        with Wardrobe.open(tmp_path / "home") as wardrobe:
            wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)], model=rendered.MODEL)
        tab.page.goto("/today")
        expect(tab.page.locator(".outfit")).to_have_count(1)
        expect(tab.page.get_by_text("Still lacks trousers, shorts or a skirt and shoes.")).to_be_visible()
        tab.context.close()
        assert tab.complaints == []


@needs_chromium
def test_packed_things_are_ticked_off_and_the_sheet_is_copied(browser: Any, styled: Served) -> None:
    tab = Watched(browser, styled.url, permissions=["clipboard-read", "clipboard-write"])
    page = tab.page
    page.goto("/pack?days=3")
    expect(page.locator(".packed input").first).not_to_be_checked()
    page.locator(".packed label").first.click()
    expect(page.locator(".packed input").first).to_be_checked()
    page.goto("/garments/5")
    page.get_by_role("link", name="Sell it").click()
    page.get_by_role("button", name="Copy the text").click()
    expect(page.locator("#toast")).to_have_text("Copied")
    assert "Brand: Ünique" in page.evaluate("navigator.clipboard.readText()")
    tab.context.close()
    assert tab.complaints == []
