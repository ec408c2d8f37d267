"""Makes times on disk say what stamps say, before Snakemake, which goes by times where it has no memory of its own.

Results that were copied have the times of the copying, in any order; those of an earlier plan, of another study file or
of other code may have times in the right order and still be outdated.
"""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from vigan.config.base import digest_of
from vigan.config.datasets import Dataset, modules, without_place
from vigan.config.elsewhere import Samples, Table
from vigan.data.store import fingerprint
from vigan.elsewhere.files import is_at_hand, place_of
from vigan.errors import say
from vigan.evaluation.code import protocol_code, protocol_versions
from vigan.evaluation.origin import of_measurement, read_floor, reference_identity
from vigan.io.elsewhere_record import METRICS, RECORD, SAMPLES, ElsewhereFiles, read_first_rules, write_first_rules
from vigan.io.files import RecordError, read_json, write_text
from vigan.io.run_record import MEASURED, RunFiles, read_run
from vigan.io.stamp import read_stamp, stale, unsealed
from vigan.io.times import bring_to_now, set_times
from vigan.layout import Layout
from vigan.provenance import stage_digest
from vigan.stages.made_from import files_of, first_files, of_figure, of_import, of_page, of_pictures, of_tables

SECOND = 10**9


class Product(NamedTuple):
    """What a rule makes of what, and whether it is what would be made today.

    `known` are words of what Snakemake is told of its making: where it remembers other ones, it remembers something
    else in the place of what is fresh. With `lacks_inputs` some of what it is made of is away, which is no reason to
    make it again.
    """

    outputs: Sequence[Path]
    inputs: Sequence[Path]
    is_fresh: Callable[[], bool]
    known: Sequence[str] = ()
    lacks_inputs: bool = False


def settle(
    layout: Layout,
    lists: Sequence[Path],
    templates: Sequence[Path],
    forget: Callable[[Sequence[Path], Sequence[str]], object] = lambda outputs, unless: None,  # noqa: ARG005
) -> None:
    """Make every output that is what would be made today no older than what it was made of, and every other older.

    Only times are changed, and only where they say otherwise or are yet to come. What is missing, or would be made of
    what is missing, is left to Snakemake. It remembers what was made of which content, by which code, and goes by that
    before it goes by times: `forget` is called with outputs that are not what would be made today; and with those that
    are, which may have been copied over others, and the words that it should remember of them.
    """
    for dataset in layout.study.datasets.values():
        _describe(layout, dataset)
    for arm in layout.elsewhere_files():
        _keep_first_rules(arm)
    for product in _products(layout, lists, templates):
        inputs, outputs = _times(product.inputs), _times(product.outputs)
        if not outputs:
            continue
        fresh = _is_fresh(product)
        if inputs:
            _order(product, min(outputs), max(inputs), fresh=fresh)
        if fresh and (product.known or product.lacks_inputs):
            forget(product.outputs, product.known)
        elif not fresh and inputs:
            forget(product.outputs, ())


def _order(product: Product, oldest: int, newest: int, *, fresh: bool) -> None:
    """Make outputs, the oldest and inputs being of these times, no older than inputs if they are fresh, else older."""
    left: list[Path] = []
    if fresh and oldest < newest:
        left = set_times(product.outputs, newest, or_now=True)
    elif not fresh and oldest >= newest:
        left = set_times(product.outputs[:1], newest - SECOND)
    for path in left:
        what = "up to date, and Snakemake will make it again" if fresh else "outdated, and Snakemake will keep it"
        say(f"warning: {path}: its time cannot be set, for it is somebody else's; it is {what}", sys.stderr)


def _describe(layout: Layout, dataset: Dataset) -> None:
    """Write the description of a data set that other code prepared: what is older than that is prepared again.

    Nothing else that lies here could make Snakemake do so. While it is fresh it gets none: a new input would make
    Snakemake, where it remembers the old ones, prepare it again, and train all.
    """
    path, manifest = layout.description(dataset), layout.data(dataset) / "manifest.json"
    if path.exists() or not manifest.exists() or _is_prepared(dataset, manifest):
        return
    try:
        write_text(path, without_place(dataset).model_dump_json(indent=2) + "\n")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        say(
            f"warning: {manifest.parent}: other code prepared it, and it cannot be written ({error.strerror})",
            sys.stderr,
        )


