"""The page of findings: every number on it is one of the kept tables, and none is made up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kept import ROOT, kept

from vigan.analysis.claim_table import CLAIM_COLUMNS
from vigan.cli.parser import main
from vigan.config.claims import Untested, arms_of
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.io.files import RecordError, write_json
from vigan.protocols.registry import KINDS
from vigan.stages.analyse import arm_table
from vigan.tools.findings import Sources, findings

FINDINGS, EVIDENCE = (ROOT / "docs" / f"{name}.md.j2" for name in ("findings", "evidence"))
WAITING = (
    "toy",
    "digits",
    "celeba10k",
    "celeba10k-cpu",
    "celeba10k-32",
    "family",
    "family-digits",
    "digits-k",
    "digits-k-map",
)


def _render(results: Path, template: Path = EVIDENCE, records: Path = ROOT / "bench" / "records") -> str:
    sources = Sources(results, records, ROOT / "config" / "paper.yaml", ROOT / "config" / "published.yaml")
    return findings(template, sources)


@pytest.mark.parametrize("template", [FINDINGS, EVIDENCE], ids=["findings", "evidence"])
def test_a_page_in_docs_is_what_the_kept_tables_give(template: Path, tmp_path: Path) -> None:
    for table in [*kept("results/*/tables/*.csv"), *kept("results/*/raw/*.csv.gz")]:
        shown = tmp_path / table.relative_to(ROOT)
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.symlink_to(table)
    page = template.with_suffix("").read_text(encoding="utf-8")
    assert page == _render(tmp_path / "results", template), "write it again: vigan findings"


def test_findings_are_a_page() -> None:
    assert len(FINDINGS.with_suffix("").read_text(encoding="utf-8").split()) < 1500


def test_verdicts_of_a_benchmark_are_counted_by_rule_and_data(tmp_path: Path) -> None:
    def arm(spread: str, **others: object) -> dict[str, object]:
        return {"1": {"spread": {"verdict": spread}, **others}}

    order = {"order": {"verdict": "supported"}}
    summary = {"line-a": arm("contradicted", **order), "line-b": arm("contradicted"), "ring-a": arm("inconclusive")}
    assert "It has not been run." in _render(tmp_path, records=tmp_path)
    write_json(tmp_path / "divergence-x.json", {
        "date": "2026-01-01", "summary": summary, "settings": {"spread": 2.0, "order": 0.9},
    })  # fmt: skip
    page = _render(tmp_path, records=tmp_path)
    assert "a factor of 2 along a training | contradicted (2) | inconclusive (1) |" in page
    assert "| supported (1), not testable here (1) | not testable here (1) |" in page


@pytest.mark.parametrize("template", [FINDINGS, EVIDENCE], ids=["findings", "evidence"])
def test_no_measured_number_is_typed_into_a_template(template: Path) -> None:
    words = re.sub(
        r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|`[^`]*`", "", template.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    assert re.findall(r"\d+\.\d+|\d+ of \d+|p [=<] ?\d", words) == []


THRICE = "fair_modes < 0.5 x real, 3 in a row"


def _made_up(study: Study, folder: Path) -> None:
    """Tables as a finished study has them, with numbers from a generator."""
    draw, experiments = np.random.default_rng(0), study.experiments
    spread = {
        "n": 16,
        "mean": 0.5,
        "center": 0.5,
        "center_of": "mean",
        "low": 0.0,
        "high": 1.0,
        "ci_low": 0.25,
        "ci_high": 0.75,
    }
    medians = {"median_step": 400, "median_g_updates": 2000}
    beside = {"than_partner": 0.1, "than_partner_low": 0.0, "than_partner_high": 0.2}
    measured = {name: [m for p in e.protocols for m in KINDS[p.kind].metrics] for name, e in experiments.items()}
    homes = [(name, arm) for name, e in experiments.items() for arm in e.arms]
    made = {
        "arms": arm_table(study),
        "runs": [
            {"arm": run.arm, "seed": run.seed, "weights_sha256": str(draw.integers(10**9))} for run in study.runs()
        ],
        "floors": [
            {"dataset": dataset, "metric": metric, "value": 0.75}
            for dataset, protocol in study.measured()
            for metric in KINDS[protocol.kind].metrics
        ],
        "timing": [{"arm": run.arm, "seed": run.seed, "seconds": 36.0} for run in study.runs()],
        "summary": [
            {"experiment": name, "arm": arm, "metric": metric, "score": score, **spread, "diverged": 0}
            for name, arm in homes
            for metric in measured[name]
            for score in ("last", "area")
        ],
        "speed": [
            {"experiment": name, "arm": arm, "event": event, "events": 3, "n": 16, **medians, **beside}
            for name, arm in homes
            for event in ("collapse", "bad-end", "reach")
        ],
        "metrics": [
            {"arm": arm, "seed": study.seeds[0], "metric": metric, "step": step, "value": 0.5}
            for name, arm in homes
            for metric in measured[name]
            for step in experiments[name].snapshot_steps
        ],
        "sensitivity": [
            {"experiment": name, "arm": arm, "event": event, "rule": rule, "events": 3}
            for name, arm in homes
            for event, rule in (("collapse", THRICE), ("reach", "frechet: 50% of the way to real data"))
        ],
        "events": [
            {"experiment": name, "arm": arm, "seed": seed, "event": "collapse", "observed": True}
            for name, arm in homes
            for seed in study.seeds
        ],
        "scores": [
            {"experiment": name, "arm": arm, "seed": seed, "metric": metric, "last": 6.0, "best": 8.0}
            for name, arm in homes
            for metric in measured[name]
            for seed in study.seeds
        ],
        "pair-summary": [
            {
                "first": first,
                "second": second,
                "metric": metric,
                **spread,
                "second_better": 9,
                "pairs": 16,
                "equal": 0,
            }
            for first, second in study.pairs()
            for metric in ("fair_modes", "frechet")
        ],
        "claims": pd.DataFrame([_judged(claim, study) for claim in study.claims], columns=pd.Index(CLAIM_COLUMNS)),
    }
    folder.mkdir(parents=True)
    for name, rows in made.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)


def _judged(claim, study: Study) -> dict[str, object]:
    said = {"id": claim.id, "statement": claim.statement, "place": claim.place}
    if isinstance(claim, Untested):
        return dict.fromkeys(CLAIM_COLUMNS) | said | {"verdict": "not tested", "n": 0, "reason": claim.reason}
    numbers = {"unit": "share of seeds", "estimate": 0.5, "low": 0.25, "high": 0.75, "median_difference": 1.0}
    numbers |= {"p_supported": 0.01, "n": 16}
    home = {"experiment": study.experiment_of(arms_of(claim)[0]), "rule": "Supported if so."}
    return dict.fromkeys(CLAIM_COLUMNS) | said | numbers | home | {"verdict": "supported"}


@pytest.mark.parametrize("name", WAITING)
def test_a_study_that_was_not_run_says_so_and_is_shown_once_it_was(name: str, tmp_path: Path) -> None:
    missing = f"configfile config/{name}.yaml"
    assert missing in _render(tmp_path)
    study = load_study(ROOT / "config" / f"{name}.yaml")
    _made_up(study, tmp_path / name / "tables")
    page = _render(tmp_path)
    assert missing not in page
    assert _render(tmp_path, FINDINGS).startswith("# Findings"), "with any one of the studies"
    for claim in study.claims:
        assert claim.statement in page
    for arm in (arm for experiment in study.experiments.values() for arm in experiment.arms):
        assert name == "toy" or f"`{arm}`" in page


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], str]:
    """What a template of one line makes of a small study called "small"."""
    tables = tmp_path / "results" / "small" / "tables"
    tables.mkdir(parents=True)
    (tables / "scores.csv").write_text("arm,seed,last,n\nfirst,0,-0.12345,1\nfirst,1,,1\nsecond,0,1200,1\n")
    (tables / "runs.csv").write_text("arm,seed,weights_sha256\na,0,x\na,1,y\na,2,z\nb,0,x\nb,1,q\nc,5,x\n")

    def render(line: str) -> str:
        (tmp_path / "page.j2").write_text(line)
        return _render(tmp_path / "results", tmp_path / "page.j2")

    return render


def test_a_number_is_shown_as_it_is_in_its_table(page: Callable[[str], str]) -> None:
    assert page('{{ study("small").row("scores", arm="first", seed=0)["last"] | short }}') == "−0.123"
    assert page('{{ study("small").row("scores", arm="second")["last"] | count }}') == "1,200"
    assert page('{{ study("small").values("scores", "arm") | join(" ") }}') == "first second"
    assert page('{{ "none" if study("other") is none }}') == "none"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ('row("scores", arm="third").seed', "scores.csv: no row with arm = third"),
        ('row("scores", arm="first").seed', "scores.csv: 2 rows with arm = first, not one"),
        ('row("scores", arms="first").seed', "scores.csv: has no column 'arms'"),
        ('row("summary", arm="first").seed', "summary.csv: not there yet"),
        ('row("scores", arm="second").lost', "page.j2: .*has no attribute 'lost'"),
        ('row("scores", arm="first", seed=1)["last"] | short', "missing from its table"),
        ('row("scores", arm="first", seed=0)["last"] | count', "not whole"),
        ('row("scores", arm="first", seed=1)["last"] | count', "not whole"),
        ('alike("a", "d").same', "runs.csv: no row with arm = d"),
        ('row("scores"', "page.j2: .*"),
    ],
)
def test_what_no_table_holds_is_refused_in_one_line(page: Callable[[str], str], asked: str, told: str) -> None:
    with pytest.raises(RecordError, match=told) as caught:
        page(f'{{{{ study("small").{asked} }}}}')
    assert "\n" not in str(caught.value)


def test_weights_are_alike_only_where_every_bit_is(page: Callable[[str], str]) -> None:
    asked = '{{% set found = study("small").alike({}) %}}{{{{ found.same }}}} of {{{{ found.seeds }}}}'
    assert page(asked.format('"a", "b"')) == "1 of 2"
    assert page(asked.format('"a", "c"')) == "0 of 0"
    assert page(asked.format('"a"')) == "3 of 3"


def test_the_command_writes_the_page_and_refuses_in_one_line(
    page: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page("{{ study('small').row('scores', arm='second').seed }}\n")
    told = ["--templates", tmp_path / "page.j2", "--results", tmp_path / "results"]
    told += [
        "--readme",
        tmp_path / "README.md",
        "--paper",
        ROOT / "config" / "paper.yaml",
        "--published",
        ROOT / "config" / "published.yaml",
    ]
    assert main(["findings", *map(str, told)]) == 0
    assert (tmp_path / "page").read_text() == "0\n"
    (tmp_path / "page.j2").write_text("{{ study('small').row('scores', arm='third').seed }}")
    assert main(["findings", *map(str, told)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "page").read_text() == "0\n"
