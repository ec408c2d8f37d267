"""The list of deviations: what the article says, what the released code does, what is done here, and the effect.

Only an entry that claims no measured effect may leave `tests` empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from vigan.config.base import Strict, Text, read_checked

NOT_MEASURED = "not measured"
TestName = Annotated[str, Field(pattern=r"^tests/[a-z0-9_/]+\.py::test_\w+$")]

_PREAMBLE = """\
# Deviations

What the article says, what its released code does, what is done here where the two differ or leave a choice, and
whether that can move a number. Made from `config/deviations.yaml` by `vigan deviations`.

The article is arXiv 1807.05936; "nothing noted" means that our notes of it hold nothing on the topic. The released
code is the folder `vgan/` of github.com/bojone/gan; line numbers are those of celeba_dcgan_with_regularization.py at
commit 1ac3d43, celeba_dcgan_no_BN_with_regularization.py at 0ed8ca1, celeba_dcgan_no_BN_without_regularization.py at
305bf41, models_64x64_no_BN.py at 2eb97d1 and utils.py at 4525c71. "Protocol trace" means that a recording of the
author's own graph shows it: see `vigan verify-trace`.
"""


class Deviation(Strict):
    """One deviation or clarification. `moves_numbers` is quoted in YAML, where a bare yes is a truth value."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    topic: Text
    article: Text
    released: Text
    ours: Text
    moves_numbers: Literal["yes", "no", "unknown"]
    effect: Text
    tests: Annotated[tuple[TestName, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _held(self) -> Deviation:
        if not self.tests and self.moves_numbers != "unknown" and self.effect != NOT_MEASURED:
            raise ValueError(f"'{self.id}' claims a known effect, so it needs 'tests' that hold it")
        return self


class _File(Strict):
    deviations: Annotated[tuple[Deviation, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> _File:
        ids = [deviation.id for deviation in self.deviations]
        for name in ids:
            if ids.count(name) > 1:
                raise ValueError(f"id '{name}' is given twice")
        return self


def load_deviations(path: Path) -> tuple[Deviation, ...]:
    """Entries of a YAML file, in its order. Raises ConfigError: one line with the file, the line and what is wrong."""
    return read_checked(path, _File, list(Deviation.model_fields)).deviations


def as_markdown(deviations: Sequence[Deviation]) -> str:
    """A page: an overview table, then one section an entry."""
    overview = ["| topic | can move a number | tests |", "|---|---|---|", *map(_row, deviations)]
    return "\n".join([_PREAMBLE, *overview, "", *map(_section, deviations)])


def _row(entry: Deviation) -> str:
    return f"| [{entry.topic}](#{entry.id}) | {entry.moves_numbers} | {len(entry.tests)} |"


def _section(entry: Deviation) -> str:
    held = ", ".join(f"`{name}`" for name in entry.tests) or "no test"
    return f"""\
<a id="{entry.id}"></a>
## {entry.topic}

- **Article.** {entry.article}
- **Released code.** {entry.released}
- **Here.** {entry.ours}
- **Can it move a number?** {entry.moves_numbers.capitalize()}. Effect: {entry.effect.rstrip(".")}.
- **Held by.** {held}
"""
