"""The page in a real browser, without a network: nothing complains, nothing leaves, everything moves."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vigan.bench.browser import complaints, emulate, resize, show
from vigan.contents import LONG_TABLES
from vigan.report.index_page import ClaimRow, Crossing, Index, StudyRow
from vigan.report.page import Count
from vigan.report.render import render_index

from .conftest import Finished

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

pytestmark = pytest.mark.slow
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
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
    assert len(sizes) == len([kind for kind, _ in finished.layout.all_figures() if kind not in ("curves", "seeds")])
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


PLAY = "arguments[0].click(); return [arguments[1].value, arguments[0].getAttribute('aria-pressed')];"
"""Press the button; where the slider is then, and whether it plays: before the first step, which a timer takes."""


def test_play_goes_from_the_first_step_to_the_last_and_stops(page: Chrome) -> None:
    slider, play = (page.find_element(By.ID, name) for name in ("position", "play"))
    assert page.execute_script(PLAY, play, slider) == ["0", "true"]
    WebDriverWait(page, 20).until(lambda _: play.get_attribute("aria-pressed") == "false")
    assert slider.get_property("value") == slider.get_attribute("max")


def _column(page: Chrome, table: str, column: int) -> list[str]:
    rows = "[...document.querySelector(arguments[0]).tBodies[0].rows]"
    return page.execute_script(f"return {rows}.map((row) => row.cells[arguments[1]].textContent)", table, column)


def test_a_click_on_a_heading_sorts_numbers_as_numbers_and_a_second_one_turns_them_round(page: Chrome) -> None:
    page.execute_script("""
        const body = document.querySelector('#provenance table').tBodies[0];
        const texts = ['10', '9', '−2', '–', '1,500', '1e-3', '−4e−05'];
        texts.forEach((text, at) => { body.rows[at].cells[3].textContent = text; });
        while (body.rows.length > 7) body.deleteRow(7);
    """)
    heading = page.find_element(By.CSS_SELECTOR, "#provenance table th:nth-child(4)")
    heading.find_element(By.TAG_NAME, "button").click()
    assert _column(page, "#provenance table", 3) == ["−2", "−4e−05", "1e-3", "9", "10", "1,500", "–"]
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.find_element(By.TAG_NAME, "button").click()
    assert _column(page, "#provenance table", 3) == ["1,500", "10", "9", "1e-3", "−4e−05", "−2", "–"]


def test_a_table_can_be_saved_as_csv(page: Chrome, tmp_path: Path) -> None:
    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.execute_script("document.querySelector('#settings details').open = true")
    page.execute_script("document.querySelector('#settings tbody td').textContent = 'a, \"b\"'")
    page.find_element(By.CSS_SELECTOR, "#settings .tools button").click()
    saved = tmp_path / "arms.csv"
    WebDriverWait(page, 10).until(lambda _: saved.exists() and saved.stat().st_size)
    lines = saved.read_text().splitlines()
    assert lines[0].startswith("arm,dataset,")
    assert lines[1].startswith('plain,"a, ""b""",')


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


def test_nothing_scrolls_sideways_on_a_phone_where_arms_and_verdicts_are_many(page: Chrome) -> None:
    resize(page, 380, 800)
    show(page, Path(__file__).parents[2] / "results" / "toy" / "report-small.html")
    assert page.execute_script("return document.documentElement.scrollWidth") <= 380


ROWS = """
    const rows = new Map();
    for (const part of arguments[0].children) {
      const { top, right, width } = part.getBoundingClientRect();
      if (width) rows.set(Math.round(top), Math.max(right, rows.get(Math.round(top)) ?? 0));
    }
    const { right } = arguments[0].getBoundingClientRect();
    return [...rows.values()].map((end) => Math.round(right - end));
"""
"""How much each row of an element's children leaves empty at its right, in pixels."""


@pytest.mark.parametrize("width", [380, 1024, 1600])
def test_no_fact_stands_beside_an_empty_place(page: Chrome, width: int) -> None:
    resize(page, width, 900)
    facts = [found for found in page.find_elements(By.CSS_SELECTOR, ".facts") if found.is_displayed()]
    assert len(facts) >= 4
    assert {left for found in facts for left in page.execute_script(ROWS, found)} == {0}


LAST_ROWS = """
    const [grid, most] = [document.createElement("div"), arguments[1]];
    grid.className = arguments[0];
    document.querySelector(".curves").append(grid);
    const last = [];
    for (let count = 1; count <= most; count++) {
      grid.append(document.createElement("figure"));
      const tops = [...grid.children].map((figure) => figure.offsetTop);
      last.push(tops[0] === tops.at(-1) ? 0 : tops.filter((top) => top === tops.at(-1)).length);
    }
    return last;
"""
"""How many of 1, 2, ... pictures stand in the last row of several; 0 where one row holds them all."""


