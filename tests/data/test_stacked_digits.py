from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from vigan.config.datasets import Digits, Origin, StackedDigits, key
from vigan.data.digits import single_digits
from vigan.data.prepare import prepare
from vigan.data.store import Prepared, load
from vigan.metrics.modes import stacked_modes

STACKS = StackedDigits(source="stacked-digits", origin="sklearn", count=26_000)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("stacks")
    prepare(STACKS, folder)
    return load(folder, verify=True)


def triples(prepared: Prepared) -> np.ndarray:
    assert prepared.labels is not None
    return np.stack([prepared.labels // 100, prepared.labels // 10 % 10, prepared.labels % 10], axis=1)


def scans(origin: Origin) -> dict[bytes, tuple[int, int]]:
    """Number and digit of every scan, by its pixels."""
    singles = single_digits(origin, 32, Path())
    return {image.tobytes(): (at, int(singles.labels[at])) for at, image in enumerate(singles.images)}


def test_each_channel_is_a_whole_scan_of_its_decimal_place(stacks: Prepared) -> None:
    known = scans("sklearn")
    assert stacks.array.shape == (26_000, 3, 32, 32)
    for image, digits in zip(stacks.array[:500], triples(stacks)[:500], strict=True):
        assert [known[channel.tobytes()][1] for channel in image] == digits.tolist()


def test_all_triples_are_equally_likely_and_so_are_all_scans_of_a_digit(stacks: Prepared) -> None:
    scores = stacked_modes(triples(stacks))
    assert scores["modes"] == 1000
    assert scores["reverse_kl"] == pytest.approx(0.0192, abs=0.003)
    known = scans("sklearn")
    found = [known[channel.tobytes()] for channel in stacks.array.reshape(-1, 32, 32)]
    uses = np.bincount([at for at, _ in found], minlength=1797)
    expected = 7800 / np.bincount(list(dict(known.values()).values()))[list(dict(known.values()).values())]
    assert (np.abs(uses - expected) < 6 * np.sqrt(expected)).all()


def test_the_channels_of_one_image_are_drawn_apart(stacks: Prepared) -> None:
    first, second, third = np.asarray(stacks.array[:, :, ::4, ::4]).swapaxes(0, 1)
    for one, other in ((first, second), (first, third), (second, third)):
        assert (one == other).all(axis=(1, 2)).mean() < 0.005


def test_the_same_description_gives_the_same_bytes(stacks: Prepared, tmp_path: Path) -> None:
    assert prepare(STACKS, tmp_path) == stacks.manifest


def test_the_manifest_says_which_digits_were_stacked(stacks: Prepared) -> None:
    assert stacks.manifest["spec"] == {"source": "stacked-digits", "origin": "sklearn", "side": 32, "count": 26_000}
    assert stacks.manifest["preprocessing"].startswith("triples drawn uniformly from 1797 digits; 8x8 scans")
    assert "scikit-learn" in stacks.manifest["notes"][0]


def test_a_study_must_say_which_digits_are_stacked() -> None:
    with pytest.raises(ValidationError, match="origin"):
        StackedDigits.model_validate({"source": "stacked-digits"})
    with pytest.raises(ValidationError, match="'sklearn', 'mnist' or 'mnist-test'"):
        StackedDigits.model_validate({"source": "stacked-digits", "origin": "fashion"})


def test_digits_of_another_origin_have_folders_of_their_own() -> None:
    origins: list[Origin] = ["sklearn", "mnist", "mnist-test"]
    sets = [kind(source=source, origin=o) for kind, source in KINDS for o in origins]
    assert len({key(dataset) for dataset in sets}) == 6
    for dataset in sets:
        assert type(dataset).model_validate_json(dataset.model_dump_json()) == dataset


KINDS = [(Digits, "digits"), (StackedDigits, "stacked-digits")]


def test_scikit_learn_s_digits_keep_the_folder_they_had_before_there_was_a_choice() -> None:
    assert key(Digits(source="digits")) == key(Digits(source="digits", origin="sklearn")) == "digits-b7ad35a42c"
    assert Digits(source="digits").model_dump(mode="json") == {"source": "digits", "side": 32}


@pytest.mark.usefixtures("test_data")
def test_mnist_s_test_digits_are_stacked_with_their_own_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGAN_MNIST", raising=False)
    prepare(StackedDigits(source="stacked-digits", origin="mnist-test", count=300), tmp_path)
    prepared, known = load(tmp_path), scans("mnist-test")
    found = [[known[channel.tobytes()][1] for channel in image] for image in prepared.array]
    np.testing.assert_array_equal(found, triples(prepared))
