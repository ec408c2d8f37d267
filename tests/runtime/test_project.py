from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vigan.cli.parser import main
from vigan.errors import UserError
from vigan.runtime.project import CONTENTS, create, shipped

ROOT = Path(__file__).parents[2]


def test_a_folder_made_by_init_holds_all_that_a_study_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "my study")]) == 0
    assert {file.name for file in (tmp_path / "my study").iterdir()} == set(CONTENTS)
    assert f"cd '{tmp_path / 'my study'}'" in capsys.readouterr().out
    assert shipped() == ROOT


def test_init_touches_no_folder_that_holds_anything(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    for folder in (tmp_path, tmp_path / "mine"):
        with pytest.raises(UserError, match="there already"):
            create(folder)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_the_wheel_plans_the_smoke_study_outside_the_checkout(tmp_path: Path) -> None:
    source, passed_over = tmp_path / "source", shutil.ignore_patterns("__pycache__")
    source.mkdir()
    for name in (*CONTENTS, "src", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=passed_over)
        else:
            shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, str(tmp_path), str(source)], check=True)
    with zipfile.ZipFile(next(tmp_path.glob("vigan-*.whl"))) as wheel:
        wheel.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    subprocess.run([sys.executable, "-m", "vigan.cli", "init", "study"], check=True, cwd=tmp_path, env=environment)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--configfile", "config/smoke.yaml"]
    planned = subprocess.run(command, cwd=tmp_path / "study", env=environment, capture_output=True, text=True)
    assert planned.returncode == 0, planned.stdout[-2000:] + planned.stderr[-2000:]
    told = "from vigan.runtime.project import shipped; print(shipped())"
    where = subprocess.run([sys.executable, "-c", told], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert where.stdout.strip() == str(tmp_path / "installed" / "vigan" / "project")
