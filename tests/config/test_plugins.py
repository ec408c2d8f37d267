"""What a study may name beside what this package brings, and that no other study sees it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from studies import TINY, run_to_tables

from vigan import plugins
from vigan.cli.parser import main
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.plugins import use_files
from vigan.layout import Layout

PENALTY = '''
"""A penalty; nobody (2026)."""
from vigan.config.base import Positive
from vigan.objectives.hooks import Stabiliser


class Penalty(Stabiliser):
    weight: Positive = 1.0

    def discriminator_term(self, view):
        return self.weight * view.discriminator(view.real[0]).square().mean()

    def closed_form(self, linear):
        return {"discriminator_term": self.weight * (linear.real @ linear.w + linear.b).square().mean()}
'''
KIND = '''
"""How far the samples spread."""
from vigan.protocols.base import POINTS, Metric, ProtocolKind

SPREAD = ProtocolKind(
    name="spread",
    metrics={"spread": Metric(title="Spread", definition="deviation over that of reals", source="here", better="none")},
    sources=frozenset({POINTS}),
    notes=(("Samples", "{n}"),),
    estimator=f"{__name__}:spread",
)


def spread(reals, samples):
    return samples.std() / reals.std()
'''
SOURCE = '''
"""Points on a line."""
from typing import Literal

import numpy as np

from vigan import rng
from vigan.config.base import Count
from vigan.config.datasets import DataSource
from vigan.data.source import SourceData


class Line(DataSource):
    source: Literal["line"]
    count: Count = 6000

    @property
    def shape(self):
        return (2,)

    def most(self):
        return self.count

    def source_data(self):
        x = rng.generator(0, "data", 0).standard_normal((self.count, 2)).astype(np.float32) * [1, 0]
        return SourceData(self.count, (2,), np.dtype(np.float32), (block for block in [x]), "points on a line")
'''
MODEL = '''
"""A GAN of a plug-in."""
from typing import ClassVar, Literal

from vigan.config.methods.gan import Gan
from vigan.objectives.gan import Gan as Losses


class Doubled(Gan):
    kind: Literal["doubled"]
    objective: ClassVar[str] = f"{__name__}:DoubledLosses"


class DoubledLosses(Losses):
    def discriminator_loss(self, real_logits, fake_logits):
        return 2 * super().discriminator_loss(real_logits, fake_logits)
'''
PLUGGED = (
    TINY.replace("seeds: [0, 1]", "plugins: [parts/penalty.py, kind.py, line.py, doubled.py]\nseeds: [0]")
    .replace("{source: ring, count: 6000}", "{source: line}")
    .replace("[{kind: toy-modes, samples: 500}]", "[{kind: spread, samples: 500}]\n    baseline: plain")
    .replace(
        "regularised: {lambda_sum: 1.0}",
        "penalised: {lambda_sum: 0.0, stabilisers: {penalty: {weight: 0.5}}}\n"
        "      doubled: {lambda_sum: 0.0, model: {kind: doubled}}",
    )
)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    use_files([])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of four plug-ins, one of each sort."""
    folder = tmp_path_factory.mktemp("plugged")
    (folder / "parts").mkdir()
    texts = {"parts/penalty.py": PENALTY, "kind.py": KIND, "line.py": SOURCE, "doubled.py": MODEL}
    for name, text in {**texts, "mine.yaml": PLUGGED, "tiny.yaml": TINY}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "mine.yaml"


def vigan(*arguments: str) -> tuple[int, str]:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = main(arguments)
    return code, output.getvalue()


def test_a_study_names_what_its_plug_ins_add_wherever_it_is_read_from(study: Path) -> None:
    made = load_study(study)
    assert made.arm("penalised").stabilisers == {"penalty": {"weight": 0.5}}
    assert made.arm("penalised").modules[-1] == "vigan_plugins.penalty"
    assert made.arm("doubled").modules[:2] == ("vigan_plugins.doubled", "vigan_plugins.doubled")
    assert made.dataset("ring").shape == (2,)
    assert made.protocols_of("plain")[0].definition.metrics["spread"].title == "Spread"
    assert made.model_dump(mode="json")["experiments"]["circle"]["arms"]["doubled"]["model"]["loss"] == "non-saturating"


def test_another_study_is_not_touched(study: Path) -> None:
    load_study(study)
    load_study(study.with_name("tiny.yaml"))
    assert not plugins.files()
    for old, new in (
        ("{lambda_sum: 1.0}", "{lambda_sum: 1.0, stabilisers: {penalty: {weight: 1.0}}}"),
        ("toy-modes", "spread"),
        ("source: ring, count: 6000", "source: line"),
        ("{lambda_sum: 1.0}", "{lambda_sum: 0.0, model: {kind: doubled}}"),
    ):
        other = study.with_name("other.yaml")
        other.write_text(TINY.replace(old, new), encoding="utf-8")
        with pytest.raises(ConfigError):
            load_study(other)


