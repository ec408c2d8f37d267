"""Prepare one data set: from any source to one array and its manifest, once by however many studies ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vigan.config.datasets import Dataset
from vigan.data import prepare as data
from vigan.data.store import load
from vigan.errors import say
from vigan.io.files import RecordError
from vigan.io.locks import held

LOCK = ".lock"


def prepare(dataset: Dataset, folder: Path, **settings: Any) -> dict[str, Any]:
    """The manifest of `dataset`, prepared in `folder` as `vigan.data.prepare` does, by whose settings.

    Where another process prepares it already, this one waits for it and takes what it made.
    """
    with held(folder / LOCK) as (_, alone):
        if alone is not False:
            return _alone(dataset, folder, settings)
    say(f"{folder}: another process prepares it; waiting")
    with held(folder / LOCK, wait=True):
        try:
            return load(folder, verify=True).manifest
        except RecordError:  # the other one failed
            return _alone(dataset, folder, settings)


def _alone(dataset: Dataset, folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return data.prepare(dataset, folder, **settings)
    finally:
        (folder / LOCK).unlink(missing_ok=True)
