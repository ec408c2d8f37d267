"""Arms from elsewhere in results of several machines: each once, and none of other files or otherwise read."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path

import pytest
from studies import forge

from vigan.bench import foreign_runs
from vigan.cli.parser import main
from vigan.io.files import RecordError
from vigan.io.stamp import write_stamp
from vigan.tools.merge import merge

ROOT = Path(__file__).parents[2]
ARMS = ("plain", "augmented", "regularised")
RESULTS = Path("results/foreign")


def vigan(folder: Path, *arguments: str) -> None:
    output = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        assert main([*arguments, "--config", "config/foreign.yaml"]) == 0, output.getvalue()


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the example's three arms were read."""
    folder = tmp_path_factory.mktemp("foreign")
    foreign_runs.write(folder / "runs")
    (folder / "config").mkdir()
    shutil.copy(ROOT / "config" / "foreign.yaml", folder / "config")
    for arm in ARMS:
        vigan(folder, "import", "--arm", arm)
    return folder


@pytest.fixture
def parts(read: Path, tmp_path: Path) -> list[Path]:
    """Results of two machines: `plain` is on both, the others are on one each."""
    parts = [tmp_path / "first", tmp_path / "second"]
    for part, other in zip(parts, ("augmented", "regularised"), strict=True):
        shutil.copytree(read / RESULTS, part, ignore=shutil.ignore_patterns(other))
    return parts


def stamped(folder: Path, **changes: object) -> None:
    """Change a record, or what it was made from, as if another reading had left it."""
    stamp = json.loads((folder / "measured.json").read_text())
    made_from = stamp["made_from"] | changes.pop("made_from", {})  # type: ignore[operator]
    forge(folder / "arm.json", **changes)
    write_stamp(folder / "measured.json", made_from, [folder / name for name in stamp["files"]])


def test_arms_of_two_machines_are_joined_each_once_and_the_study_goes_on_from_there(
    read: Path, parts: list[Path], tmp_path: Path
) -> None:
    place = tmp_path / "joined"
    shutil.copytree(read / "config", place / "config")
    assert list(merge(parts, place / RESULTS).values()) == [10, 5]
    assert not list((place / RESULTS).glob("elsewhere/*/seen.json"))
    vigan(place, "analyse")  # the files themselves are not at hand
    vigan(read, "analyse")
    tables = sorted((read / RESULTS / "tables").glob("*.csv"))
    assert len(tables) > 10
    for table in tables:
        assert (place / RESULTS / "tables" / table.name).read_bytes() == table.read_bytes(), table.name


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"content": "b" * 64}, "content of the files differs: arm 'plain', digests .{12} and b{12}"),
        ({"made_from": {"code": "c" * 64}}, "reading code differs: arm 'plain', digests .{12} and c{12}"),
        ({"made_from": {"experiment": "d" * 64}}, "'experiment' differs: arm 'plain', digests .{12} and d{12}"),
        ({"identity": {"origin": {"format": "table"}}}, "config differs: arm 'plain', origin, digests"),
        ({"rules": {"F1": {"margin": 9}}}, "claim differs: 'F1', digests"),
    ],
)
def test_what_was_read_of_other_files_or_otherwise_is_refused_with_the_digests(
    parts: list[Path], tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    stamped(parts[1] / "elsewhere" / "plain", **changes)
    with pytest.raises(RecordError, match=told) as refused:
        merge(parts, tmp_path / "out")
    assert "nothing was merged" in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_the_same_files_read_to_other_numbers_are_refused(parts: list[Path], tmp_path: Path) -> None:
    table = parts[1] / "elsewhere" / "plain" / "metrics.csv"
    table.write_text(table.read_text().replace(",completed", ",diverged", 1))
    stamped(table.parent)
    with pytest.raises(RecordError, match=r"first/elsewhere/plain/metrics\.csv and .*read to other content"):
        merge(parts, tmp_path / "out")


def test_damage_links_and_an_arm_in_the_place_of_another_are_refused(parts: list[Path], tmp_path: Path) -> None:
    folder = parts[0] / "elsewhere" / "plain"
    folder.rename(folder.with_name("other"))
    with pytest.raises(RecordError, match=r"elsewhere/other/arm\.json: it is the record of elsewhere/plain; put"):
        merge(parts, tmp_path / "out")
    folder.with_name("other").rename(folder)
    (folder / "metrics.csv").write_text("arm\n")
    with pytest.raises(RecordError, match=r"metrics\.csv: missing, or not what was written; read it again"):
        merge(parts, tmp_path / "out")
    (folder / "metrics.csv").unlink()
    (folder / "metrics.csv").symlink_to("/etc/passwd")
    with pytest.raises(RecordError, match="neither a file nor a folder but a link"):
        merge(parts, tmp_path / "out")


def test_a_folder_without_runs_and_without_arms_is_named(parts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(RecordError, match="nothing: holds no runs"):
        merge([parts[0], tmp_path / "nothing"], tmp_path / "out")
