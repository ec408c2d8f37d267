from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from studies import TINY

from vigan.bench import browser
from vigan.cli.parser import main
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

    def vigan(self, stage: str, *arguments: str) -> int:
        """Exit code of a command, run in this process: importing torch takes seconds."""
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()):
            return main([stage, "--config", str(self.config), *arguments])

    def finish(self) -> None:
        """Every stage, one after the other."""
        for name, protocol in self.study.measured():
            assert self.vigan("prepare", "--dataset", name) == 0
            assert self.vigan("reference", "--dataset", name, "--protocol", protocol.name, "--device", "cpu") == 0
        for run in self.study.runs():
            this = ("--arm", run.arm, "--seed", str(run.seed), "--device", "cpu", "--threads", "1")
            assert self.vigan("train", *this, "--no-tensorboard") == 0
            assert self.vigan("evaluate", *this) == 0
        assert self.vigan("analyse") == 0
        for kind, experiment in self.layout.all_figures():
            assert self.vigan("figure", "--kind", kind, "--experiment", experiment) == 0
        for experiment in self.study.experiments:
            assert self.vigan("frames", "--experiment", experiment) == 0
        lists = [f"--{name}={CONFIG / name}.yaml" for name in ("deviations", "published")]
        assert self.vigan("report", *lists) == 0
        assert self.vigan("report", "--small", *lists) == 0

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
