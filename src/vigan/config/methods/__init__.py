"""The family of models that Su (2018) derives from one principle: one file each, none imports torch.

A file is named after its kind in an arm's `model`, and its class is that name capitalised. Its losses are in the file
of the same name in `vigan.objectives`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field, SerializeAsAny

from vigan.config.base import plugged
from vigan.config.methods.base import Method


def _declared(kind: str) -> type[Method]:
    return getattr(importlib.import_module(f"{__name__}.{kind}"), kind.capitalize())


METHODS = {kind: _declared(kind) for kind in sorted({file.name for file in pkgutil.iter_modules(__path__)} - {"base"})}
"""Every model's class by its kind: the files of this folder."""

PLUGGED: dict[str, type[Method]] = {}
"""Those of plug-ins: see `vigan.config.plugins`."""

DEFAULT = METHODS["gan"](kind="gan")
"""The model of an arm that names none. Records omit it, too, so existing digests stay valid."""

if TYPE_CHECKING:
    Model = Method
else:
    Model = Annotated[
        Union[tuple(METHODS.values())],  # noqa: UP007
        Field(discriminator="kind"),
        plugged("kind", PLUGGED),
        SerializeAsAny(),
    ]
