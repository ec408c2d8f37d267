"""The lock, the package and the conda file say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.txt").read_text()
PINS = [Requirement(line.rstrip("\\ ")) for line in LOCK.splitlines() if re.match(r"^[a-z0-9]", line)]


def _pinned(name: str, python: str = "3.11") -> str:
    environment = {"python_version": python, "python_full_version": f"{python}.7", "sys_platform": "linux"}
    (pin,) = [
        p for p in PINS if canonicalize_name(p.name) == canonicalize_name(name)
        and (p.marker is None or p.marker.evaluate(environment))
    ]  # fmt: skip
    return str(pin.specifier).removeprefix("==")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_lock_satisfies_every_requirement_of_the_package(python: str) -> None:
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(_pinned(requirement.name, python)), requirement


def test_the_conda_environment_has_the_versions_of_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    pinned = dict(entry.split("==") for entry in pip if "==" in entry)
    assert set(pinned) == {Requirement(text).name for text in PROJECT["dependencies"]}
    for name, version in pinned.items():
        assert version == _pinned(name), name


def test_every_pin_of_the_lock_has_hashes_and_no_address() -> None:
    assert len(PINS) > 100
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert len(blocks) == len(PINS)
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in LOCK
    assert "index-url" not in LOCK


def test_the_python_versions_promised_are_those_of_the_package() -> None:
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