def test_a_broken_plug_in_ends_a_command_in_a_line_and_other_studies_go_on(tmp_path: Path) -> None:
    (tmp_path / "penalty.py").write_text("def f(:\n")
    (tmp_path / "mine.yaml").write_text("plugins: [penalty.py]\n" + TINY)
    (tmp_path / "tiny.yaml").write_text(TINY)
    with contextlib.chdir(tmp_path):
        code, said = vigan("explain", "--config", "mine.yaml", "plain")
        assert (code, said.count("\n")) == (1, 1)
        assert said.startswith("vigan: plug-in penalty.py, line 1: SyntaxError")
        assert vigan("explain", "--config", "tiny.yaml", "plain")[0] == 0


@pytest.mark.parametrize("written", ["penalty.py", "[1]", "{a: 1}"])
def test_plugins_are_a_list_of_files(tmp_path: Path, written: str) -> None:
    (tmp_path / "mine.yaml").write_text(f"plugins: {written}\n{TINY}")
    with pytest.raises(ConfigError, match=r"mine\.yaml, line 1: plugins"):
        load_study(tmp_path / "mine.yaml")


def test_a_misspelt_setting_of_a_plug_in_is_refused_like_one_of_ours(study: Path) -> None:
    wrong = study.with_name("wrong.yaml")
    for old, new, line in (
        ("{weight: 0.5}", "{wieght: 0.5}", "no setting 'wieght'; did you mean 'weight'"),
        ("penalty: {", "penalti: {", "unknown stabiliser 'penalti'; did you mean 'penalty'"),
        ("{source: line}", "{source: line, cuont: 3}", "source 'line': unknown key 'cuont'; did you mean 'count'"),
        ("{source: line}", "{source: lime}", "Input tag 'lime'.*any of the expected tags: 'digits', .*'grid', 'line'$"),
        ("{kind: doubled}", "{kind: doubled, los: hinge}", "kind 'doubled': unknown key 'los'; did you mean 'loss'"),
    ):
        assert old in PLUGGED
        wrong.write_text(PLUGGED.replace(old, new), encoding="utf-8")
        with pytest.raises(ConfigError, match=line) as refused:
            load_study(wrong)
        assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("ring.py", SOURCE.replace('"line"', '"ring"'), "there is a source 'ring' already"),
        ("gan.py", MODEL.replace('"doubled"]', '"gan"]'), "there is a model 'gan' already"),
        ("kind.py", KIND.replace('name="spread"', 'name="toy-modes"'), "'toy-modes' is declared in .* and in vigan_"),
        ("kind.py", KIND.replace('{"spread"', '{"finite"'), "'spread': every kind has a metric 'finite' already"),
        ("line.py", SOURCE.replace("    source: Literal", "    model_config = {'frozen': False}\n    source: Literal"),
         "Line can be changed; leave out its model_config"),
    ],
    ids=["a source of ours", "a model of ours", "a protocol of ours", "a metric of all", "not frozen"],
)  # fmt: skip
def test_a_name_that_is_taken_and_what_can_be_changed_are_refused(
    tmp_path: Path, name: str, text: str, line: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=line) as refused:
        use_files([tmp_path / name])
    assert name.split(".")[0] in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.slow
def test_a_study_of_plug_ins_of_every_sort_runs_to_its_tables_and_an_edit_makes_stale_what_used_it(study: Path) -> None:
    run_to_tables(study)
    made = load_study(study)
    with contextlib.chdir(study.parent):
        metrics = pd.concat(pd.read_csv(run.folder / "metrics.csv") for run in Layout(made).run_files())
        assert set(metrics["metric"]) == {"finite", "spread"}
        records = {run.spec.name: run.record() for run in Layout(made).run_files()}
    assert len({record.code_sha256 for record in records.values()}) == 3
    assert records["plain"].weights_sha256 != records["doubled"].weights_sha256
    with contextlib.chdir(study.parent):
        use_files([])
        code, said = vigan("merge", "results/tiny", "-o", "merged/tiny")
        assert (code, said.count("\n")) == (1, 1)
        assert "not a run record" in said
        assert vigan("merge", "results/tiny", "-o", "merged/tiny", "--config", "mine.yaml")[0] == 0
    (study.parent / "parts" / "penalty.py").write_text(PENALTY.replace("square", "abs"))
    load_study(study)
    from vigan.provenance import stage_digest

    today = {arm: stage_digest("train", made.arm(arm).modules) for arm in records}
    assert {arm for arm, record in records.items() if record.code_sha256 != today[arm]} == {"penalised"}
