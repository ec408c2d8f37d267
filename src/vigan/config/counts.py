"""How many examples, and how many modes, a data set has: what its description alone tells."""

from __future__ import annotations

from vigan.config.datasets import DIGITS_OF, CelebA, Dataset, DataSource, Digits, Grid, ImageFolder, Ring, StackedDigits


def most_examples(dataset: Dataset) -> int | None:
    """Largest possible number of examples to train on, None where only the files tell."""
    most = most_in_all(dataset)
    return None if most is None else to_train_on(dataset, most)


def to_train_on(dataset: Dataset, count: int) -> int:
    """How many of `count` examples are left to train on."""
    return max(0, count - (dataset.held_out or 0))


def most_in_all(dataset: Dataset) -> int | None:
    """Largest possible number of examples with those that are kept from training, None where only the files tell."""
    match dataset:
        case Digits():
            return DIGITS_OF[dataset.origin]
        case CelebA():
            return min(filter(None, (dataset.limit, dataset.count)), default=None)
        case ImageFolder():
            return None
        case DataSource():
            return dataset.most()
        case _:
            return dataset.count


def modes_of(dataset: Dataset | None) -> int | None:
    """Number of modes of a data set, None where it is unknown."""
    match dataset:
        case Ring():
            return dataset.modes
        case Grid():
            return dataset.per_side**2
        case Digits():
            return 10
        case StackedDigits():
            return 1000
        case _:
            return None
