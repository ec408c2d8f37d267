"""YAML that does not mean what it seems to say, and files that are bombs: refused in one line, soon."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.yaml_text import YamlError, parse

RING = """\
study: ring
title: A ring
seeds: [0]
datasets: {ring: {source: ring, count: 3000}}
experiments:
  circle:
    title: A ring
    dataset: ring
    iterations: 60
    snapshots: 3
    protocols: [{kind: toy-modes, samples: 500}]
    shared: {network: {kind: mlp, width: 16}, reading: released, d_batches: 1, g_batches: 1, batch_size: 32}
    arms: {plain: {lambda_sum: 0.0}, regularised: {lambda_sum: 1.0}}
"""
SECONDS, MEGABYTES = 5, 500
NUMBERS = [*range(1000)]
SWEEP = "sweep: {name: %s, g_batches: %s, lambda_sum: [0.0]}"


def changed(old: str, new: str) -> str:
    assert old in RING
    return RING.replace(old, new, 1)


def refused(text: str, tmp_path: Path) -> str:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(ConfigError) as caught:
        load_study(tmp_path / "study.yaml")
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


RIDDLES = [
    ("plain:", "off:", "line 13: the name off is read as YAML's bool"),
    ("plain:", "on:", "the name on is read"),
    ("plain:", "1:", "the name 1 is read"),
    ("plain:", "010:", "the name 010 is read"),
    ("plain:", "null:", "the name null is read"),
    ("plain:", "2020-01-01:", "the name 2020-01-01 is read"),
    ("seeds: [0]", "seeds: [010, 011]", "line 3: 010 is read as YAML's int"),
    ("seeds: [0]", "seeds: [0x10]", "0x10 is read"),
    ("iterations: 60", "iterations: 1:20", "line 9: 1:20 is read"),
    ("lambda_sum: 1.0", "lambda_sum: 1:20.5", "1:20.5 is read"),
    ("title: A ring\nseeds", "title: no\nseeds", "line 2: no is read as YAML's bool"),
    ("title: A ring\nseeds", "title: 2020-01-01\nseeds", "line 2: 2020-01-01 is read"),
]


@pytest.mark.parametrize(("old", "new", "told"), RIDDLES, ids=str)
def test_what_yaml_reads_otherwise_is_refused_with_the_quotes_to_write(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    message = refused(changed(old, new), tmp_path)
    assert told in message
    assert "put it in quotes" in message


@pytest.mark.parametrize("name", ["off", "on", "1", "010", "null", "nan", "true", "007", "1e5", "na"])
def test_in_quotes_any_name_is_a_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(changed("plain:", f'"{name}":'))
    assert list(load_study(tmp_path / "study.yaml").experiments["circle"].arms) == [name, "regularised"]


@pytest.mark.parametrize("title", ["a\\x01b", "a\\nb", "a\\0", "\\e[31mred", "\\ud800", "\\u202e", "  ", ""])
def test_a_title_that_cannot_be_shown_is_refused(title: str, tmp_path: Path) -> None:
    assert "title: " in refused(changed("title: A ring\nseeds", f'title: "{title}"\nseeds'), tmp_path)


def laughs(depth: int, written: str) -> str:
    """Entries of which each holds nine times the one before."""
    lines = [f"a0: &a0 {written}"]
    for level in range(1, depth):
        last = ", ".join([f"*a{level - 1}"] * 9)
        entry = {"[": f"[{last}]", "{": f"{{<<: [{last}]}}"}[written[0]]
        lines.append(f"a{level}: &a{level} {entry}")
    return "\n".join(lines) + "\n" + RING


BOMBS = {
    "lists of lists": laughs(10, "[lol]"),
    "nested merges": laughs(9, "{x: lol, y: lol}"),
    "lists as a title": laughs(10, "[lol]").replace("title: A ring\nseeds", "title: *a9\nseeds"),
    "an alias within itself": "a: &a [*a]\n" + RING,
    "a mapping within itself": "a: &a {b: *a}\n" + RING,
    "million brackets": "title: " + "[" * 10**6,
    "thousand brackets": changed("title: A ring\nseeds", "title: " + "[" * 3000 + "]" * 3000 + "\nseeds"),
    "many digits": changed("seeds: [0]", "seeds: [1" + "0" * 5000 + "]"),
    "many hexadecimal digits": changed("seeds: [0]", "seeds: [0x1" + "0" * 5000 + "]"),
    "a seed beyond 64 bits": changed("seeds: [0]", f"seeds: [{2**63}]"),
    "million seeds": changed("seeds: [0]", f"seeds: [{','.join(map(str, range(10**6)))}]"),
    "twenty thousand seeds": changed("seeds: [0]", f"seeds: [{','.join(map(str, range(20_000)))}]"),
    "ten million snapshots": changed("snapshots: 3", "snapshots: 10000000").replace("ions: 60", "ions: 10000000"),
    "endless iterations": changed("iterations: 60", "iterations: 1000000000000000000"),
    "attribute in a sweep": changed("arms:", SWEEP % ('"k{g_batches.x}"', "[1, 2]") + "\n    arms:"),
    "index in a sweep": changed("arms:", SWEEP % ('"k{g_batches[x]}"', "[1, 2]") + "\n    arms:"),
    "width in a sweep": changed("arms:", SWEEP % ('"k{g_batches:>2000000000}"', "[1, 2]") + "\n    arms:"),
    "class in a sweep": changed("arms:", SWEEP % ('"k{g_batches.__class__}"', "[1, 2]") + "\n    arms:"),
    "billion arms": changed(
        "arms:", f"sweep: {{name: x, g_batches: {NUMBERS}, d_batches: {NUMBERS}, batch_size: {NUMBERS}}}\n    arms:"
    ),
    "huge count": changed("count: 3000", "count: 1000000000000"),
    "million modes": changed("count: 3000", "count: 3000, modes: 100000000"),
    "long title": changed("title: A ring\nseeds", f"title: {'x' * 400_000}\nseeds"),
    "many unknown keys": "".join(f"k{number}: 1\n" for number in range(20_000)) + RING,
    "long unknown key": "k" * 100_000 + ": 1\n" + RING,
}  # fmt: skip

LIMITED = """\
import resource, sys
from pathlib import Path
from vigan.config.base import ConfigError
from vigan.config.load import load_study
before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
try:
    load_study(Path(sys.argv[1]))
    told = "accepted"
