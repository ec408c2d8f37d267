"""How fast a report of the paper's size opens, and its slider moves, in a browser."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from vigan.bench.browser import browser, show
from vigan.bench.record import Measurement, processor
from vigan.bench.simulated import simulate

PAINT = """
return [performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.timing.loadEventEnd
  - performance.timing.navigationStart];
"""
MOVE = """
const done = arguments[arguments.length - 1];
const slider = document.getElementById('position');
const frame = () => new Promise((go) => requestAnimationFrame(go));
(async () => {
  const times = [];
  for (let at = 0; at <= Number(slider.max); at += 1) {
    const start = performance.now();
    slider.value = String(at);
    slider.dispatchEvent(new Event('input'));
    const handled = performance.now() - start;
    await Promise.all([...document.querySelectorAll('.slider-arm img')].map((image) => image.decode()));
    const decoded = performance.now() - start;
    await frame();
    times.push([handled, decoded]);
  }
  done(times);
})();
"""


def measure(quick: bool) -> Measurement:
    """Milliseconds to first content, to the whole page, and of a slider move until its pictures are decoded.

    The study is simulated: 12 runs of 51 snapshots (quick: 4 of 11) with telemetry as long as the paper's, put through
    the stages that make tables, figures, pictures and page.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        timings: dict[str, float] = {}
        page = simulate(quick, _timed(timings))
        opened, moves = _look(page, 3 if quick else 7)
        size = page.stat().st_size
    handled, decoded = zip(*moves, strict=True)
    summary = {
        "page_megabytes": round(size / 1e6, 2),
        "first_content_ms": round(median(first for first, _ in opened), 1),
        "loaded_ms": round(median(loaded for _, loaded in opened), 1),
        "slider_move_ms": round(median(decoded), 2),
        "slider_slowest_ms": round(max(decoded), 2),
    }
    details: dict[str, Any] = {
        "opened_ms": opened, "moves_handled_ms": handled, "moves_decoded_ms": decoded, "stage_seconds": timings,
    }  # fmt: skip
    return Measurement(processor(), {"quick": quick, "window": [1280, 900], "openings": len(opened)}, summary, details)


def _timed(timings: dict[str, float]) -> Callable[[str, Callable[[], object]], None]:
    def run_stage(name: str, call: Callable[[], object]) -> None:
        started = time.perf_counter()
        call()
        timings[name] = round(timings.get(name, 0.0) + time.perf_counter() - started, 2)

    return run_stage


def _look(page: Path, openings: int) -> tuple[list[list[float]], list[list[float]]]:
    """(first content, load) of each opening in a browser of its own, and times of all slider moves of the last."""
    opened, moves = [], []
    for _ in range(openings):
        with browser() as driver:
            show(driver, page)
            opened.append(driver.execute_script(PAINT))
            moves = driver.execute_async_script(MOVE)
    return opened, moves
