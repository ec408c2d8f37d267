from __future__ import annotations

from collections.abc import Iterator

import pytest

from .nursery import Nursery
from .stages import Place


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Starts `vigan` in processes of its own."""
    made = Nursery(tmp_path_factory.mktemp("logs"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def left_alone(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The tiny study, run stage by stage from nothing; not to be changed."""
    place = Place(tmp_path_factory.mktemp("alone"), nursery)
    place.finish()
    return place