@pytest.mark.parametrize("width", [380, 700, 1024, 1600])
@pytest.mark.parametrize("grid", ["slider-arms", "panels small"])
def test_no_picture_falls_alone_into_a_last_row(page: Chrome, grid: str, width: int) -> None:
    resize(page, width, 900)
    assert 1 not in page.execute_script(LAST_ROWS, grid, 12)


def test_unfolded_curves_fill_their_rows_and_an_odd_one_has_its_values_beside_it(page: Chrome) -> None:
    charts = page.find_element(By.CSS_SELECTOR, "#figure-curves-scans > .charts")
    assert len(charts.find_elements(By.CSS_SELECTOR, ".metric[open]")) % 2 == 1
    assert page.execute_script(ROWS, charts) == [0, 0]
    first = charts.find_element(By.CLASS_NAME, "wide")
    drawn, read = (first.find_element(By.CLASS_NAME, name).rect for name in ("facet", "reading"))
    assert read["x"] > drawn["x"] + drawn["width"]
    assert read["y"] < drawn["y"] + drawn["height"]
    resize(page, 380, 900)
    assert page.execute_script(ROWS, charts) == [0, 0, 0]


def test_on_a_phone_verdicts_fit_controls_share_a_line_and_what_scrolls_says_so(page: Chrome) -> None:
    resize(page, 380, 800)
    table = page.find_element(By.CSS_SELECTOR, ".verdicts .scroll")
    assert page.execute_script("return arguments[0].scrollWidth - arguments[0].clientWidth", table) == 0
    axis, arms = (page.find_element(By.ID, name) for name in ("axis", "filter"))
    assert abs(axis.rect["y"] - arms.rect["y"]) < 5
    shaded = "return getComputedStyle(document.querySelector(arguments[0])).backgroundImage"
    assert all("gradient" in page.execute_script(shaded, what) for what in ("nav ul", "pre", ".scroll"))


def test_on_a_phone_a_verdict_says_what_the_claim_is(page: Chrome) -> None:
    resize(page, 380, 800)
    row = page.find_element(By.CSS_SELECTOR, ".verdicts tbody tr")
    name, verdict, *told = row.find_elements(By.XPATH, "*")
    assert abs(name.rect["y"] - verdict.rect["y"]) < 5
    assert [cell.is_displayed() for cell in told] == [True, True, False]
    assert {cell.rect["width"] for cell in told[:2]} == {row.rect["width"]}


def test_curves_side_by_side_are_level(page: Chrome) -> None:
    page.execute_script("document.querySelectorAll('.metric').forEach((metric) => { metric.open = true; })")
    first, second = page.find_elements(By.CSS_SELECTOR, "#figure-curves-circle > .charts > .metric:not(.wide)")[:2]
    one, other = (chart.find_element(By.TAG_NAME, "svg").rect for chart in (first, second))
    assert one["x"] < other["x"]
    assert one["y"] == other["y"]


def test_what_hides_the_end_of_long_pictures_is_gone_at_their_end(page: Chrome, finished: Finished) -> None:
    show(page, finished.small_page)
    box = page.find_element(By.CSS_SELECTOR, ".drawn .scroll")
    page.execute_script("arguments[0].style.maxHeight = '200px'; arguments[0].scrollTop = 1e6", box)
    image = box.find_element(By.TAG_NAME, "img").rect
    assert image["y"] + image["height"] <= box.rect["y"] + box.rect["height"] - 30


def test_regions_have_names_of_their_own(page: Chrome) -> None:
    names = page.execute_script(
        "return [...document.querySelectorAll('[role=region]')].map((region) => region.ariaLabel)"
    )
    assert len(names) > 20
    assert sorted(names) == sorted(set(names))


