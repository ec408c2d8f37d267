"""How many reals a protocol compares with, and how that is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.config.study import Study
from vigan.report.methods import protocol_notes

ARM = {
    "network": {"kind": "dcgan", "batch_norm": False}, "reading": "released", "d_batches": 1, "g_batches": 1,
    "lambda_sum": 0.0,
}  # fmt: skip


def study(reference: Any, kind: str = "efflite0-128", samples: int = 500, **data: Any) -> Study:
    run = {
        "title": "A run", "dataset": "data", "iterations": 2, "snapshots": 1,
        "protocols": [{"kind": kind, "samples": samples, "reference": reference}], "arms": {"gan": ARM},
    }  # fmt: skip
    data = data or {"source": "digits"}
    whole = {"study": "one", "title": "One", "seeds": [0], "datasets": {"data": data}, "experiments": {"run": run}}
    return Study.model_validate(whole)


def test_a_name_tells_both_counts() -> None:
    ((_, protocol),) = study("all").measured()
    assert protocol.name == "efflite0-128/n=500/ref=train/reals=1797"
    assert protocol == Protocol(kind="efflite0-128", samples=500, reference=1797)
    assert study(900).measured()[0][1].name == "efflite0-128/n=500/ref=train/reals=900"
    unseen = {"source": "folder", "path": "photographs"}
    assert study("all", **unseen).measured()[0][1].name == "efflite0-128/n=500/ref=train/reals=all"


def test_a_protocol_of_equal_counts_is_written_and_called_as_before() -> None:
    protocol = Protocol(kind="efflite0-128", samples=500)
    assert protocol.name == "efflite0-128/n=500/ref=train"
    assert protocol.file == "efflite0-128-n500"
    assert protocol.model_dump(mode="json") == {"kind": "efflite0-128", "samples": 500, "redraws": 0}


def test_protocols_of_other_counts_have_files_of_their_own() -> None:
    files = {Protocol(kind="efflite0-128", samples=500, reference=n).file for n in (None, 900, "all")}
    assert len(files) == 3


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        (1798, "compares with 1,798 reals, and 'data' has 1,797: write `reference: all`"),
        (0, "greater than or equal"),
        (5, "'efflite0-128' needs at least 16 reals, not 5"),
    ],
)
def test_more_reals_than_there_are_and_too_few_are_refused(reference: int, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        study(reference)


def test_what_compares_nothing_has_no_reference() -> None:
    with pytest.raises(ValidationError, match="'digit-modes' compares samples with no others"):
        study("all", kind="digit-modes")


def test_more_reals_cost_more() -> None:
    dataset = TypeAdapter(Dataset).validate_python({"source": "digits"})
    assert Protocol(kind="efflite0-128", samples=500, reference="all").counted(dataset).rows == 1797
    assert Protocol(kind="efflite0-128", samples=500).rows == 500


def test_the_report_says_how_many_reals_there_are_where_they_are_not_as_many() -> None:
    def told(reference: Any) -> str:
        (note,) = protocol_notes([Protocol(kind="efflite0-128", samples=500, reference=reference)])
        return str(note)

    assert "The reference is 900, not as many as there are fakes" in told(900)
    assert "500 others against the same 900, less as many as must be left out" in told(900)
    assert "The reference is all of the training data" in told("all")
    assert "500 of these against all others" in told("all")
    assert "The reference is" not in told(None)
