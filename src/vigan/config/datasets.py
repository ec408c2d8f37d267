"""The settings of a data set: its source, and the preprocessing that turns it into one array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, get_args

from pydantic import Field, SerializeAsAny, SerializerFunctionWrapHandler, model_serializer, model_validator

from vigan.config.base import Count, Strict, Words, plugged

Side = Literal[32, 64, 128, 256]
Origin = Literal["sklearn", "mnist", "mnist-test"]
"""Which handwritten digits: scikit-learn's 1,797 (8x8 scans, 17 grey levels), MNIST's 60,000 training digits or its
10,000 test digits (28x28). Where MNIST's files are is a setting of the machine: see `vigan.data.mnist.locate`."""

SCAN = 28
"""Pixels on a side of MNIST's scans, and of those of its like."""
DIGITS_OF: dict[Origin, int] = {"sklearn": 1797, "mnist": 60_000, "mnist-test": 10_000}
"""Number of digits by origin."""


class DatasetSettings(Strict):
    """Examples of any source, of which `held_out` random ones are kept from training, for protocols that ask for such.

    They are in no batch and no reference. The same ones are kept by every study, and are as many as the study says of
    the examples that `count` and `limit` speak of. Of stacked digits they share scans with others.
    """

    held_out: Count | None = None

    omitted: ClassVar[Mapping[str, Any]] = {"held_out": None}
    """Values that records leave out, so that digests and folders made before there was the field stay valid."""

    places: ClassVar[tuple[str, ...]] = ()
    """Fields that say where files lie, the first of them where most do: they are text, and in no record of a run."""

    @model_serializer(mode="wrap")
    def _record(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {k: v for k, v in dump(self).items() if k not in self.omitted or v != self.omitted[k]}


class Digits(DatasetSettings):
    """The handwritten digits of `origin`, each once, one channel.

    scikit-learn's scans are enlarged to `side`, MNIST's get a black margin.
    """

    source: Literal["digits"]
    side: Literal[32] = 32
    origin: Origin = "sklearn"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (1, self.side, self.side)

    omitted: ClassVar[Mapping[str, Any]] = {**DatasetSettings.omitted, "origin": "sklearn"}


class StackedDigits(DatasetSettings):
    """`count` random triples of the digits of `origin`, each triple the channels of one image.

    Channels 0, 1, 2 hold hundreds, tens and units; each is 0 to 9 with equal odds, so all 1,000 triples are equally
    frequent. The benchmark of Metz et al. 2017 (arXiv 1611.02163) and Srivastava et al. 2017 (arXiv 1705.07761); the
    sizes in use range from 50,000 upwards.
    """

    source: Literal["stacked-digits"]
    origin: Origin
    side: Literal[32] = 32
    count: Count = 50_000

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (3, self.side, self.side)


class Published(NamedTuple):
    """What is known of a published set of images: channels, classes, and how many there are of either part."""

    channels: int
    classes: int
    train: int
    test: int


TorchvisionName = Literal["CIFAR10", "CIFAR100", "FashionMNIST", "KMNIST", "MNIST", "SVHN"]
TORCHVISION: dict[TorchvisionName, Published] = {
    "CIFAR10": Published(3, 10, 50_000, 10_000),
    "CIFAR100": Published(3, 100, 50_000, 10_000),
    "FashionMNIST": Published(1, 10, 60_000, 10_000),
    "KMNIST": Published(1, 10, 60_000, 10_000),
    "MNIST": Published(1, 10, 60_000, 10_000),
    "SVHN": Published(3, 10, 73_257, 26_032),
}
"""Data sets of torchvision with images of 28 or 32 pixels, by their names there."""


class Torchvision(DatasetSettings):
    """The images and labels of a data set of torchvision, by its `name` there; 28x28 ones get a black margin.

    Where its files are is the machine's business: see `vigan.data.torchvision_sets`.
    """

    source: Literal["torchvision"]
    name: TorchvisionName
    part: Literal["train", "test"] = "train"
    side: Literal[32] = 32

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (TORCHVISION[self.name].channels, self.side, self.side)

    @property
    def count(self) -> int:
        """How many images there are."""
        known = TORCHVISION[self.name]
        return known.train if self.part == "train" else known.test


CELEBA_COUNT = 202_599
"""Number of images in CelebA."""


class CelebA(DatasetSettings):
    """Aligned CelebA faces: centre crop of `crop` pixels, resized to `side`, three channels.

    `crop` 108 belongs to the official 178x218 files, 54 to half-size copies. `resize` is "antialias" (Pillow's
    bicubic) or "released" (TensorFlow 1's bicubic, no antialiasing). `limit` takes the first files by name only;
    `count` is how many there must be.
    Where the files are is a setting of the machine, not of the study: see `vigan.data.celeba.locate`.
    """

    source: Literal["celeba"]
    side: Side = 64
    crop: Annotated[int, Field(ge=8, le=178)] = 108
    resize: Literal["antialias", "released"] = "antialias"
    limit: Count | None = None
    count: Count | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (3, self.side, self.side)


class ImageFolder(DatasetSettings):
    """Every image below `path`, centre-cropped to a square, resized (antialiased bicubic) to `side`.

    Records of runs do not say where: images are identified by their content, not by their place.
    """

    source: Literal["folder"]
    path: Words
    side: Side = 64
    channels: Literal[1, 3] = 3

    places: ClassVar[tuple[str, ...]] = ("path",)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (self.channels, self.side, self.side)


class Ring(DatasetSettings):
    """`count` draws from `modes` equal Gaussians of deviation `std` on a circle of radius `radius`."""

    source: Literal["ring"]
    modes: Annotated[int, Field(ge=1, le=1_000_000)] = 8
    radius: Annotated[float, Field(gt=0)] = 2.0
    std: Annotated[float, Field(gt=0)] = 0.02
    count: Count = 100_000

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: two coordinates."""
        return (2,)


class Grid(DatasetSettings):
    """`count` draws from per_side x per_side equal Gaussians, `spacing` apart, centred on the origin."""

    source: Literal["grid"]
    per_side: Annotated[int, Field(ge=1, le=1000)] = 5
    spacing: Annotated[float, Field(gt=0)] = 2.0
    std: Annotated[float, Field(gt=0)] = 0.05
    count: Count = 100_000

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: two coordinates."""
        return (2,)


class DataSource(DatasetSettings, ABC):
    """A source that a plug-in adds: its fields are the keys of a data set in a study, `source: Literal["name"]` one.

    Images have 1 or 3 channels and a side of 32, 64, 128 or 256, points two coordinates. What is prepared is identified
    by these keys and by the plug-in's code; by the contents of its `source_files` in the place of keys that `places`
    names.
    """

    source: Any

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side), or (2,)."""

    @abstractmethod
    def source_data(self) -> Any:
        """The examples, uint8 images or float32 points, as a `vigan.data.source.SourceData`.

        Called when the data set is prepared.
        """

    def most(self) -> int | None:
        """How many examples there are, None where only the files tell."""
        return None

    def source_files(self) -> Sequence[Path | str]:
        """The files that `source_data` reads, in any order: other contents are then another data set.

        Nothing, or an OSError, where they are not there.
        """
        return ()

    @model_validator(mode="after")
    def _told_by_files(self) -> DataSource:
        if self.places and type(self).source_files is DataSource.source_files:
            raise ValueError(f"'{self.source}' leaves '{self.places[0]}' out of records: it needs source_files()")
        return self

    @model_validator(mode="after")
    def _drawable(self) -> DataSource:
        match self.shape:
            case (2,):
                return self
            case (1 | 3, int(height), int(width)) if height == width and height in get_args(Side):
                return self
        raise ValueError(f"shape {self.shape} is neither (2,) nor (1 or 3, side, side) with a side of {get_args(Side)}")


SOURCES: dict[str, type[DataSource]] = {}
"""Those of plug-ins: see `vigan.config.plugins`."""

if TYPE_CHECKING:
    Dataset = Digits | StackedDigits | Torchvision | CelebA | ImageFolder | Ring | Grid | DataSource
else:
    Dataset = Annotated[
        Digits | StackedDigits | Torchvision | CelebA | ImageFolder | Ring | Grid,
        Field(discriminator="source"),
        plugged("source", SOURCES),
        SerializeAsAny(),
    ]


def modules(dataset: Dataset) -> tuple[str, ...]:
    """Modules that preparing imports by name: those of plug-ins."""
    return (type(dataset).__module__,) if isinstance(dataset, DataSource) else ()


ANYWHERE = "anywhere"
"""Stands for a path where none is meant."""


def framed_side(dataset: Dataset) -> int:
    """Pixels on a side of the images that a data set puts into a black frame; that of its examples, if none."""
    scans = isinstance(dataset, Digits | StackedDigits) and dataset.origin != "sklearn"
    published = isinstance(dataset, Torchvision) and dataset.shape[0] == 1
    return SCAN if scans or published else dataset.shape[-1]


def without_place(dataset: Dataset) -> Dataset:
    """The data set, wherever its files lie: a path decides no number."""
    return dataset.model_copy(update=dict.fromkeys(dataset.places, ANYWHERE)) if dataset.places else dataset


def key(dataset: Dataset) -> str:
    """Folder name of a prepared data set: its source and a digest of its description.

    Where the files that it is made from are at hand, `vigan.data.identity` identifies it by their content, too.
    """
    return f"{dataset.source}-{dataset.digest[:10]}"
