"""Real examples that may be shown beside samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vigan.config.datasets import Dataset, Digits, Grid, Ring, StackedDigits
from vigan.data.store import MANIFEST, load
from vigan.runtime.settings import in_storage

FREE = (Digits, StackedDigits, Ring, Grid)
"""Sources whose examples may be shown and passed on; photographs of people are not."""


def real_examples(dataset: Dataset, folder: Path, count: int) -> np.ndarray | None:
    """The first `count` examples prepared in `folder`; None if they may not be shown or are not there.

    Of a storage they are not: what lies here of them is fetched for other jobs. Raises RecordError naming a file of
    them that is damaged.
    """
    if not isinstance(dataset, FREE) or in_storage() or not (folder / MANIFEST).is_file():
        return None
    return np.array(load(folder, verify=True).array[:count])
