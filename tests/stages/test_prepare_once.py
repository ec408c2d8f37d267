"""Two studies that share an unprepared data set begin together: one prepares it, the other waits."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from vigan.config.datasets import Ring
from vigan.data import prepare as data
from vigan.data.store import load
from vigan.stages.prepare import prepare

RING = Ring(source="ring", count=50)


def test_a_data_set_is_prepared_once_by_however_many_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, go_on, made, plain = threading.Event(), threading.Event(), list[int](), data.prepare

    def slow(*arguments: object, **settings: object) -> object:
        made.append(1)
        begun.set()
        assert go_on.wait(10)
        return plain(*arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(data, "prepare", slow)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(prepare(RING, tmp_path / "ring"))) for _ in range(2)]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    threads[1].join(0.3)
    assert threads[1].is_alive()
    go_on.set()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert found == [load(tmp_path / "ring", verify=True).manifest] * 2
    assert "another process prepares it; waiting" in capsys.readouterr().out
