"""The page in a real browser, without a network: nothing complains, nothing leaves, everything moves."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vigan.bench.browser import complaints, emulate, resize, show
from vigan.layout import LONG_TABLES

from .conftest import Finished

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

pytestmark = pytest.mark.slow
PICTURES = "return [...document.querySelectorAll('.slider-arm img')].map((image) => (image.hidden ? '' : image.src))"
ALTS = "return [...document.querySelectorAll('.slider-arm img')].map((image) => image.alt)"


@pytest.fixture
def page(chromium: Chrome, finished: Finished) -> Chrome:
    """The tiny study's page, just opened on a desk."""
    resize(chromium, 1280, 900)
    emulate(chromium)
    complaints(chromium)
    show(chromium, finished.page)
    return chromium


def _screenshot(page: Chrome) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(page.get_screenshot_as_base64()))).convert("L"))


def test_nothing_complains_and_no_request_leaves(page: Chrome) -> None:
    page.find_element(By.ID, "play").click()
    assert complaints(page) == []


def test_a_forbidden_request_would_have_been_seen(page: Chrome, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text('<img src="https://example.org/a.png"><script>undefined_name()</script>')
    show(page, bad)
    told = complaints(page)
    assert any("asked for https://example.org/a.png" in line for line in told)
    assert any("undefined_name" in line for line in told)


def test_names_from_a_study_file_run_nothing(page: Chrome) -> None:
    assert page.execute_script("return window.hacked") is None
    assert "window.hacked = 1" in page.find_element(By.TAG_NAME, "h1").text
    assert "49" not in page.find_element(By.TAG_NAME, "h1").text


def test_the_policy_holds_against_script_and_style_that_are_not_the_page_s_own(page: Chrome) -> None:
    page.execute_script("""
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 2';
        document.body.append(script);
        const style = document.createElement('style');
        style.textContent = 'body { display: none }';
        document.head.append(style);
    """)
    assert page.execute_script("return window.hacked") is None
    assert page.find_element(By.TAG_NAME, "h1").is_displayed()
    assert any("Content Security Policy" in line for line in complaints(page))


def test_every_picture_can_be_decoded_and_has_a_text_instead(page: Chrome) -> None:
    sizes = page.execute_script("return [...document.images].map((i) => [i.hidden, i.naturalWidth, i.alt.length])")
    assert len(sizes) > 10
    assert all(hidden or (width > 50 and told > 20) for hidden, width, told in sizes)


def test_a_small_page_shows_the_figures_that_lie_beside_it_and_links_no_table_that_is_not_kept(
    page: Chrome, finished: Finished
) -> None:
    show(page, finished.small_page)
    sizes = page.execute_script("return [...document.images].map((image) => image.naturalWidth)")
    assert len(sizes) == len(finished.layout.all_figures())
    assert min(sizes) > 50
    assert complaints(page) == []
    links = [link.get_attribute("href") for link in page.find_elements(By.CSS_SELECTOR, "a[href$='.csv']")]
    assert any(link.endswith("/tables/claims.csv") for link in links)
    assert not [link for link in links if Path(link).stem in LONG_TABLES]
    assert finished.small_page.stat().st_size < finished.page.stat().st_size / 2


def test_the_arrow_keys_move_all_arms_of_all_experiments_together(page: Chrome) -> None:
    slider = page.find_element(By.ID, "position")
    shown = page.find_elements(By.CSS_SELECTOR, ".slider-arm img:not([hidden])")
    assert len(shown) == 4
    last = page.execute_script(PICTURES)
    slider.send_keys(Keys.HOME)
    first = page.execute_script(PICTURES)
    assert all(a != b for a, b in zip(last, first, strict=True) if a)
    assert all("iteration 0" in told for told in page.execute_script(ALTS))
    slider.send_keys(Keys.ARROW_RIGHT)
    assert [element.text for element in page.find_elements(By.CLASS_NAME, "step")] == ["iteration 20", "iteration 2"]
    slider.send_keys(Keys.END)
    assert page.execute_script(PICTURES) == last
    assert slider.get_attribute("aria-valuetext") == "iteration 60; iteration 4"


def test_a_run_that_diverged_says_so_in_its_place(page: Chrome) -> None:
    wild = page.find_element(By.XPATH, "//figure[@class='slider-arm'][figcaption='wild']")
    assert wild.find_element(By.CLASS_NAME, "missing").text in {"diverged", "not finite"}
    page.find_element(By.ID, "position").send_keys(Keys.HOME)
    assert wild.find_element(By.TAG_NAME, "img").is_displayed()
    assert not wild.find_element(By.CLASS_NAME, "missing").is_displayed()


def test_another_seed_shows_other_pictures_on_the_same_steps(page: Chrome) -> None:
    before = page.execute_script(PICTURES)
    Select(page.find_element(By.ID, "seed")).select_by_visible_text("1")
    after = page.execute_script(PICTURES)
    assert all(a != b for a, b in zip(before, after, strict=True) if a)
    assert all("seed 1" in told for told in page.execute_script(ALTS))


def test_play_goes_from_the_first_step_to_the_last_and_stops(page: Chrome) -> None:
    page.find_element(By.ID, "play").click()
    slider = page.find_element(By.ID, "position")
    assert slider.get_property("value") == "0"
    assert page.find_element(By.ID, "play").get_attribute("aria-pressed") == "true"
    WebDriverWait(page, 20).until(lambda _: page.find_element(By.ID, "play").get_attribute("aria-pressed") == "false")
    assert slider.get_property("value") == slider.get_attribute("max")


def _column(page: Chrome, table: str, column: int) -> list[str]:
    rows = "[...document.querySelector(arguments[0]).tBodies[0].rows]"
    return page.execute_script(f"return {rows}.map((row) => row.cells[arguments[1]].textContent)", table, column)


def test_a_click_on_a_heading_sorts_numbers_as_numbers_and_a_second_one_turns_them_round(page: Chrome) -> None:
    page.execute_script("""
        const body = document.querySelector('#provenance table').tBodies[0];
        ['10', '9', '−2', '–', '1,500', '1e-3'].forEach((text, at) => { body.rows[at].cells[3].textContent = text; });
        while (body.rows.length > 6) body.deleteRow(6);
    """)
    heading = page.find_element(By.CSS_SELECTOR, "#provenance table th:nth-child(4)")
    heading.find_element(By.TAG_NAME, "button").click()
    assert _column(page, "#provenance table", 3) == ["−2", "1e-3", "9", "10", "1,500", "–"]
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.find_element(By.TAG_NAME, "button").click()
    assert _column(page, "#provenance table", 3) == ["1,500", "10", "9", "1e-3", "−2", "–"]


def test_a_table_can_be_saved_as_csv(page: Chrome, tmp_path: Path) -> None:
    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.execute_script("document.querySelector('#arms tbody td').textContent = 'a, \"b\"'")
    page.find_element(By.CSS_SELECTOR, "#arms .tools button").click()
    saved = tmp_path / "arms.csv"
    WebDriverWait(page, 10).until(lambda _: saved.exists() and saved.stat().st_size)
    lines = saved.read_text().splitlines()
    assert lines[0] == "setting,plain,wild,regularised,scans-plain,scans-regularised"
    assert lines[1].startswith('"a, ""b""",')


def test_dark_and_light_are_the_reader_s_choice(page: Chrome) -> None:
    light = _screenshot(page)
    emulate(page, "dark")
    dark = _screenshot(page)
    assert np.median(light) > 240
    assert np.median(dark) < 40
    assert dark.max() > 200


@pytest.mark.parametrize("width", [380, 768, 1400])
def test_nothing_scrolls_sideways(page: Chrome, width: int) -> None:
    resize(page, width, 800)
    for details in page.find_elements(By.TAG_NAME, "details"):
        page.execute_script("arguments[0].open = true", details)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width


def test_on_paper_the_slider_is_gone_and_deviations_are_open(page: Chrome) -> None:
    inside = page.find_element(By.CSS_SELECTOR, "#deviations details dd")
    assert not page.execute_script("return arguments[0].checkVisibility()", inside)
    emulate(page, media="print")
    assert not page.find_element(By.ID, "player").is_displayed()
    assert not page.find_element(By.TAG_NAME, "nav").is_displayed()
    assert page.execute_script("return arguments[0].checkVisibility()", inside)
    emulate(page)
    printed = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert printed.startswith(b"%PDF")


def test_without_script_the_last_step_of_each_arm_is_there(page: Chrome, finished: Finished) -> None:
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        show(page, finished.page)
        shown = page.find_elements(By.CSS_SELECTOR, ".slider-arm img:not([hidden])")
        assert [image.get_property("naturalWidth") > 50 for image in shown] == [True] * 4
        assert not page.find_element(By.ID, "player").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
