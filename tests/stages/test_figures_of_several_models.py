"""Studies of several models: no table, figure or page says that a model lacks what it never had."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from vigan.analysis.estimates import telemetry_curves
from vigan.analysis.tables import telemetry_columns
from vigan.config.load import load_study
from vigan.config.methods.aae import Aae
from vigan.config.methods.ali import Ali
from vigan.config.methods.base import Method
from vigan.config.methods.em import Em
from vigan.config.methods.gan import Gan
from vigan.config.methods.vae import Vae
from vigan.config.study import Study
from vigan.contents import figures_of
from vigan.io.run_record import RunFiles
from vigan.stages import report_summary
from vigan.stages.figures import DRIFT, LOGGED, panels
from vigan.training.telemetry import COLUMNS, D_TERMS

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def family() -> Study:
    return load_study(CONFIG / "family.yaml")


TELEMETRIES = {
    "ring-vae": "iteration,g_adversarial,kl\n10,3.0,1.0\n",
    "ring-ali-derived": "iteration,d_loss,g_adversarial\n10,nan,2.0\n",
}


@pytest.fixture
def runs(family: Study, tmp_path: Path) -> list[RunFiles]:
    """A VAE's run, and an ALI's whose D never had a finite loss, of two seeds."""
    made = []
    for arm, text in TELEMETRIES.items():
        for seed in (0, 1):
            folder = tmp_path / f"{arm}-{seed}"
            folder.mkdir()
            (folder / "telemetry.csv").write_text(text)
            made.append(RunFiles("ring", folder, family.run_spec(arm, seed)))
    return made


def test_a_column_that_an_arm_lacks_is_no_column_that_was_never_finite(runs: list[RunFiles]) -> None:
    tables = [
        pd.read_csv(run.folder / "telemetry.csv").assign(
            experiment="ring", arm=run.spec.name, reading=run.spec.arm.reading, seed=run.spec.seed
        )
        for run in runs
    ]
    told = telemetry_columns(runs)
    assert ("ring-vae", "kl") in told
    assert ("ring-vae", "d_loss") not in told
    curves = telemetry_curves(pd.concat(tables, ignore_index=True), told)
    found = {(arm, metric): n for arm, metric, n in zip(curves["arm"], curves["metric"], curves["n"], strict=True)}
    assert found == {
        ("ring-vae", "g_adversarial"): 2,
        ("ring-vae", "kl"): 2,
        ("ring-ali-derived", "d_loss"): 0,
        ("ring-ali-derived", "g_adversarial"): 2,
    }


MODELS: list[Method] = [Gan(kind="gan"), Vae(kind="vae", std=1.0), Aae(kind="aae", decoder="after"),
                        Ali(kind="ali", loss="derived", latents=1.0), Em(kind="em")]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.kind)
def test_every_number_that_a_model_tells_has_a_panel(model: Method) -> None:
    shown = {model.own_scale.get(part, part) for part in model.parts}
    assert shown - {"bound less kl"} <= model.panels.keys()
    assert LOGGED.keys() | DRIFT.keys() == (COLUMNS.keys() | D_TERMS.keys()) - {"iteration"}
    assert model.titles.keys() <= COLUMNS.keys()


def test_a_model_s_own_words_stand_in_figures_of_that_model_alone() -> None:
    gan, vae, *_ = MODELS
    assert panels(LOGGED, [gan])["g_adversarial"].title == "−log D(G(z)) (nats)"
    assert panels(LOGGED, [gan, vae]) == LOGGED
    assert panels(DRIFT, [gan])["step"].title == "Step of G: |Δθ| / |θ|"
    assert "G(z)" not in LOGGED["g_adversarial"].title


def test_an_experiment_of_em_alone_has_no_figure_of_gradients(family: Study) -> None:
    assert "drift" not in figures_of(family.experiments["ring-em"])
    assert "drift" in figures_of(family.experiments["ring"])


def test_a_map_by_k_and_lambda_is_of_one_model(family: Study) -> None:
    arms = family.experiments["ring"].arms.values()
    assert len({arm.k for arm in arms}) == len({arm.lambda_ for arm in arms}) == 2
    assert "map" not in figures_of(family.experiments["ring"])


def test_the_page_says_who_is_updated(family: Study) -> None:
    """Beside each arm, where they are more than a line can hold."""
    assert dict(report_summary.of_experiment(family, "ring"))["An iteration"] == "differs: see Arms"
    arms = family.experiments["ring"].arms.values()
    assert list(dict.fromkeys(report_summary._schedule(arm) for arm in arms)) == [
        "0 D updates, 1 E and G update on one batch",
        "1 D update, 2 E updates on one batch",
        "1 D update, 2 E and G updates on one batch",
        "1 D update, 1 G and E update on one batch",
        "1 D update, 2 G and E updates on one batch",
    ]
