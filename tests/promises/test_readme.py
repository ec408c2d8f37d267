"""The README can be followed: its commands, links and generated parts are right; so are numbers of the deviations."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from kept import is_ignored

from vigan.cli.parser import parser
from vigan.config.load import load_study
from vigan.tools.verdict_table import MARKS, with_verdicts

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.split("   #")[0].split("  #")[0].strip() for line in README.splitlines() if line.startswith("    ")]
OURS = [command for command in COMMANDS if command.startswith("vigan ")]
MADE = re.findall(r"> (config/[\w-]+\.yaml)", README)
"""Studies that a command of it writes."""
FLOWING = re.sub(r"\n(?=\S)", " ", README)
"""With paragraphs in one line each: a command may go on in the next."""
OF_SNAKEMAKE = [
    found for found in re.findall(r"(snakemake all[^`\n#]*)", FLOWING) if not any(name in found for name in MADE)
]


def test_it_is_short_enough_to_be_read() -> None:
    assert len(README) <= 8000


def test_its_table_of_verdicts_is_that_of_the_kept_results() -> None:
    assert with_verdicts(README, ROOT / "results") == README
    table = README.partition(MARKS[0])[2].partition(MARKS[1])[0]
    assert len(table.splitlines()) > 5


@pytest.mark.parametrize("command", OURS)
def test_every_command_of_vigan_is_one_that_it_takes(command: str) -> None:
    options = parser().parse_args(shlex.split(command)[1:])
    assert callable(options.command)


def test_the_fast_study_is_the_paper_s_in_tf32(tmp_path: Path) -> None:
    (command,) = [line for line in COMMANDS if line.startswith("sed ")]
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config" / "paper.yaml", tmp_path / "config")
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    fast, exact = load_study(tmp_path / "config" / "paper-tf32.yaml"), load_study(ROOT / "config" / "paper.yaml")
    assert fast.study == "paper-tf32"
    for run in exact.runs():
        arm = exact.arm(run.arm)
        assert fast.arm(run.arm) == arm.model_copy(update={"precision": "tf32"})
        assert fast.seeds_of(run.arm) == exact.seeds_of(run.arm)
    assert fast.claims == exact.claims


def test_there_are_commands() -> None:
    assert len(OURS) >= 3
    assert {"make smoke", "make test"} <= set(COMMANDS)
    assert [found for found in OF_SNAKEMAKE if "--configfile config/ring.yaml" in found]


@pytest.mark.parametrize("command", OF_SNAKEMAKE)
def test_every_study_that_it_runs_is_there(command: str) -> None:
    words = shlex.split(command)
    study = words[words.index("--configfile") + 1] if "--configfile" in words else "config/paper.yaml"
    assert load_study(ROOT / study).experiments


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`vigan (\w+)", README))))
def test_every_command_that_it_names_exists(name: str) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args([name, "--help"])
    assert left.value.code == 0


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name)
def test_every_link_to_a_file_of_the_project_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|^ {4}.*?$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            led_to = (page.parent / target).resolve()
            assert led_to.exists(), target
            assert not is_ignored(led_to), target


def test_the_effect_of_the_two_adams_is_that_of_the_kept_results() -> None:
    tables = ROOT / "results" / "adam" / "tables"
    telemetry = pd.read_csv(tables.parent / "raw" / "telemetry.csv.gz").query("iteration == 10")
    losses = telemetry.pivot(index="seed", columns="arm", values="d_loss")
    assert (losses["nobn-adam-tf1"] / losses["nobn-adam-torch"] - 1).abs().round(2).tolist() == [0.02, 0.02]
    scores = pd.read_csv(tables / "scores.csv").query("metric == 'modes'")
    modes = scores.pivot(index="seed", columns="arm", values="last")
    assert modes["nobn-adam-tf1"].tolist() == [10, 1]
    assert modes["nobn-adam-torch"].tolist() == [10, 10]


def test_the_effect_of_k_is_that_of_the_kept_results() -> None:
    (told,) = re.findall(
        r"32 seeds, 4,000 iterations, the mean number of captured modes was (.*?) \(`config/toy\.yaml`\)",
        (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8"),
    )
    summary = pd.read_csv(ROOT / "results" / "toy" / "tables" / "summary.csv")
    last = summary.query("score == 'last' and metric == 'modes'").set_index("arm")
    arms = [last.loc[f"ring-k{k}-l0"] for k in (1, 2, 5)]
    assert told == ", ".join(f"{arm['mean']:.2f} with K = {k}" for arm, k in zip(arms, (1, 2, 5), strict=True))
    assert {arm["n"] for arm in arms} == {32}
