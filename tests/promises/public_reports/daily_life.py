"""Files, names, options and machines as people have them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import os
import xml.dom.minidom
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from studies import TINY

from vigan.cli.parser import main
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.data.load_images import open_gallery
from vigan.figures import layout, style
from vigan.io.locks import held

from . import Report


def _told(*arguments: str) -> tuple[int, str]:
    """Exit code and what standard error is told."""
    error, output = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(output):
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(str(ended.code))
    return code, error.getvalue()


def _is_refused_in_one_line(*arguments: str) -> bool:
    code, told = _told(*arguments)
    return code != 0 and told.count("\n") == 1 and "Traceback" not in told


def _images(folder: Path, count: int = 6) -> np.ndarray:
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number}.png")
    return images


@contextlib.contextmanager
def _without_locks(number: int) -> Iterator[None]:
    def flock(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", flock)
        yield


def _locked_without_locks(folder: Path) -> object:
    found = []
    for number in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
        with _without_locks(number), held(folder / "lock") as (_, locked):
            found.append(locked)
    return found


def _title_with_dollars(folder: Path) -> object:
    """The title that a figure has, as text of its SVG."""
    titles = ["$$", r"$\frac{", "from $5 to $6"]
    found = []
    for title in titles:
        figure = style.plt.figure(figsize=(6, 2))
        layout.add_heading(figure, title)
        with style.plt.rc_context({"svg.fonttype": "none"}):
            style.save(figure, folder / "figure.svg")
        page = xml.dom.minidom.parse(str(folder / "figure.svg"))
        texts = ["".join(part.data for part in node.childNodes) for node in page.getElementsByTagName("text")]
        found.append(title in texts)
    return found


def _all_of(path: Path) -> np.ndarray:
    return np.asarray(open_gallery(path)[:])


def _read_as_images(folder: Path) -> object:
    images = _images(folder / "images")
    np.savez(folder / "adm.npz", images)
    return np.array_equal(_all_of(folder / "adm.npz"), _all_of(folder / "images"))


def _read_of_any_type(folder: Path) -> object:
    """Images under suffixes that are seldom: what Pillow reads is read, by its content."""
    image = Image.new("RGB", (16, 16), (10, 20, 30))
    (folder / "images").mkdir()
    for name, kind in (("a.tif", "TIFF"), ("b.jfif", "JPEG"), ("c.JPE", "JPEG"), ("d.gif", "GIF"), ("e", "PNG")):
        image.save(folder / "images" / name, kind)
    (folder / "images" / "Thumbs.db").write_bytes(b"none")
    return _all_of(folder / "images").shape


def _measured_without_a_home(folder: Path) -> object:
    _images(folder / "images")
    (folder / "home").write_text("no folder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder / "home"))
        patch.delenv("VIGAN_CACHE", raising=False)
        patch.delenv("XDG_CACHE_HOME", raising=False)
        code, told = _told("evaluate", "--images", "images", "--reference", "images", "--threads", "1")
    return code, "VIGAN_CACHE" in told


def _names_of_yaml(folder: Path) -> object:
    (folder / "study.yaml").write_text(TINY.replace("plain: ", "off: ").replace("regularised:", "on:"))
    with pytest.raises(ConfigError) as caught:
        load_study(folder / "study.yaml")
    return 'put it in quotes if it is text ("off")' in str(caught.value)


def _subset_sizes(folder: Path) -> object:
    _images(folder / "a")
    words = ("evaluate", "--images", "a", "--reference", "a", "--threads", "1", "--samples")
    return [_is_refused_in_one_line(*words, number) for number in ("-5", "0", "7", "five")]


def _devices(folder: Path) -> object:
    _images(folder / "a")
    words = ("evaluate", "--images", "a", "--reference", "a", "--threads", "1", "--device")
    return [_is_refused_in_one_line(*words, device) for device in ("mps", "gpu", "meta", "cuda:99")]


def _deviation_of_one_subset(folder: Path) -> Any:
    features = np.random.default_rng(0).normal(size=(50, 8))
    np.save(folder / "a.npy", features)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        main(["metrics", "--real", "a.npy", "--fake", "a.npy"])
    return json.loads(output.getvalue())["kid_std"]


REPORTS = [
    Report("BOINC/boinc#1563", "flock fails on Lustre mounted without it", _locked_without_locks, [None] * 3),
    Report("rust-lang/cargo#3666", "a lock on a file system without locks", _locked_without_locks, [None] * 3),
    Report("matplotlib/matplotlib#20266", "dollars in a title are mathematics", _title_with_dollars, [True] * 3),
    Report("openai/guided-diffusion#148", "samples come as an npz with arr_0 alone", _read_as_images, True),
    Report("GaParmar/clean-fid#52", "only some types of image files are found", _read_of_any_type, (5, 3, 16, 16)),
    Report("cov-lineages/pangolin#533", "a home that cannot be written", _measured_without_a_home, (0, True)),
    Report("PyPSA/pypsa-eur#328", "a bare NO in YAML is false", _names_of_yaml, True),
    Report("toshas/torch-fidelity#45", "subset sizes that the data do not have", _subset_sizes, [True] * 4),
    Report("toshas/torch-fidelity#41", "a device that is not there", _devices, [True] * 4),
    Report("layer6ai-labs/dgm-eval#11", "the deviation of a single subset is no 0", _deviation_of_one_subset, None),
]
