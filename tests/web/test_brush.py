"""The brush and the photo's page in a real Chromium: what is painted is what is stored."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.wardrobe import rendered
from tests.web.conftest import Served, picture
from tests.web.test_pages import SLOW, Watched, browser, expect, pytestmark, tab  # noqa: F401

READY = "html[data-ready]"


def mask_of(served: Served, garment: int, appearance: int) -> npt.NDArray[np.bool_]:
    data = served.client.get(f"/api/v1/garments/{garment}/appearances/{appearance}/mask").read()
    return np.asarray(Image.open(io.BytesIO(data))) >= 128


def open_brush(page: Any, garment: int) -> None:
    page.goto(f"/garments/{garment}/mask")
    page.wait_for_selector(READY, timeout=SLOW)
    page.get_by_role("button", name="Whole").click()


def place(page: Any, x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
    """Where pixel (x, y) of a photo of `size` (width, height), shown whole, is on the screen."""
    page.evaluate("scrollTo(0, 0)")  # a click on a button may have scrolled the photo under the header
    box = page.locator("#canvas").bounding_box()
    scale = min(box["width"] / size[0], box["height"] / size[1])
    left = box["x"] + (box["width"] - scale * size[0]) / 2
    top = box["y"] + (box["height"] - scale * size[1]) / 2
    return left + scale * x, top + scale * y


def drag(page: Any, points: list[tuple[float, float]], size: tuple[int, int], **options: Any) -> None:
    page.mouse.move(*place(page, *points[0], size))
    page.mouse.down(**options)
    for point in points[1:]:
        page.mouse.move(*place(page, *point, size), steps=6)
    page.mouse.up(**options)


def save(page: Any) -> None:
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toast")).to_have_text("The cut-out is mended", timeout=SLOW)


@pytest.mark.parametrize("touch", [False, True])
def test_painting_changes_what_was_painted(browser: Any, served: Served, touch: bool) -> None:  # noqa: F811
    size = {"width": 360, "height": 740} if touch else {"width": 1280, "height": 800}
    watched = Watched(browser, served.url, viewport=size, has_touch=touch)
    page = watched.page
    before = mask_of(served, 1, 1)
    open_brush(page, 1)
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    drag(page, [(5, 66), (40, 66)], rendered.SIZE)
    rows, columns = np.nonzero(before)
    middle = (float(columns.mean()), float(rows.mean()))
    drag(page, [middle, (middle[0] + 4, middle[1])], rendered.SIZE, button="right")
    save(page)
    after = mask_of(served, 1, 1)
    assert after[66, 8:38].all() and not before[66, 8:38].any()
    assert before[int(middle[1]), int(middle[0])] and not after[int(middle[1]), int(middle[0])]
    # Nothing else: what was not painted over is as it was, to the pixel.
    radius = 30 * rendered.SIZE[0] / min(size.values())
    for row, column in np.argwhere(after != before):
        near_line = abs(row - 66) <= radius and -radius <= column - 5 <= 35 + radius
        assert near_line or np.hypot(row - middle[1], column - middle[0]) <= radius + 5
    expect(page.get_by_text("the cut-out is checked by you")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toast")).to_contain_text("Taken back")
    expect(page.get_by_text("the cut-out is checked by you")).to_have_count(0)
    assert (mask_of(served, 1, 1) == before).all()
    watched.context.close()
    assert watched.complaints == []


def test_back_again_and_only_then_saved(tab: Watched, served: Served) -> None:  # noqa: F811
    page = tab.page
    before = mask_of(served, 1, 1)
    open_brush(page, 1)
    drag(page, [(5, 5), (30, 5)], rendered.SIZE)
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_role("button", name="Again").click()
    expect(page.get_by_role("button", name="Save")).to_be_enabled()
    assert (mask_of(served, 1, 1) == before).all()
    # With the keyboard alone: erase everything there is around the middle.
    page.keyboard.press("e")
    page.locator("#canvas").focus()
    page.keyboard.down("Space")
    for key in ("ArrowLeft",) * 4 + ("ArrowRight",) * 4:
        page.keyboard.press(key)
    page.keyboard.up("Space")
    page.keyboard.press("a")
    save(page)
    after = mask_of(served, 1, 1)
    assert after[5, 6:29].all() and not after[36, 46:49].any()
    # The first is put back as it was found.
    page.goto("/garments/1/mask")
    page.get_by_role("button", name="Put back what was first found").click()
    expect(page.locator("#toast")).to_have_text("Put back as it was found", timeout=SLOW)
    assert (mask_of(served, 1, 1) == before).all()


def test_the_second_of_two_tabs_is_told(tab: Watched, served: Served) -> None:  # noqa: F811
    first, second = tab.page, tab.open()
    for page in (first, second):
        open_brush(page, 1)
        drag(page, [(5, 5), (30, 5)] if page is first else [(5, 60), (30, 60)], rendered.SIZE)
    save(first)
    after = mask_of(served, 1, 1)
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("changed in another window", timeout=SLOW)
    assert (mask_of(served, 1, 1) == after).all()
    # What was painted is still there to look at.
    expect(second.get_by_role("button", name="Save")).to_be_enabled()


def test_boxes_clicks_and_redoing(tab: Watched, served: Served) -> None:  # noqa: F811
    """On a photo that the model knows: a wrong cut-out, and three ways to the right one."""
    upload = served.client.post("/api/v1/photos", files={"photo": ("p.png", picture())}).json()
    found = served.wait(upload["id"])["garments"]
    number = next(item["id"] for item in found if item["class"] == "top")
    garment = served.client.get(f"/api/v1/garments/{number}").json()
    item = garment["appearances"][0]
    truth = mask_of(served, number, item["id"])
    size = (truth.shape[1], truth.shape[0])
    rows, columns = np.nonzero(truth)
    middle = float(columns[len(columns) // 2]), float(rows[len(rows) // 2])
    page = tab.page
    open_brush(page, number)
    for way in ("again", "box", "click"):
        drag(page, [middle, (middle[0] + 12, middle[1])], size, button="right")
        if way == "again":
            page.get_by_role("button", name="Redo the cut-out").click()
        elif way == "box":
            page.keyboard.press("b")
            x, y, width, height = item["box"]
            drag(page, [(x - 3, y - 3), (x + width + 3, y + height + 3)], size)
        else:
            page.keyboard.press("c")
            page.mouse.click(*place(page, *middle, size))
        expect(page.locator("#toast")).to_contain_text(": top", timeout=SLOW)
        page.keyboard.press("a")
        page.evaluate("document.getElementById('toast').textContent = ''")
    save(page)
    after = mask_of(served, number, item["id"])
    assert np.count_nonzero(after & truth) / np.count_nonzero(after | truth) > 0.95
    # The photo's page: one more garment out of it, of another class.
    page.goto(f"/photos/{item['photo_id']}")
    page.wait_for_selector(READY, timeout=SLOW)
    here = page.locator(".legend > li")
    expect(here).to_have_count(len(found))
    x, y, width, height = item["box"]
    drag(page, [(x - 2, y - 2), (x + width + 2, y + height + 2)], size)
    expect(page.get_by_text("Found as top")).to_be_visible(timeout=SLOW)
    page.get_by_label("It is worn as").select_option("outerwear")
    page.get_by_role("button", name="Into the wardrobe").click()
    expect(page.locator("#toast")).to_contain_text("In the wardrobe:", timeout=SLOW)
    expect(here).to_have_count(len(found) + 1)
    assert served.client.get("/api/v1/garments?label=outerwear").json()["total"] == 1


def test_pages_without_a_cut_out(served: Served) -> None:
    for path in ("/garments/5/mask", "/garments/99/mask", "/garments/1/mask?appearance=3", "/photos/99"):
        assert served.client.get(path).status_code == 404, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_they_fit(browser: Any, served: Served, width: int, scheme: str) -> None:  # noqa: F811
    watched = Watched(browser, served.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in ("/garments/1/mask", "/photos/1"):
        watched.page.goto(path)
        watched.page.wait_for_selector(READY, timeout=SLOW)
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width, path
        expect(watched.page.get_by_role("heading", level=1)).to_have_count(1)
        nameless = "found => found.filter(field => field.type !== 'hidden' && !field.labels.length).length"
        assert watched.page.locator("input, select, textarea").evaluate_all(nameless) == 0, path
    watched.context.close()
    assert watched.complaints == []
