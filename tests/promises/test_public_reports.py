"""What people reported of comparable tools does not happen here: one row a report, in `public_reports`."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

from . import public_reports
from .public_reports import Report

REPORTS: list[Report] = [
    report
    for module in pkgutil.iter_modules(public_reports.__path__)
    for report in import_module(f"{public_reports.__name__}.{module.name}").REPORTS
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{report.source}: {report.gist}")
def test_the_reported_input_has_its_right_answer(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report.found(tmp_path) == report.right


def test_every_report_can_be_looked_up() -> None:
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", report.source) for report in REPORTS)
    told = [(report.source, report.gist) for report in REPORTS]
    assert len(set(told)) == len(told)
