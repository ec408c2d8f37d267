"""`import vigan` is light; its functions do what the commands do; the script in the documentation runs."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from studies import TINY

import vigan
from vigan.cli import api
from vigan.config.base import ConfigError
from vigan.data import prepare as data
from vigan.evaluation import anybody
from vigan.evaluation.own_features import measure_features
from vigan.provenance import stage_digest

ROOT = Path(__file__).parents[2]
CLAIM = """\
claims:
  - {id: more, statement: More modes., place: here, test: paired-sign, arms: [plain, regularised], metric: fair_modes,
     protocol: toy-modes, score: last, direction: higher, margin: 0.5}
"""


def test_importing_the_package_imports_nothing_else() -> None:
    heavy = "{'torch', 'numpy', 'pandas', 'pydantic', 'vigan.cli.api', 'vigan.metrics'}"
    script = f"import sys, vigan; vigan.__version__; sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert set(vigan.LAZY) == {"Trained", "evaluate", "judge", "load_study", "metrics", "train"}
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        vigan.evalute  # type: ignore[attr-defined] # noqa: B018


def test_the_stub_has_every_name_and_no_code_is_in_digests_for_it() -> None:
    stub = (Path(vigan.__file__).with_suffix(".pyi")).read_text(encoding="utf-8")
    assert all(f" as {name}" in stub for name in vigan.LAZY)
    source = Path(vigan.__file__).read_text(encoding="utf-8")
    assert "from vigan" not in source
    assert len(stage_digest("train")) == 64


def test_features_are_compared_as_the_command_compares_them(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    real, fake = draws.standard_normal((40, 3)), draws.standard_normal((30, 3))
    np.save(tmp_path / "real.npy", real)
    np.save(tmp_path / "fake.npy", fake)
    found = vigan.metrics.compare(real, fake, k=4)
    assert found == measure_features(tmp_path / "real.npy", tmp_path / "fake.npy", k=4)
    assert (found["n_real"], found["n_fake"]) == (40, 30)


def test_images_are_arrays_or_paths(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (24, 3, 32, 32), dtype=np.uint8)
    np.save(tmp_path / "reals.npy", images[12:])
    by_array = vigan.evaluate(images[:12], images[12:], device="cpu")
    by_path = vigan.evaluate(images[:12], tmp_path / "reals.npy", device="cpu")
    assert by_array["values"] == by_path["values"]
    assert (by_array["fakes"], by_array["reals"]) == (12, 12)


def _settings() -> tuple[int, bool, bool, bool, bool]:
    products, convolutions = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    return (
        torch.get_num_threads(), products, convolutions, torch.backends.cudnn.benchmark,
        torch.backends.cudnn.deterministic,
    )  # fmt: skip


def _set(threads: int, products: bool, convolutions: bool, benchmark: bool, deterministic: bool) -> None:
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = products
    torch.backends.cudnn.allow_tf32 = convolutions
    torch.backends.cudnn.benchmark = benchmark
    torch.backends.cudnn.deterministic = deterministic


@pytest.fixture
def mine() -> Iterator[tuple[int, bool, bool, bool, bool]]:
    """Settings of torch that a caller made, each another than those that vigan calculates with."""
    before = _settings()
    _set(3, True, True, True, False)
    yield _settings()
    _set(*before)


def test_images_are_measured_by_all_cores_and_a_caller_s_settings_are_put_back(
    mine: tuple[int, bool, bool, bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook's own training went on with one thread, and without TF32."""
    seen: list[object] = []
    monkeypatch.setattr(api, "cores", lambda: 2)
    monkeypatch.setattr(anybody, "measure_images", lambda request: seen.append(_settings()) or {})
    vigan.evaluate("images", "reals", device="cpu")
    vigan.evaluate("images", "reals", device="cpu", threads=1)
    assert _settings() == mine == (3, True, True, True, False)
    assert seen == [(threads, False, False, False, True) for threads in (2, 1)]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (file := tmp_path_factory.mktemp("study") / "tiny.yaml").write_text(TINY + CLAIM)
    return file


def test_a_run_is_trained_once_and_measured(study: Path, mine: tuple[int, bool, bool, bool, bool]) -> None:
    with contextlib.chdir(study.parent):
        run = vigan.train("tiny.yaml", "plain", 1, device="cpu")
        assert run.record.status == "completed"
        assert list(run.telemetry["iteration"]) == [20, 40, 60]
        written = (run.folder / "run.json").stat().st_mtime_ns
        assert _settings() == mine
        assert vigan.train("tiny.yaml", "plain", 1, device="cpu").record == run.record
        assert (run.folder / "run.json").stat().st_mtime_ns == written
        table = run.evaluate(device="cpu")
        assert _settings() == mine
        assert set(table["metric"]) >= {"fair_modes", "high_quality"}
        assert table.equals(table[table["arm"] == "plain"])
        with pytest.raises(ConfigError, match="no seed 7 in this study; known: 0, 1"):
            vigan.train("tiny.yaml", "plain", 7)
        with pytest.raises(ConfigError, match="did you mean 'plain'"):
            vigan.train("tiny.yaml", "plane", 0)


def frame(difference: float, seeds: int = 2) -> pd.DataFrame:
    rows = [
        (arm, seed, step, "fair_modes", value)
        for seed in range(seeds)
        for arm, value in (("plain", 3.0), ("regularised", 3.0 + difference))
        for step in (0, 60)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "step", "metric", "value"])


def test_a_table_is_judged_by_a_study_s_claims(study: Path, tmp_path: Path) -> None:
    (many := tmp_path / "many.yaml").write_text((TINY + CLAIM).replace("[0, 1]", "[0, 1, 2, 3, 4, 5, 6, 7]"))
    assert list(vigan.judge(frame(2.0, 8), many)["verdict"]) == ["supported"]
    assert list(vigan.judge(frame(-2.0, 8), many)["verdict"]) == ["contradicted"]
    (row,) = vigan.judge(frame(2.0, 2), study).itertuples()
    assert (row.verdict, row.n, row.id) == ("not testable here", 2, "more") or row.verdict == "inconclusive"


def test_a_table_that_lacks_something_is_told_what(study: Path) -> None:
    with pytest.raises(ConfigError, match="no column 'seed'; it needs arm, seed, step, metric, value"):
        vigan.judge(frame(1.0).drop(columns="seed"), study)
    with pytest.raises(ConfigError, match="no row of an arm of study 'tiny', which are plain, regularised"):
        vigan.judge(frame(1.0).replace({"arm": {"plain": "a", "regularised": "b"}}), study)


@pytest.mark.slow
def test_the_script_in_the_documentation_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "from_python.py")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "more-modes" in done.stdout
    assert "diversity" in done.stdout
    assert "'frechet'" in done.stdout


def test_a_data_set_that_two_ask_for_at_once_is_prepared_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, go_on, made, plain = threading.Event(), threading.Event(), list[int](), data.prepare

    def slow(*arguments: Any, **settings: Any) -> Any:
        made.append(1)
        begun.set()
        assert go_on.wait(10)
        return plain(*arguments, **settings)

    monkeypatch.setattr(data, "prepare", slow)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    threads = [threading.Thread(target=lambda: api._prepared(vigan.load_study("tiny.yaml"), "plain")) for _ in range(2)]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    threads[1].join(0.3)
    go_on.set()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert "another process prepares it; waiting" in capsys.readouterr().out