def _keep_first_rules(arm: ElsewhereFiles) -> None:
    """Keep them of an arm that an earlier version read, which had them in its record alone: a job may remove that."""
    if read_first_rules(arm.folder) is None:
        with contextlib.suppress(RecordError, OSError):
            write_first_rules(arm.folder, arm.last_record().rules)


def _is_prepared(dataset: Dataset, manifest: Path) -> bool:
    """Whether a manifest is there and is what today's code writes."""
    try:
        return unsealed(read_json(manifest))["code_sha256"] == stage_digest("prepare", modules(dataset))
    except (RecordError, OSError, ValueError, TypeError, KeyError):
        return False


def _is_fresh(product: Product) -> bool:
    try:
        return product.is_fresh()
    except (RecordError, OSError, ValueError, LookupError, TypeError, AttributeError):  # what is damaged is not fresh
        return False


def _times(paths: Sequence[Path]) -> list[int]:
    """When files were written, none of them later than now; nothing where one of them is not there.

    0 is a time, to which archives may set all files.
    """
    times = bring_to_now(paths)
    return [] if None in times else [time for time in times if time is not None]


def _products(layout: Layout, lists: Sequence[Path], templates: Sequence[Path]) -> Iterator[Product]:
    """Everything that is made of something, what is made first before what is made of it."""
    for dataset in layout.study.datasets.values():
        manifest = layout.data(dataset) / "manifest.json"
        made = [manifest, manifest.with_name("array.npy")]
        code = stage_digest("prepare", modules(dataset))
        yield Product(made, [layout.description(dataset)], partial(_is_prepared, dataset, manifest), [code])
    for dataset, protocol in layout.study.measured():
        yield _reference(layout, dataset, protocol)
    runs = layout.run_files()
    for run in runs:
        yield from _run(layout, run)
    for arm in layout.elsewhere_files():
        yield _imported(layout, arm)
    yield _tables(layout)
    yield from _pictures(layout)
    yield _page(layout, lists, templates)


def _reference(layout: Layout, name: str, protocol: Any) -> Product:
    dataset = layout.study.datasets[name]
    path, manifest = layout.reference(dataset, protocol), layout.data(dataset) / "manifest.json"
    code = protocol_code("reference", [protocol])

    def is_fresh() -> bool:
        data = fingerprint(read_json(manifest))
        wanted = {
            "data_sha256": data,
            "protocol": protocol.name,
            "code_sha256": code,
            "versions": protocol_versions(protocol),
        }
        return reference_identity(read_floor(path.with_suffix(".json"))) == reference_identity(wanted)

    known = [reference_params(protocol), str(manifest)]
    return Product([path.with_suffix(".json"), path], [manifest], is_fresh, known)


def reference_params(protocol: Any) -> str:
    """Digest of the code that measures the real data by a protocol, and of versions of the libraries under it."""
    return digest_of([protocol_code("reference", [protocol]), protocol_versions(protocol)])


def evaluation_params(protocols: Sequence[Any]) -> list[str]:
    """What of its protocols decides the numbers of a run."""
    return [f"{protocol.name}, redraws {protocol.redraws}" for protocol in protocols]


def _run(layout: Layout, run: RunFiles) -> Iterator[Product]:
    """What is trained, and what is measured of it."""
    study, arm = layout.study, run.spec.name
    folder, dataset = run.folder, study.dataset_of(arm)
    manifest, references = layout.data(dataset) / "manifest.json", layout.references(arm)
    record, snapshots = folder / "run.json", folder / "snapshots"
    trains, measures = stage_digest("train", run.spec.arm.modules), protocol_code("evaluate", references)

    def is_trained() -> bool:
        made_from = read_run(record, run.spec).made_from
        data = {"data": fingerprint(read_json(manifest))} if manifest.exists() else {}
        return made_from == {**made_from, **data, "code": trains} and (
            bool(data) or made_from["data"] not in _elsewhere(manifest)
        )

    def is_measured() -> bool:
        kept = {p.name: reference_identity(read_floor(path.with_suffix(".json"))) for p, path in references.items()}
        wanted = of_measurement(read_run(record, run.spec), list(references), kept, measures)
        return read_stamp(folder / MEASURED, "").made_from == wanted

    inputs = [path for path in (layout.spec(arm), manifest, manifest.with_name("array.npy")) if path.exists()]
    yield Product([record, folder / "telemetry.csv", snapshots], inputs, is_trained, [trains, str(manifest)])
    outputs = [folder / name for name in (MEASURED, "metrics.csv", "noise.csv", "samples.npz")]
    known = [measures, *evaluation_params(study.protocols_of(arm)), *map(str, references.values())]
    yield Product(outputs, [record, snapshots, *references.values()], is_measured, known)