def test_on_paper_no_word_of_the_index_is_broken(page: Chrome, tmp_path: Path) -> None:
    verdicts = [Count(1, name, "x", name.replace(" ", "-")) for name in ("not testable here", "inconclusive")]
    row = ClaimRow("a-claim", "in words " * 9, "inconclusive", "x", "inconclusive", "a reason " * 9, 16, "")
    study = StudyRow("study", "A study", [(word, "16") for word in "abcde"], verdicts, [row], [], [])
    cells = [([verdict], "n = 16") for verdict in verdicts * 4]
    index = tmp_path / "index.html"
    index.write_text(
        render_index(Index([study], [f"study-{n}" for n in range(8)], [Crossing("C1", "in words " * 9, cells)]))
    )
    show(page, index)
    resize(page, 520, 900)
    emulate(page, media="print")
    for details in page.find_elements(By.TAG_NAME, "details"):
        page.execute_script("arguments[0].open = true", details)
    rects = """
        const range = document.createRange();
        return [...document.querySelectorAll('.crossings .badge, td.n')].map((e) => {
          const text = e.lastChild;
          return [...text.textContent.matchAll(/\\S+/g)].map((word) => {
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            return range.getClientRects().length;
          });
        }).flat();
    """
    assert set(page.execute_script(rects)) == {1}, "every word is in one line"


def _style(page: Chrome, selector: str, name: str) -> str:
    return page.execute_script(
        "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, name
    )


def test_on_paper_a_figure_stays_with_its_heading_and_its_note(page: Chrome) -> None:
    emulate(page, media="print")
    for heading in ("#samples h3", "#samples .rule", "#figure-curves-circle > .rule", "figcaption", ".legend"):
        assert _style(page, heading, "breakAfter") == "avoid", heading
    for whole in ("#figure-drift-circle", "figcaption", "thead", ".rule"):
        assert _style(page, whole, "breakInside") == "avoid", whole
    last = "#figure-drift-circle figcaption"
    assert _style(page, last, "breakAfter") == "auto", "a caption does not hold on to the next section"


def test_on_paper_no_chart_is_alone_in_its_row_and_samples_are_of_one_size(page: Chrome) -> None:
    resize(page, 700, 900)
    emulate(page, media="print")
    for details in page.find_elements(By.TAG_NAME, "details"):
        page.execute_script("arguments[0].open = true", details)
    for name in ("circle", "scans"):
        charts = page.find_element(By.CSS_SELECTOR, f"#figure-curves-{name} > .charts")
        assert set(page.execute_script(ROWS, charts)) == {0}, name
    sizes = "return [...document.querySelectorAll('.strip img')].map((image) => image.width)"
    assert len(set(page.execute_script(sizes))) == 1


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


LABELS = "return [...document.querySelectorAll('#figure-curves-circle .across')][0].textContent"
READING = "#figure-curves-circle .metric .reading"


def test_one_switch_changes_the_time_axis_of_all_curves(page: Chrome) -> None:
    before = page.execute_script(LABELS)
    open_ = "[...document.querySelectorAll('.metric[open]:not(.dots) .reading output')]"
    ends = f"return {open_}.map((told) => told.textContent)"
    assert all(" iterations" in told for told in page.execute_script(ends))
    Select(page.find_element(By.ID, "axis")).select_by_visible_text("updates of G")
    assert page.execute_script(LABELS) != before
    assert all(" updates of G" in told for told in page.execute_script(ends))
    assert page.find_element(By.CSS_SELECTOR, "#figure-curves-circle .unit").text == "updates of G"
    Select(page.find_element(By.ID, "axis")).select_by_visible_text("epochs")
    assert page.find_element(By.CSS_SELECTOR, f"{READING} output").text.startswith("At 0.32 epochs")
    assert complaints(page) == []


def test_values_are_read_at_a_time_by_the_keyboard_best_first(page: Chrome) -> None:
    at, told = (page.find_element(By.CSS_SELECTOR, f"{READING} {part}") for part in (".at", "output"))
    at.send_keys(Keys.HOME)
    assert told.text.startswith("At 0 iterations")
    at.send_keys(Keys.ARROW_RIGHT)
    assert told.text.startswith("At 20 iterations (next 40), the last values up to there, highest first:")
    assert {line.split(":")[0] for line in told.text.splitlines()[1:]} == {"plain", "wild", "regularised"}
    assert at.get_attribute("aria-valuetext") == "20 iterations"
    assert page.find_element(By.CSS_SELECTOR, "#figure-curves-circle .cursor").get_attribute("d").startswith("M")


