"""Plug-in files and plug-ins of other packages: what is imported is what was read, and their code is in digests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from vigan import plugins
from vigan.config.plugins import use_files
from vigan.plugins import PluginError
from vigan.provenance import code_digest

PENALTY = '''
"""A penalty; nobody (2026)."""
from vigan.config.base import Positive
from vigan.objectives.hooks import Stabiliser


class Penalty(Stabiliser):
    weight: Positive = 1.0

    def discriminator_term(self, view):
        return self.weight * view.discriminator(view.real[0]).square().mean()

    def closed_form(self, linear):
        return {"discriminator_term": self.weight * (linear.real @ linear.w + linear.b).square().mean()}
'''


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    use_files([])


def written(folder: Path, name: str = "penalty.py", text: str = PENALTY) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def digest(path: Path) -> str:
    use_files([path])
    return code_digest([plugins.module_of(path.stem)])


def test_a_file_is_a_module_for_as_long_as_it_is_in_use(tmp_path: Path) -> None:
    use_files([file := written(tmp_path)])
    module = import_module("vigan_plugins.penalty")
    assert module.__file__ == str(file)
    assert module.Penalty.__module__ == "vigan_plugins.penalty"
    use_files([])
    with pytest.raises(ModuleNotFoundError):
        import_module("vigan_plugins.penalty")


def test_what_is_imported_is_what_was_read_whatever_the_file_became(tmp_path: Path) -> None:
    before = digest(file := written(tmp_path))
    written(tmp_path, text="raise SystemExit")
    assert plugins.load("vigan_plugins.penalty").Penalty(weight=2.0).weight == 2.0
    assert code_digest(["vigan_plugins.penalty"]) == before
    written(tmp_path, text=PENALTY.replace("= 1.0", "= 3.0"))
    assert digest(file) != before
    assert plugins.load("vigan_plugins.penalty").Penalty().weight == 3.0


def test_the_digest_is_that_of_the_code_wherever_the_file_lies_and_whatever_it_says_in_words(tmp_path: Path) -> None:
    here = digest(written(tmp_path / "here"))
    assert digest(written(tmp_path / "there")) == here
    assert digest(written(tmp_path / "words", text=PENALTY.replace("nobody", "somebody") + "# A remark.\n")) == here
    assert digest(written(tmp_path / "code", text=PENALTY.replace(".square()", ".abs()"))) != here


@pytest.mark.parametrize("home", ["vigan_plugins.helper", ".helper"])
def test_a_plug_in_that_another_imports_is_part_of_its_digest(tmp_path: Path, home: str) -> None:
    text = PENALTY.replace("from vigan.config", f"from {home} import twice\nfrom vigan.config")
    file = written(tmp_path, text=text)
    helper = written(tmp_path, "helper.py", "def twice(x):\n    return 2 * x\n")
    found = []
    for factor in ("2 *", "3 *"):
        written(tmp_path, "helper.py", f"def twice(x):\n    return {factor} x\n")
        use_files([file, helper])
        assert plugins.load("vigan_plugins.penalty").twice(1) == int(factor[0])
        found.append(code_digest(["vigan_plugins.penalty"]))
    assert len({*found, code_digest(["vigan_plugins.helper"])}) == 3


def test_what_a_plug_in_imports_of_this_package_is_part_of_its_digest(tmp_path: Path) -> None:
    bare, with_slopes = (
        digest(written(tmp_path, text=f"{more}\n{PENALTY}")) for more in ("", "from vigan.objectives import slopes")
    )
    assert bare != with_slopes
    digest(written(tmp_path, text=f"from vigan.objectives.slopes import slope_norms\n{PENALTY}"))
    packaged = {"vigan_plugins.penalty", "vigan.objectives.slopes", "vigan.objectives.hooks", "vigan.config.base"}
    assert code_digest(packaged) == code_digest(["vigan_plugins.penalty"])


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("penalty.py", "def f(:\n", r"plug-in .*penalty\.py, line 1: SyntaxError: invalid syntax"),
        ("my-penalty.py", PENALTY, r"my-penalty\.py: the file of a plug-in is named as it is in a study"),
        ("penalty.txt", PENALTY, "the file of a plug-in is named as it is in a study, such as my_penalty.py"),
        ("penalty.py", "a\0b", r"plug-in .*penalty\.py"),
        ("penalty.py", "import os\n", "declares no Stabiliser, ProtocolKind, Method or DataSource"),
        ("r1.py", PENALTY, r"plug-in .*r1\.py: there is a stabiliser 'r1' already; give the file another name"),
        ("penalty.py", PENALTY.replace("Positive = 1.0", "str = 'a'"), "line 8: a setting is a number"),
        ("penalty.py", PENALTY.replace("= 1.0", "= 2 * weight"), "line 8: write the default of 'weight' as a Posi"),
        ("penalty.py", PENALTY.replace("= 1.0", "= 'a'"), "line 8: write the default of 'weight' as a Positive number"),
        ("penalty.py", PENALTY.replace("= 1.0", "= -1.0"), "line 8: write the default of 'weight' as a Positive"),
        ("penalty.py", PENALTY + PENALTY, "one class that derives from Stabiliser is needed, and there are 2"),
        ("kinds.py", "import vigan.protocols.base\nimport nowhere\n", "line 2: ModuleNotFoundError: No module named"),
        ("kinds.py", "import vigan.protocols.base\nraise SystemExit(3)\n", "line 2: SystemExit: 3"),
    ],
)  # fmt: skip
def test_a_broken_plug_in_is_named_in_one_line(tmp_path: Path, name: str, text: str, line: str) -> None:
    with pytest.raises(ValueError, match=line) as refused:
        use_files([written(tmp_path, name, text)])
    assert len(str(refused.value).splitlines()) == 1
    assert not plugins.files()


def test_a_missing_file_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"cannot be read \(No such file or directory\); paths are relative to the study"
    ):
        use_files([tmp_path / "penalty.py"])
    with pytest.raises(ValueError, match=r"plug-in 'penalty' is also .*; rename one"):
        use_files([written(tmp_path / "a"), written(tmp_path / "b")])


def test_an_error_within_a_plug_in_is_told_with_its_line(tmp_path: Path) -> None:
    use_files([written(tmp_path, text=PENALTY + "\n\ndef fail():\n    return {}['x']\n")])
    module = plugins.load("vigan_plugins.penalty")
    with pytest.raises(KeyError) as raised:
        module.fail()
    assert plugins.blame(raised.value) == f"plug-in {tmp_path / 'penalty.py'}, line 18: KeyError: 'x'"
    assert plugins.blame(ValueError("elsewhere")) is None


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another package, installed, whose entry points a test writes."""
    folder = tmp_path / "installed"
    for part in ("other", "other-1.0.dist-info"):
        (folder / part).mkdir(parents=True)
    (folder / "other" / "__init__.py").touch()
    (folder / "other" / "penalties.py").write_text(PENALTY)
    (folder / "loose_penalty.py").write_text(PENALTY)
    (folder / "other-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] in {"other", "loose_penalty", "nspack"}]:
        del sys.modules[name]
    plugins._points.cache_clear()


def add_entry_points(package: Path, text: str) -> None:
    (package / "other-1.0.dist-info" / "entry_points.txt").write_text(text)
    plugins._points.cache_clear()


@pytest.mark.parametrize("module", ["other.penalties", "loose_penalty"])
def test_an_installed_stabiliser_is_known_and_its_code_is_in_the_digest(package: Path, module: str) -> None:
    from vigan.config.stabilisers import checked, known_stabilisers, module_of
    from vigan.objectives.hooks import stabiliser_class

    add_entry_points(package, f"[vigan.stabilisers]\nsomebody_s = {module}\n")
    assert "somebody_s" in known_stabilisers()
    assert checked("somebody_s", {}) == {"weight": 1.0}
    assert module_of("somebody_s") == module
    assert stabiliser_class("somebody_s")().weight == 1.0
    assert len(code_digest([module])) == 64


def test_a_module_without_a_package_is_digested_by_its_source(package: Path) -> None:
    before = code_digest(["loose_penalty"])
    (package / "loose_penalty.py").write_text(PENALTY + "# A remark.\n")
    assert code_digest(["loose_penalty"]) == before
    (package / "loose_penalty.py").write_text(PENALTY.replace("square", "abs"))
    assert code_digest(["loose_penalty"]) != before


def test_what_a_folder_without_an_init_imports_of_itself_is_part_of_its_digest(package: Path) -> None:
    """A package without `__init__.py`: its other files could be edited, and runs of two codes were averaged."""
    (folder := package / "nspack" / "sub").mkdir(parents=True)
    (folder / "__init__.py").write_text("FIRST = 1\n")
    (folder / "penalty.py").write_text("from ..helper import half\nfrom . import beside\nimport json, nspack.other\n")
    for name, text in (("helper.py", "def half(x):\n    return x / 2\n"), ("other.py", "from nspack import last"),
                       ("last.py", "LAST = 1\n"), ("unused.py", ""), ("sub/beside.py", "BESIDE = 1\n")):  # fmt: skip
        (package / "nspack" / name).write_text(text)
    before = code_digest(["nspack.sub.penalty"])
    for name in ("helper.py", "last.py", "sub/beside.py", "sub/__init__.py"):
        whole = (file := package / "nspack" / name).read_text()
        file.write_text(whole + "# A remark.\n")
        assert code_digest(["nspack.sub.penalty"]) == before
        file.write_text(whole + "more = 1\n")
        assert code_digest(["nspack.sub.penalty"]) != before
        file.write_text(whole)
    (package / "nspack" / "unused.py").write_text("more = 1\n")
    assert code_digest(["nspack.sub.penalty"]) == before


def test_an_installed_plug_in_that_draws_at_its_import_is_refused_each_time(package: Path) -> None:
    (package / "other" / "drawing.py").write_text("from other import more\nimport numpy\nnumpy.random.rand()\n")
    (package / "other" / "more.py").write_text("")
    for _ in range(2):
        with pytest.raises(PluginError, match=r"drawing\.py: its import draws from numpy's global generator"):
            plugins.load("other.drawing")
    (package / "other" / "more.py").write_text("import random\nrandom.random()\n")
    assert plugins.load("other.more").random


def test_a_broken_package_is_listed_and_touches_nothing_else(package: Path) -> None:
    from vigan.config.stabilisers import checked
    from vigan.tools.check_plugin import parts

    (package / "other" / "wrong.py").write_text("import nowhere\n")
    add_entry_points(
        package,
        "[vigan.stabilisers]\nr1 = other.penalties\nwrong = other.wrong\nfine = other.penalties\ngone = other.gone\n"
        "[vigan.methods]\nnone = other.wrong\n[vigan.datasets]\nneither = other.wrong\n",
    )
    use_files([])
    assert checked("r1", {"gamma": 1.0}) == {"gamma": 1.0}
    broken = {part.name: part.broken for part in parts()}
    assert broken["fine"] == ""
    assert broken["r1"] == "there is a stabiliser 'r1' already"
    assert "no such module" in broken["gone"]
    assert "there are 0" in broken["wrong"]
    assert broken["none"].startswith("plug-in ")
    assert "ModuleNotFoundError: No module named 'nowhere'" in broken["neither"]
    with pytest.raises(ValueError, match="there are 0"):
        checked("wrong", {})


def test_a_file_may_not_take_an_installed_one_s_name_and_two_packages_none(package: Path, tmp_path: Path) -> None:
    add_entry_points(package, "[vigan.stabilisers]\npenalty = other.penalties\n")
    with pytest.raises(ValueError, match="there is a stabiliser 'penalty' already"):
        use_files([written(tmp_path)])
    add_entry_points(package, "[vigan.stabilisers]\npenalty = other.penalties\n")
    second = package / "another-1.0.dist-info"
    second.mkdir()
    (second / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    (second / "entry_points.txt").write_text("[vigan.stabilisers]\npenalty = loose_penalty\n")
    plugins._points.cache_clear()
    assert plugins.installed("vigan.stabilisers") == {}
    assert plugins.entries("vigan.stabilisers") == {"penalty": ["loose_penalty", "other.penalties"]}


def test_a_plug_in_error_is_a_line_for_users() -> None:
    assert PluginError("plug-in x: wrong").text == "plug-in x: wrong"


def test_a_plug_in_imported_from_the_package_is_the_one_that_is_digested(tmp_path: Path) -> None:
    """`from vigan_plugins import helper` takes it from the package, which kept the old one."""
    file = written(
        tmp_path, text=PENALTY.replace("from vigan.config", "from vigan_plugins import helper\nfrom vigan.config")
    )
    for number in (2, 3):
        helper = written(tmp_path, "helper.py", f"NUMBER = {number}\n")
        use_files([file, helper])
        assert number == plugins.load("vigan_plugins.penalty").helper.NUMBER