def _elsewhere(manifest: Path) -> set[str]:
    """Digests of the data sets that are prepared beside one that is not: what was trained on them is not of today's."""
    found = set[str]()
    for path in manifest.parents[1].glob("*/manifest.json"):
        with contextlib.suppress(RecordError, OSError, ValueError, LookupError, TypeError, AttributeError):
            found |= {fingerprint(read_json(path))} if path != manifest else set()
    return found


def _imported(layout: Layout, arm: ElsewhereFiles) -> Product:
    """What was read of an arm from elsewhere."""

    def is_fresh() -> bool:
        return arm.stamp().made_from == of_import(layout, arm)

    outputs, place = [arm.folder / MEASURED, *arm.written], place_of(arm.arm)
    has_inputs = isinstance(arm.arm.origin, Table | Samples) or place.suffix == ".log"
    away = has_inputs and not is_at_hand(arm.arm)
    return Product(outputs, import_inputs(layout, arm), is_fresh, lacks_inputs=away)


def import_inputs(layout: Layout, arm: ElsewhereFiles) -> list[Path]:
    """What Snakemake knows of that an arm from elsewhere is made of: a single file, and references.

    Of whole folders a digest tells (`made_from.of_import`), and of a file whose path has braces: these are wildcards.
    Nothing, where its files are away: what was read of them stands.
    """
    place = place_of(arm.arm)
    if not is_at_hand(arm.arm):
        return []
    own = [place] if place.is_file() and not set("{}") & set(str(place)) else []
    return own + (list(layout.references(arm.name).values()) if isinstance(arm.arm.origin, Samples) else [])


def _tables(layout: Layout) -> Product:
    names = ("run.json", "telemetry.csv", "metrics.csv", MEASURED)
    inputs = [run.folder / name for run in layout.run_files() for name in names]
    inputs += [arm.folder / name for arm in layout.elsewhere_files() for name in (MEASURED, RECORD, METRICS)]
    outputs = [layout.stamp("tables"), *layout.all_tables().values(), *layout.raw_files()]
    return _stamped(layout, "tables", outputs, [*inputs, *(path for _, path in layout.floors())], of_tables)


def _pictures(layout: Layout) -> Iterator[Product]:
    tables = [layout.stamp("tables"), *layout.all_tables().values()]
    for (kind, name), path in layout.all_figures().items():
        samples = layout.first_samples(name) if kind == "samples" else []
        yield _stamped(layout, path.name, [path], [*tables, *samples], of_figure)
    for name in layout.all_frames():
        made_from = partial(of_pictures, files=files_of(layout, name))
        for path in (layout.frames(name), layout.contact(name)):
            yield _stamped(layout, path.name, [path], layout.samples(name), made_from)
    for arms, path in layout.all_movies().items():
        shown = first_files(layout, arms)
        samples = [one.folder / SAMPLES for one in shown]
        yield _stamped(layout, path.name, [path], samples, partial(of_pictures, files=shown))


def _page(layout: Layout, lists: Sequence[Path], templates: Sequence[Path]) -> Product:
    pictures = [*layout.all_figures().values(), *layout.all_frames().values()]
    inputs = [*layout.all_tables().values(), *pictures, *lists, *(layout.stamp(path.name) for path in pictures)]
    outputs = [layout.report, *layout.all_table_pages().values()]
    return _stamped(layout, layout.report.name, outputs, inputs, partial(of_page, files=lists, templates=templates))


def _stamped(
    layout: Layout,
    name: str,
    outputs: Sequence[Path],
    inputs: Sequence[Path],
    made_from: Callable[[Layout], dict[str, str]],
) -> Product:
    path = layout.stamp(name)

    def is_fresh() -> bool:
        return stale(path, read_stamp(path, "").made_from, made_from(layout), "") is None

    return Product([path, *outputs], inputs, is_fresh)
