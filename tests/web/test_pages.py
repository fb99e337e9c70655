"""The pages as a person uses them, in a real Chromium."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.segmentation.models import person
from tests.web.conftest import Served, picture, serving

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
CHROMIUM = (
    os.environ.get("EWARDROBE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

PAGES = ("/", "/?type=shirt", "/garments/2", "/garments/5", "/add", "/statistics", "/api", "/nothing")
expect = sync_api.expect
FOUND = ".upload.done .grid > li > .card"
SLOW = 120_000  # milliseconds; a busy machine takes its time to start the process that finds garments


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Chromium's own sandbox does not run for root, as in a container.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A tab of its own, and everything it complained about or fetched from elsewhere."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.context = browser.new_context(base_url=url, **options)
        self.complaints: list[str] = []
        self.page = self.open()

    def open(self) -> Any:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("request", lambda request: self._look(request.url))
        return page

    def _look(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "blob:")):
            self.complaints.append(f"fetched {url}")


@pytest.fixture
def tab(browser: Any, served: Served) -> Iterator[Watched]:
    watched = Watched(browser, served.url)
    yield watched
    watched.context.close()
    # Chromium itself tells of answers that are refusals.
    assert [line for line in watched.complaints if not line.startswith("Failed to load resource")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_fits(browser: Any, served: Served, width: int, scheme: str) -> None:
    tab = Watched(browser, served.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in PAGES:
        tab.page.goto(path)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, path
        expect(tab.page.get_by_role("heading", level=1)).to_have_count(1)
        pictures = tab.page.locator("img").evaluate_all("found => found.map(image => image.alt === null)")
        assert not any(pictures), path
        nameless = "found => found.filter(field => field.type !== 'hidden' && !field.labels.length).length"
        assert tab.page.locator("input, select, textarea").evaluate_all(nameless) == 0, path
    page_colour = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in page_colour[4:-1].split(",")) / 3
    assert (lightness > 200) == (scheme == "light")
    tab.context.close()
    assert [line for line in tab.complaints if "404" not in line] == []


def test_finding(tab: Watched) -> None:
    page = tab.page
    page.goto("/")
    cards = page.locator(".found .card")
    expect(cards).to_have_count(5)
    page.get_by_label("Search").fill("unique")
    page.keyboard.press("Enter")
    expect(cards).to_have_count(1)
    assert page.url.endswith("/?text=unique")
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("link", name="laundry 1").click()
    expect(cards).to_have_count(1)
    page.get_by_role("link", name="laundry 1").click()
    expect(cards).to_have_count(5)
    page.get_by_label("Order").select_option("Dearest first")
    expect(page).to_have_url(re.compile("sort=-price"))
    expect(cards.first).to_contain_text("coat")


def test_changing_and_undoing(tab: Watched, served: Served) -> None:
    page = tab.page
    page.goto("/garments/1")
    page.get_by_role("button", name="or blouse?").click()
    expect(page.get_by_label("Type", exact=True)).to_have_value("blouse")
    page.get_by_label("Notes").fill("<b>collar</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toast")).to_have_text("Saved")
    expect(page.get_by_role("heading", level=1)).to_have_text("navy blouse")
    expect(page.locator("#origin-type")).to_have_text("set by you")
    expect(page.get_by_label("Notes")).to_have_value("<b>collar</b>")
    # Only what was touched is the owner's now.
    assert served.client.get("/api/v1/garments/1").json()["provenance"]["style"]["source"] == "model"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("navy shirt")
    page.get_by_role("button", name="Favourite").click()
    expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="In the laundry").click()
    expect(page.get_by_label("Status")).to_have_value("laundry")
    page.get_by_role("button", name="Worn today").click()
    expect(page.get_by_text("Worn 1 time, last on")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.wait_for_url("**/")
    expect(page.locator(".found .card")).to_have_count(4)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".found .card")).to_have_count(5)


def test_a_value_that_cannot_be_is_said(tab: Watched, served: Served) -> None:
    page = tab.page
    page.goto("/garments/1")
    page.get_by_label("Price").fill("cheap")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toast")).to_contain_text("price must be an amount")
    expect(page.get_by_label("Price")).to_have_value("cheap")
    assert served.client.get("/api/v1/garments/1").json()["price"] is None


def test_the_second_of_two_tabs_is_told(tab: Watched, served: Served) -> None:
    first, second = tab.page, tab.open()
    first.goto("/garments/1")
    second.goto("/garments/1")
    first.get_by_label("Brand").fill("First")
    first.get_by_role("button", name="Save").click()
    expect(first.locator("#toast")).to_have_text("Saved")
    second.get_by_label("Brand").fill("Second")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("changed in another window")
    assert served.client.get("/api/v1/garments/1").json()["brand"] == "First"
    second.get_by_role("button", name="Show it as it is now").click()
    expect(second.get_by_label("Brand")).to_have_value("First")


def test_backgrounds(tab: Watched) -> None:
    page = tab.page
    page.goto("/garments/1")
    seen = set()
    for name in ("plain", "white", "black"):
        page.locator(f"label[for=ground-{name}]").click()
        seen.add(page.locator(".stage").evaluate("stage => getComputedStyle(stage).backgroundColor"))
    page.get_by_label("A colour of your own").fill("#336699")
    seen.add(page.locator(".stage").evaluate("stage => getComputedStyle(stage).backgroundColor"))
    assert len(seen) == 4
    assert "rgb(51, 102, 153)" in seen


def test_adding_survives_a_reload(tab: Watched, tmp_path: Path) -> None:
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.png")
        files[-1].write_bytes(picture(person(20 + 20 * number)))
    files.append(tmp_path / "letter.pdf")
    files[-1].write_bytes(b"%PDF-1.7")
    page = tab.page
    page.goto("/add")
    page.get_by_label("Choose photos").set_input_files(files)
    expect(page.locator(".upload.failed .reason")).to_contain_text("this is not a photo")
    page.reload()
    expect(page.locator(".upload.done")).to_have_count(3, timeout=SLOW)
    expect(page.locator("#summary")).to_have_text("3 added")
    expect(page.locator(FOUND)).to_have_count(9)
    expect(page.locator(f"{FOUND} img").first).to_have_js_property("complete", True)
    page.get_by_label("Choose photos").set_input_files(files[:1])
    expect(page.get_by_text("in the wardrobe already")).to_be_visible(timeout=SLOW)
    page.locator(".reject").first.click()
    expect(page.locator("#toast")).to_contain_text("Removed")
    page.get_by_role("button", name="Clear the finished").click()
    expect(page.locator(".upload")).to_have_count(0)
    page.goto("/")
    expect(page.locator(".found .card")).to_have_count(5 + 9 - 1)


def test_dropped_photos_are_added(tab: Watched) -> None:
    page = tab.page
    page.goto("/add")
    data = list(picture([("dress", (40, 30, 100, 180))]))
    page.evaluate(
        """data => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(data)], "<b>dress.png", { type: "image/png" }));
            window.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
        }""",
        data,
    )
    expect(page.locator(".upload .file")).to_have_text("<b>dress.png")
    expect(page.locator(FOUND)).to_have_count(1, timeout=SLOW)


def test_what_looks_alike_is_shown_beside_and_made_one(tab: Watched, tmp_path: Path, served: Served) -> None:
    page = tab.page
    page.goto("/add")
    for level in (1, 9):  # the same pixels in two files
        file = tmp_path / f"{level}.png"
        file.write_bytes(picture([("dress", (40, 30, 100, 180))], compress_level=level))
        page.get_by_label("Choose photos").set_input_files([file])
        expect(page.get_by_text(f"{1 + level // 9} added")).to_be_visible(timeout=SLOW)
    first, second = (served.client.get(f"/api/v1/uploads/{number}").json() for number in (1, 2))
    kept = first["garments"][0]["id"]
    assert second["garments"][0]["look_alikes"][0]["id"] == kept
    expect(page.locator(".alike .card")).to_have_attribute("href", f"/garments/{kept}")
    page.get_by_role("button", name="The same one").click()
    expect(page.locator("#toast")).to_contain_text("one more photo now")
    assert len(served.client.get(f"/api/v1/garments/{kept}").json()["appearances"]) == 2
    assert served.client.get("/api/v1/garments").json()["total"] == 6


def test_the_keyboard_alone_is_enough(tab: Watched) -> None:
    page = tab.page
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('card')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/garments/5")
    page.get_by_label("Name").focus()
    page.keyboard.type("Winter coat")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Winter coat")


def test_a_large_wardrobe_comes_in_pages(browser: Any, home: Path, model: Path) -> None:
    from ewardrobe.wardrobe import Wardrobe

    with Wardrobe.open(home) as wardrobe:
        for number in range(60):
            wardrobe.new(name=f"Garment {number}")
    with serving(home, model) as served:
        tab = Watched(browser, served.url)
        tab.page.goto("/")
        expect(tab.page.locator(".found .card")).to_have_count(60)
        tab.page.get_by_role("link", name="Next").click()
        expect(tab.page.locator(".found .card")).to_have_count(5)
        expect(tab.page.get_by_text("Page 2 of 2")).to_be_visible()
        tab.page.goto("/?page=9")
        expect(tab.page.get_by_text("There is no page 9")).to_be_visible()
        tab.context.close()