def test_the_values_under_the_pointer_are_told(page: Chrome) -> None:
    svg = page.find_element(By.CSS_SELECTOR, "#figure-curves-circle svg")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", svg)
    ActionChains(page).move_to_element_with_offset(svg, -svg.size["width"] // 2 + 40, 0).perform()
    assert page.find_element(By.CSS_SELECTOR, f"{READING} output").text.startswith("At 0 iterations")


def test_an_arm_is_lit_wherever_it_is_drawn(page: Chrome) -> None:
    button = page.find_element(By.XPATH, "//div[@id='figure-curves-circle']//li[@data-arm='plain']/button")
    button.send_keys(Keys.ENTER)
    lit = "return [...document.querySelectorAll('.line.lit')].map((line) => line.dataset.arm)"
    assert set(page.execute_script(lit)) == {"plain"}
    drawn = "#figure-curves-circle > .charts svg, #figure-curves-circle .strips tr[data-arm=plain]"
    assert len(page.execute_script(lit)) == len(page.find_elements(By.CSS_SELECTOR, drawn))
    same = "#figure-curves-circle .light[data-arm=plain]"
    pressed = {other.get_attribute("aria-pressed") for other in page.find_elements(By.CSS_SELECTOR, same)}
    assert pressed == {"true"}
    assert button.get_attribute("aria-pressed") == "true"
    button.send_keys(Keys.ENTER)
    assert page.execute_script(lit) == []


RINGS = "return document.querySelectorAll('#figure-seeds-circle .dots:first-child .ring:not([d=\"\"])').length"


def test_a_seed_is_ringed_in_every_row_and_told_by_the_keyboard(page: Chrome) -> None:
    at, told = (
        page.find_element(By.CSS_SELECTOR, f"#figure-seeds-circle .reading {part}") for part in (".at", "output")
    )
    assert page.execute_script(RINGS) == 0
    at.send_keys(Keys.ARROW_RIGHT)
    assert told.text.startswith("Seed 1, last values, highest first:")
    lines = dict(line.split(": ") for line in told.text.splitlines()[1:])
    assert set(lines) == {"plain", "wild", "regularised"}
    assert lines["wild"] == "–"
    assert page.execute_script(RINGS) == 2, "the arm that diverged has no dot"
    assert at.get_attribute("aria-valuetext") == "seed 1"


def test_the_run_under_the_pointer_is_told(page: Chrome) -> None:
    row = page.find_element(By.CSS_SELECTOR, "#figure-seeds-circle tr[data-arm=plain]")
    svg, dot = row.find_element(By.TAG_NAME, "svg"), row.find_element(By.CLASS_NAME, "dot").get_attribute("d")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", svg)
    places = [[float(part) for part in place.removesuffix("h0").split()] for place in dot.split("M")[1:]]
    x, y = places[1]
    offset = round(x - svg.size["width"] / 2), round(y - svg.size["height"] / 2)
    ActionChains(page).move_to_element_with_offset(svg, *offset).perform()
    assert page.find_element(By.CSS_SELECTOR, "#figure-seeds-circle .reading output").text.startswith("Seed 1,")


def test_the_filter_shows_only_arms_whose_names_hold_all_that_is_typed(page: Chrome) -> None:
    page.find_element(By.ID, "filter").send_keys("scans plain")
    rows = "[...document.querySelectorAll('.matrix tbody tr')]"
    shown = f"return {rows}.filter((row) => row.checkVisibility()).map((row) => row.innerText)"
    assert page.find_element(By.ID, "kept").text == "Arms shown: 1"
    rows = [text.split()[0] for text in page.execute_script(shown)]
    assert rows == ["Compared", "scans-plain"], "headings of nothing go, too"
    page.find_element(By.ID, "filter").clear()
    page.find_element(By.ID, "filter").send_keys("regularised")
    assert page.find_element(By.ID, "kept").text == "Arms shown: 2"
    rows = [text.split()[0] for text in page.execute_script(shown)]
    assert rows == ["Against", "regularised", "Against", "scans-regularised"]


def test_the_filter_holds_while_curves_are_read_on_another_axis(page: Chrome) -> None:
    """A switch of the time axis, or a reading, brought back all arms."""
    named = "return [...document.querySelectorAll('.charts:not(.many) .line, .metric[open] .reading li')]"
    is_shown = "(each) => each.checkVisibility() && getComputedStyle(each).display !== 'none'"
    seen = f"{named}.filter({is_shown}).map((each) => each.dataset.arm)"
    before = set(page.execute_script(seen))
    page.find_element(By.ID, "filter").send_keys("regularised")
    Select(page.find_element(By.ID, "axis")).select_by_index(1)
    read = "for (const at of document.querySelectorAll('.metric .at')) at.dispatchEvent(new Event('input'))"
    page.execute_script(read)
    shown = set(page.execute_script(seen))
    assert shown == {arm for arm in before if "regularised" in arm} < before
    page.execute_script(
        "const at = document.getElementById('filter'); at.value = ''; at.dispatchEvent(new Event('input'))"
    )
    assert set(page.execute_script(seen)) == before


def test_the_heading_in_sight_stays_where_it_is_when_arms_go(page: Chrome) -> None:
    heading = page.find_element(By.CSS_SELECTOR, "#figure-curves-scans h3")
    page.execute_script("scrollTo({ top: arguments[0].offsetTop - 200, behavior: 'instant' })", heading)
    before = page.execute_script(TOP, heading)
    height = page.execute_script("return document.documentElement.scrollHeight")
    page.execute_script(
        "const at = document.getElementById('filter'); at.value = 'scans'; at.dispatchEvent(new Event('input'))"
    )
    assert page.execute_script("return document.documentElement.scrollHeight") < height, "arms above it are gone"
    assert abs(page.execute_script(TOP, heading) - before) < 2
    assert not any(
        key.is_displayed() for key in page.find_elements(By.CSS_SELECTOR, "#figure-curves-circle .legend li")
    )


def test_a_slider_lies_under_the_axis_that_it_reads(page: Chrome) -> None:
    chart = page.find_element(By.CSS_SELECTOR, "#figure-curves-circle .metric[open]:not(.wide)")
    at = chart.find_element(By.CLASS_NAME, "at")
    drawn, half = chart.find_element(By.TAG_NAME, "svg").rect, 8
    for key, end in ((Keys.HOME, "from"), (Keys.END, "to")):
        at.send_keys(key)
        line = drawn["x"] + drawn["width"] * float(chart.get_attribute(f"data-{end}")) / 460
        thumb = at.rect["x"] + (half if key == Keys.HOME else at.rect["width"] - half)
        assert abs(line - thumb) < 2


def test_any_two_arms_can_be_compared(page: Chrome) -> None:
    Select(page.find_element(By.ID, "one")).select_by_visible_text("plain")
    Select(page.find_element(By.ID, "other")).select_by_visible_text("regularised")
    rows = [row.text for row in page.find_elements(By.CSS_SELECTOR, "#compare output tr")]
    assert rows == ["arm plain regularised", "lambda_sum 0 1"]
    page.execute_script("document.getElementById('other').selectedIndex = document.getElementById('one').selectedIndex")
    page.execute_script("document.getElementById('other').dispatchEvent(new Event('change'))")
    assert page.find_element(By.CSS_SELECTOR, "#compare output").text == "Nothing that is known here."


TOP = "return arguments[0].getBoundingClientRect().top"


def test_an_experiment_s_parts_are_a_click_from_its_heading(page: Chrome) -> None:
    links = page.find_elements(By.CSS_SELECTOR, "#experiment-circle > .jump a")
    assert [link.text for link in links] == ["Effects", "Over training", "Every run", "Tables"]
    for link in links:
        page.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
        link.send_keys(Keys.ENTER)
        target = page.find_element(By.ID, link.get_attribute("href").split("#")[1])
        WebDriverWait(page, 5).until(lambda _, it=target: 0 < page.execute_script(TOP, it) < 200)
    assert page.find_element(By.CSS_SELECTOR, "#tables-circle table").is_displayed()


def test_a_button_that_saves_a_table_says_which(page: Chrome) -> None:
    names = page.execute_script(
        "return [...document.querySelectorAll('.tools button')].map((button) => button.ariaLabel)"
    )
    assert "CSV: Verdicts" in names
    assert len(set(names)) == len(names)


def test_a_link_to_what_is_folded_opens_it(page: Chrome) -> None:
    page.execute_script("location.hash = '#figure-drift-circle'")
    image = page.find_element(By.CSS_SELECTOR, "#figure-drift-circle img")
    WebDriverWait(page, 5).until(lambda _: image.is_displayed())


def test_everything_that_can_be_used_has_a_name_and_can_be_reached_by_the_keyboard(page: Chrome) -> None:
    nameless = page.execute_script("""
        const named = (e) => e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length;
        return [...document.querySelectorAll("a, button, input, select, summary, [role=region]")]
            .filter((e) => !named(e) || e.tabIndex < 0).map((e) => e.outerHTML.slice(0, 80));
    """)
    assert nameless == []
    unnamed = "return [...document.querySelectorAll('svg[role=img]')].filter((e) => !e.ariaLabel).length"
    assert page.execute_script(unnamed) == 0


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm install --no-save axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page: Chrome, scheme: str) -> None:
    emulate(page, scheme)
    for details in page.find_elements(By.TAG_NAME, "details"):
        page.execute_script("arguments[0].open = true", details)
    page.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = page.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run(document, {resultTypes: ['violations']})"
        ".then(({ violations }) => done(violations.map(({ id, impact, nodes }) => [impact, id, nodes[0].html])))"
    )
    assert [fault for fault in found if fault[0] in ("serious", "critical")] == []
