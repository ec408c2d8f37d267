from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from studies import TINY, run_to_tables, vigan

from vigan.bench import browser
from vigan.config.load import load_study
from vigan.layout import Layout

CONFIG = Path(__file__).parents[2] / "config"
EVIL = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">\'{{ 7*7 }}'
SCANS = """\
  scans:
    title: Digits
    dataset: digits
    iterations: 4
    snapshots: 2
    log_every: 2
    protocols: [{kind: digit-modes, samples: 64}]
    shared:
      network: {kind: dcgan, dim: 8, batch_norm: true, latent: 8}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 8
    arms:
      scans-plain:       {lambda_mean: 0.0}
      scans-regularised: {lambda_mean: 5.0}
claims:
  - id: more-modes-with-the-regulariser
    statement: More modes are captured with the regulariser.
    place: nowhere
    test: paired-sign
    arms: [scans-plain, scans-regularised]
    metric: modes
    protocol: digit-modes
    direction: higher
    margin: 1.0
"""
TEXT = TINY.replace("title: A ring in seconds", f"title: {EVIL!r}".replace("\\'", "''"))
TEXT = TEXT.replace("  ring: {source", "  digits: {source: digits}\n  ring: {source") + SCANS
TEXT = TEXT.replace(
    "plain:       {lambda_sum: 0.0}",
    "plain:       {lambda_sum: 0.0}\n      wild: {lambda_sum: 0.0, optimiser: {kind: adam_tf1, lr: 1.0e+38}}",
)


class Finished:
    """A tiny study from nothing to its page: a ring, one arm of which diverges, and digits."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "tiny.yaml"
        self.config.write_text(TEXT)
        self.study = load_study(self.config)
        self.layout = Layout(self.study)

    def finish(self) -> None:
        """Every stage, one after the other."""
        run_to_tables(self.config)
        for kind, experiment in self.layout.all_figures():
            vigan(self.config, "figure", "--kind", kind, "--experiment", experiment)
        for experiment in self.study.experiments:
            vigan(self.config, "frames", "--experiment", experiment)
        lists = [f"--{name}={CONFIG / name}.yaml" for name in ("deviations", "published")]
        vigan(self.config, "report", *lists)
        vigan(self.config, "report", "--small", *lists)

    @property
    def page(self) -> Path:
        return self.folder / self.layout.report

    @property
    def small_page(self) -> Path:
        return self.folder / self.layout.small_report


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    made = Finished(tmp_path_factory.mktemp("page"))
    made.finish()
    return made


@pytest.fixture(scope="session")
def chromium() -> Iterator[browser.Chrome]:
    if why := browser.missing():
        pytest.skip(why)
    with browser.browser() as driver:
        yield driver
