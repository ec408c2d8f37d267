"""StudioGAN's logs: metrics among other lines, the first of several evaluations of a step."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.config.elsewhere import ElsewhereArm
from vigan.elsewhere.numbers import Number
from vigan.elsewhere.read import read
from vigan.io.files import RecordError

HEAD = '[INFO] 2026-01-01 00:00:00 > cfgs.RUN =\n{\n  "seed": 11,\n}\n'
AT = "[INFO] 2026-01-01 00:00:00 > "


def evaluation(step: int, fid: str) -> str:
    return (
        f"{AT}Start Evaluation ({step} Step): DCGAN-CIFAR10\n"
        f"{AT}Inception score (Step: {step}, 50000 generated images): 5.1\n"
        f"{AT}FID score (Step: {step}, Using train moments): {fid}\n"
        f"{AT}Best FID score (Step: 1000, Using train moments): 3.0\n"
        f"{AT}Improved Precision (Step: {step}, Using train images): 0.6\n"
    )


def numbers(path: Path, **more: object) -> list[Number]:
    arm = ElsewhereArm.model_validate({"from": {"format": "studiogan", "path": str(path), **more}})
    return list(read(arm))


def test_every_metric_of_an_evaluation_is_read_and_the_best_so_far_is_not(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(HEAD + evaluation(2000, "40.5"))
    assert [(n.seed, n.step, n.metric, n.value) for n in numbers(tmp_path)] == [
        (11, 2000, "Inception score", 5.1), (11, 2000, "FID score", 40.5), (11, 2000, "Improved Precision", 0.6),
    ]  # fmt: skip


def test_a_step_that_is_evaluated_again_counts_once_as_it_was_first(tmp_path: Path) -> None:
    (tmp_path / "run-seed-4.log").write_text(evaluation(2000, "40.5") + evaluation(2000, "39.0"))
    assert [(n.seed, n.value) for n in numbers(tmp_path) if n.metric == "FID score"] == [(4, 40.5)]


def test_a_single_log_may_be_named_and_its_seed_stated(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(evaluation(2000, "nan"))
    (number,) = (n for n in numbers(tmp_path / "run.log", seeds={"run.log": 5}) if n.metric == "FID score")
    assert number.seed == 5
    assert number.value != number.value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing of the kind\n", "no line of it says a metric"),
        (evaluation(2000, "tensor(3)"), r"line 3: FID score 'tensor\(3\)' is no number"),
        (evaluation(99999999999999999, "1"), "step '99999999999999999' is not a whole number"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "seed-0.log").write_text(text)
    with pytest.raises(RecordError, match=words) as told:
        numbers(tmp_path)
    assert "\n" not in told.value.text


def test_bytes_that_are_no_text_and_lines_without_end_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "seed-0.log").write_bytes(b"\xff\xfe\x00" + b"x" * 50_000 + b"\n" + evaluation(10, "1.0").encode())
    assert len(numbers(tmp_path)) == 3
