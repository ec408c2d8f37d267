"""Files of statistics or features as a reference: what they were made with, as they say or their user does."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from vigan.config.base import ConfigError
from vigan.evaluation.statistics import Made, Statistics
from vigan.features.base import Extractor
from vigan.io.files import RecordError
from vigan.metrics.frechet import Gaussian

UNKNOWN = "unknown"


class Stated(NamedTuple):
    """A reference file, and what its user says: its extractor, and of how many images it is ("unknown" will do)."""

    path: Path
    made_with: str | None
    made_of: str | None


def accepted(stated: Stated, extractor: Extractor, found: Statistics) -> Statistics:
    """The statistics of a file, with what it does not say itself.

    Raises ConfigError where nobody says it, or the user contradicts the file; RecordError for another extractor.
    """
    path, made, width = stated.path, found.made, found.gaussian.mean.size
    name = made.extractor or stated.made_with
    if name is None:
        raise ConfigError(
            f"{path}: does not say which extractor its {width} numbers are of; add --made-with, such as "
            f"{extractor.name}"
        )
    _check_told(path, "--made-with", stated.made_with, made.extractor)
    same_weights = made.weights_sha256 in (None, extractor.weights_sha256)
    if name != extractor.name or width != extractor.dimension or not same_weights:
        raise RecordError(
            f"{path}: {width} numbers an image, made with '{name}'{'' if same_weights else ' of other weights'}; "
            f"'{extractor.name}' gives {extractor.dimension}: name another --extractor or file"
        )
    if made.images is None and stated.made_of is None:
        raise ConfigError(f"{path}: does not say of how many images it is; add --made-of N, or --made-of {UNKNOWN}")
    told = _told(stated.made_of or UNKNOWN)
    _check_told(path, "--made-of", told, made.images)
    known = made.images or told
    gaussian = found.gaussian
    if known and not gaussian.n:
        gaussian = Gaussian(gaussian.mean, gaussian.covariance, known)
    return found._replace(gaussian=gaussian, made=Made(name, extractor.weights_sha256, known, made.resizing))


def _check_told(path: Path, option: str, told: object, known: object) -> None:
    """Raise ConfigError if an option says of a file what the file itself says otherwise."""
    if None not in (told, known) and told != known:
        raise ConfigError(f"{path}: {option} {told}, and the file says {known}; leave {option} out")


def _told(made_of: str) -> int | None:
    """A number of images as it is given, None where it is unknown. Raises ConfigError for what is neither."""
    if made_of == UNKNOWN:
        return None
    if not (made_of.isascii() and made_of.isdecimal() and int(made_of) >= 2):
        raise ConfigError(
            f"--made-of {made_of}: write the number of images in digits, such as --made-of 50000, or {UNKNOWN}"
        )
    return int(made_of)
