"""The lock, the package and the conda file say the same."""

from __future__ import annotations

import contextlib
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {name: (ROOT / name).read_text() for name in ("requirements.txt", "requirements-cluster.txt")}


def _pins(lock: str, python: str = "3.11") -> dict[str, str]:
    """Version of each package that a lock installs on Linux."""
    environment = {"python_version": python, "python_full_version": f"{python}.7", "sys_platform": "linux"}
    pins = [Requirement(line.rstrip("\\ ")) for line in LOCKS[lock].splitlines() if re.match(r"^[a-z0-9]", line)]
    chosen = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    versions = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in chosen}
    assert len(versions) == len(chosen)
    return versions


def _refused(requirements: list[str], pins: dict[str, str]) -> list[str]:
    """Requirements that the pins do not meet."""
    wanted = [Requirement(text) for text in requirements]
    return [str(one) for one in wanted if not one.specifier.contains(pins[canonicalize_name(one.name)])]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_locks_satisfy_every_requirement_of_the_package(python: str) -> None:
    extras = PROJECT["optional-dependencies"]
    assert not _refused([*PROJECT["dependencies"], *extras["dev"]], _pins("requirements.txt", python))
    assert not _refused(extras["cluster"], _pins("requirements-cluster.txt", python))


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_what_a_cluster_needs_changes_no_version_of_the_lock(python: str) -> None:
    main, added = _pins("requirements.txt", python), _pins("requirements-cluster.txt", python)
    both = main.keys() & added.keys()
    assert both
    assert {name: main[name] for name in both} == {name: added[name] for name in both}


def test_the_conda_environment_has_the_versions_of_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    pinned = dict(entry.split("==") for entry in pip if "==" in entry)
    assert set(pinned) == {Requirement(text).name for text in PROJECT["dependencies"]}
    for name, version in pinned.items():
        assert version == _pins("requirements.txt")[canonicalize_name(name)], name


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_has_hashes_and_no_address(lock: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", LOCKS[lock].strip())
    assert len(blocks) > 30
    assert all(re.match(r"[a-z0-9.-]+==.*--hash=sha256:", block, re.DOTALL) for block in blocks)
    assert not re.search(r"://|index-url|find-links|(?<![a-z0-9])/[a-z]+/", LOCKS[lock])


def test_the_python_versions_promised_are_those_of_the_package() -> None:
    assert PROJECT["requires-python"] == ">=3.11,<3.14"


@pytest.mark.parametrize(("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 13, 9), True), ((3, 14), False)])
def test_make_takes_a_python_that_the_lock_is_for_and_refuses_others_in_one_line(
    version: tuple[int, ...], fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (check,) = re.findall(r'\$\(PYTHON\) -c "(import sys; .*)"', (ROOT / "Makefile").read_text())
    monkeypatch.setattr(sys, "version_info", version)
    told = (
        contextlib.nullcontext() if fits else pytest.raises(SystemExit, match=r"3\.11 to 3\.13; name one: make PYTHON=")
    )
    with told:
        exec(check)  # as make has Python do
    assert SpecifierSet(PROJECT["requires-python"]).contains(".".join(map(str, version))) == fits
