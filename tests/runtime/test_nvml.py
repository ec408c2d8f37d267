"""What the driver's library says, by a stand-in for it: WSL2 has no /proc entries, some containers no library."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from vigan.runtime import nvml, settings


class Library:
    """A driver with some cards."""

    def __init__(self, names: tuple[bytes, ...], failing: bool = False) -> None:
        self.names, self.failing = names, failing

    def nvmlInit_v2(self) -> int:
        return int(self.failing)

    def nvmlDeviceGetCount_v2(self, found: Any) -> int:
        found._obj.value = len(self.names)
        return 0

    def nvmlSystemGetDriverVersion(self, text: Any, size: int) -> int:
        text.value = b"550.54.15"
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: int, handle: Any) -> int:
        handle._obj.value = index
        return 0

    def nvmlDeviceGetName(self, handle: Any, text: Any, size: int) -> int:
        text.value = self.names[handle.value or 0]
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:
        memory._obj.total, memory._obj.free = 80 << 30, 70 << 30
        return 0


def driver(monkeypatch: pytest.MonkeyPatch, found: Library | None, place: str = nvml.LIBRARIES[0]) -> None:
    def load(name: str) -> Library:
        if found is None or name != place:
            raise OSError(name)
        return found

    monkeypatch.setattr(ctypes, "CDLL", load)


@pytest.fixture(autouse=True)
def no_proc_entries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(nvml, "DRIVER", tmp_path)
    for name in ("CUDA_VISIBLE_DEVICES", "VIGAN_GPUS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("place", nvml.LIBRARIES)
def test_gpus_are_counted_where_the_driver_has_no_proc_entries(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, Library((b"A", b"B", b"C")), place)
    assert settings.gpus() == ["0", "1", "2"]
    monkeypatch.setenv("VIGAN_GPUS", "1")
    assert settings.gpus() == ["0"]


@pytest.mark.parametrize("found", [None, Library((b"A",), failing=True)])
def test_without_the_library_proc_entries_are_counted(
    found: Library | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver(monkeypatch, found)
    assert (settings.gpus(), nvml.cards(), nvml.driver_version()) == ([], [], "")
    (tmp_path / "0000:01:00.0").mkdir()
    assert settings.gpus() == ["0"]


def test_cards_are_told_with_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, Library((b"NVIDIA H100", b"NVIDIA T4")))
    assert nvml.cards() == [nvml.Card(name, 80 << 30, 70 << 30) for name in ("NVIDIA H100", "NVIDIA T4")]
    assert nvml.driver_version() == "550.54.15"