except ConfigError as error:
    told = str(error)
used = resource.getrusage(resource.RUSAGE_SELF)
status = Path("/proc/self/status")  # ru_maxrss begins at that of the process that started this one
lines = status.read_text().splitlines() if status.exists() else []
peak = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), used.ru_maxrss)
print(len(told.splitlines()), used.ru_utime - before, peak, told[-300:])
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_one_line_soon_and_in_little_room(name: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(BOMBS[name])
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "study.yaml")], capture_output=True, text=True, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)),
    )  # fmt: skip
    lines, seconds, kilobytes, told = ran.stdout.split(" ", 3)
    assert int(lines) == 1, told
    assert float(seconds) < SECONDS
    assert int(kilobytes) < 1000 * MEGABYTES
    assert told != "accepted\n"


def test_aliases_and_merges_of_a_common_size_are_read() -> None:
    text = "base: &base {a: 1, b: [x, y]}\none: {<<: *base, a: 2}\ntwo: *base\n"
    base = {"a": 1, "b": ["x", "y"]}
    assert parse(text)[0] == {"base": base, "one": {**base, "a": 2}, "two": base}


def test_text_that_is_too_long_is_not_parsed() -> None:
    with pytest.raises(YamlError, match=re.escape("at most 524288 are read")):
        parse("x" * 600_000)
