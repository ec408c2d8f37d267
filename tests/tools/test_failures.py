from __future__ import annotations

from pathlib import Path

import pytest

from vigan.tools.failures import tell

BLOCK = """\
[Sat Nov 28 14:07:52 2026]
Error in rule {rule}:
    message: None
    jobid: 2
    input: a, b
    output: b-1.txt
    log: {log} (check log file(s) for error details)
    shell:
        vigan {rule}
        (command exited with non-zero exit code)
Trying to restart job 2.
"""


def test_each_failed_job_is_one_line_with_its_reason_then_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.log").write_text("0 of 9\nvigan: x.jpg: damaged; remove it\n")
    Path("b.log").write_text("Traceback\n  File\nKilled \x1b[31m\n\n")
    blocks = [
        BLOCK.format(rule=rule, log=log) for rule, log in (("prepare", "a.log"), ("train", "b.log"), ("train", "b.log"))
    ]
    Path("snakemake.log").write_text(
        "Select jobs to execute...\n" + "".join(blocks) + BLOCK.format(rule="report", log="none.log")
    )
    assert tell(Path("snakemake.log"), "snakemake all").splitlines() == [
        "vigan: 3 of the jobs failed:",
        "  prepare (a.log): x.jpg: damaged; remove it",
        "  train (b.log): Killed \\x1b[31m",
        "  report (none.log): no log",
        "What is finished stays. Mend that, then type:",
        "  snakemake all",
    ]


def test_a_log_that_was_put_into_a_storage_is_read_where_it_lies_here(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("vigan: x.jpg: damaged\n")
    (tmp_path / "log").write_text(BLOCK.format(rule="train", log="s3://bucket/a.log (send to storage)"))
    told = tell(tmp_path / "log", "snakemake all", lambda file: tmp_path / file.removeprefix("s3://bucket/"))
    assert told.splitlines()[1] == "  train (s3://bucket/a.log): x.jpg: damaged"


def test_a_job_that_succeeded_at_a_later_attempt_has_not_failed(tmp_path: Path) -> None:
    first, second = (BLOCK.format(rule=rule, log=f"{rule}.log") for rule in ("train", "prepare"))
    told = (
        first
        + "[Sat Nov 28 14:09:52 2026]\nFinished jobid: 2 (Rule: train)\n"
        + second.replace("jobid: 2", "jobid: 22")
    )
    (tmp_path / "log").write_text(told)
    assert [line.split(" (")[0] for line in tell(tmp_path / "log", "snakemake all").splitlines()[:2]] == [
        "vigan: 1 of the jobs failed:",
        "  prepare",
    ]


REFUSED = """\
WorkflowError in rule train in file "/a/workflow/rules/train.smk", line 1:
Output run.json has older modification time ({time}) than input manifest.json (2026-11-28 18:34:04.478362). (rule train)
Removing output files of failed job train since they might be corrupted:
"""


def test_what_snakemake_itself_has_against_a_job_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("".join(REFUSED.format(time=f"2026-11-28 17:3{minute}") for minute in range(2)))
    heading, job, advice, _ = tell(tmp_path / "log", "snakemake all").splitlines()
    assert heading == "vigan: 1 of the jobs failed:"
    assert job.startswith("  train: Output run.json has older modification time (2026-11-28 17:31)")
    assert advice == "What is finished stays. Mend that, then type:"


def test_of_many_failures_ten_are_told(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("".join(BLOCK.format(rule="train", log=f"{number}.log") for number in range(12)))
    lines = tell(tmp_path / "log", "snakemake all").splitlines()
    assert (lines[0], lines[11]) == ("vigan: 12 of the jobs failed:", "  and 2 more")


def test_where_no_job_failed_nothing_is_said(tmp_path: Path) -> None:
    assert tell(tmp_path / "none", "snakemake all") == ""
    (tmp_path / "log").write_text("Nothing to be done\n")
    assert tell(tmp_path / "log", "snakemake all") == ""
