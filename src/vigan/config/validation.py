"""Consistency checks between the parts of a study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vigan.config.arms import Arm, Dcgan
from vigan.config.base import nearest
from vigan.config.claims import (
    Claim,
    Collapse,
    Measured,
    OneShare,
    PairedMean,
    Reach,
    TestedClaim,
    Untested,
    arms_of,
    event_of,
)
from vigan.config.counts import modes_of, most_examples
from vigan.config.datasets import Dataset
from vigan.config.elsewhere import Samples
from vigan.config.experiment import Experiment, Protocol
from vigan.config.rule_limits import check_claim_rule, check_event_rule, check_stated
from vigan.protocols.base import IMAGES, POINTS
from vigan.protocols.registry import METRICS


def check_experiments(experiments: Mapping[str, Experiment], datasets: Mapping[str, Dataset]) -> None:
    """Raise ValueError unless arm names are unique, and every data set exists and fits its networks and protocols."""
    seen: dict[str, str] = {}
    for name, experiment in experiments.items():
        if experiment.dataset is not None and experiment.dataset not in datasets:
            raise ValueError(
                f"experiment '{name}' uses unknown dataset '{experiment.dataset}'"
                + nearest(experiment.dataset, list(datasets))
            )
        for arm in experiment.names:
            if arm in seen:
                raise ValueError(f"arm '{arm}' is named in both '{seen[arm]}' and '{name}'")
            seen[arm] = name
        if experiment.baseline is not None and experiment.baseline not in experiment.names:
            hint = nearest(experiment.baseline, experiment.names)
            raise ValueError(f"experiment '{name}': 'baseline' is no arm of it: '{experiment.baseline}'{hint}")
        _check_elsewhere(name, experiment)
        if experiment.dataset is not None:
            _check_fit(name, experiment, experiment.dataset, datasets[experiment.dataset])
        _check_rules(f"experiment '{name}'", experiment, modes_of(datasets.get(experiment.dataset or "")))
    _check_stated_once(experiments)


def _check_stated_once(experiments: Mapping[str, Experiment]) -> None:
    """Raise ValueError if real data have two values by one protocol, which tables and figures would mix up."""
    known: dict[tuple[str, str, str], tuple[str, float]] = {}
    for name, experiment in experiments.items():
        for protocol in experiment.protocols:
            for metric, value in protocol.real:
                other, stated = known.setdefault((experiment.data_name(name), protocol.name, metric), (name, value))
                if stated != value:
                    raise ValueError(
                        f"experiment '{name}': by '{protocol.name}', '{metric}' of the same real data is {value}, "
                        f"and {stated} in '{other}'; tell the two protocols apart by 'called'"
                    )


def _check_rules(who: str, experiment: Experiment, modes: int | None) -> None:
    for rule in filter(None, (experiment.collapse, experiment.reach)):
        _check_measured(who, rule, experiment)
        _check_real(who, rule, experiment)
        check_event_rule(who, rule, experiment, modes)
    for protocol in experiment.protocols:
        check_stated(who, protocol, modes)


def _check_elsewhere(name: str, experiment: Experiment) -> None:
    """Raise ValueError unless what is trained or measured here has a data set, and what is read a way to be called."""
    measured = [protocol for protocol in experiment.protocols if protocol.definition.measured]
    if experiment.dataset is None and (experiment.arms or measured):
        raise ValueError(f"experiment '{name}': 'dataset' is missing: name what is trained on, or measured against")
    if experiment.arms and not measured:
        raise ValueError(f"experiment '{name}': 'protocols' measures nothing of the arms that are trained here")
    names = [protocol.name for protocol in experiment.protocols]
    if twice := next((one for one in names if names.count(one) > 1), None):
        raise ValueError(f"experiment '{name}': protocol '{twice}' stands there twice; tell them apart by 'called'")
    for arm, row in experiment.elsewhere.items():
        if isinstance(row.origin, Samples):
            if not measured:
                raise ValueError(f"arm '{arm}': samples are measured here, and 'protocols' names nothing that measures")
            if of_runs := next((one.kind for one in measured if one.definition.input != "samples"), None):
                raise ValueError(f"arm '{arm}': '{of_runs}' measures networks of a run, and it has samples alone")
        else:
            _check_read(f"arm '{arm}'", row.origin.protocol, experiment)


def _check_read(who: str, protocol: str | None, experiment: Experiment) -> None:
    read = [one.name for one in experiment.protocols if not one.definition.measured]
    if protocol is None and len(read) != 1:
        names = " or ".join(f"'protocol: {name}'" for name in read)
        write = f"{names} beside its path" if read else "a {kind: elsewhere} among 'protocols'"
        raise ValueError(f"{who}: its numbers may not say by which protocol they were measured: write {write}")
    if protocol is not None and experiment.protocol_of(protocol) is None:
        raise ValueError(f"{who}: no protocol '{protocol}'" + nearest(protocol, [p.name for p in experiment.protocols]))


def _check_real(who: str, rule: Collapse | Reach, experiment: Experiment) -> None:
    """Raise ValueError if a rule compares with real data that nobody measures and the study does not state."""
    protocol = experiment.protocol_of(rule.protocol)
    assert protocol is not None
    compares = isinstance(rule, Reach) or rule.relative_to == "real"
    if compares and protocol.definition.input == "judged":
        raise ValueError(f"{who}: its rule needs the value of real data, and '{protocol.kind}' has none")
    if compares and not protocol.definition.measured and rule.metric not in dict(protocol.real):
        raise ValueError(
            f"{who}: its rule needs the value of real data, which was not measured here: write "
            f"'real: {{{rule.metric}: ...}}' beside kind '{protocol.kind}'"
        )


def check_seeds(experiments: Mapping[str, Experiment], seeds: Sequence[int]) -> None:
    """Raise ValueError unless `more_seeds` names arms of the experiment and seeds that they do not have already."""
    for name, experiment in experiments.items():
        for arm, more in experiment.more_seeds.items():
            if arm not in experiment.names:
                raise ValueError(f"'more_seeds': no arm '{arm}' in '{name}'" + nearest(arm, experiment.names))
            if twice := set(more) & set(experiment.seeds or seeds):
                raise ValueError(f"'more_seeds': arm '{arm}' has seed {min(twice)} already")


def check_claims(
    claims: Sequence[Claim], experiments: Mapping[str, Experiment], datasets: Mapping[str, Dataset]
) -> None:
    """Raise ValueError unless every claim has its own id and compares arms of one experiment by what it measures."""
    for claim in claims:
        if [other.id for other in claims].count(claim.id) > 1:
            raise ValueError(f"claim '{claim.id}' is named twice")
        if not isinstance(claim, Untested):
            _check_claim(claim, experiments, datasets)


def _check_claim(claim: TestedClaim, experiments: Mapping[str, Experiment], datasets: Mapping[str, Dataset]) -> None:
    homes = {arm: experiment for experiment in experiments.values() for arm in experiment.names}
    who, arms = f"claim '{claim.id}'", arms_of(claim)
    named = [*arms, *([claim.control] if isinstance(claim, OneShare) and claim.control else [])]
    for arm in named:
        if arm not in homes:
            raise ValueError(f"{who}: no arm '{arm}' in this study" + nearest(arm, list(homes)))
    home = homes[arms[0]]
    if any(homes[arm] is not home for arm in named) or len(set(named)) < len(named):
        raise ValueError(f"{who}: compare two different arms of one experiment")
    event, modes = event_of(claim), modes_of(datasets.get(home.dataset or ""))
    if event is None:
        assert isinstance(claim, Measured)
        _check_measured(who, claim, home)
        _check_bounded(who, claim, modes)
    else:
        _check_event(who, event, home)
    check_claim_rule(who, claim, home, modes)


def _check_event(who: str, event: str, home: Experiment) -> None:
    needed = ("reach",) if event == "reach" else ("collapse", "reach")
    for rule in needed:
        if getattr(home, rule) is None and not (rule != event and home.on_track_by_level):
            by_level = rule == "reach" != event and bool(home.elsewhere)
            instead = ", or 'once_above' into its rule 'collapse'" if by_level else ""
            raise ValueError(f"{who}: '{event}' needs a rule '{rule}' in its experiment; write one there{instead}")


def _check_bounded(who: str, claim: Measured, modes: int | None) -> None:
    if not isinstance(claim, PairedMean) or METRICS[claim.metric].bounded(modes):
        return
    here = ", as nobody knows how many modes its data have" if METRICS[claim.metric].of_modes else ""
    raise ValueError(
        f"{who}: '{claim.metric}' has no highest value{here}, so that no test of its mean holds at few seeds; "
        "write test: paired-sign"
    )


def _check_measured(who: str, measured: Measured, experiment: Experiment) -> None:
    try:
        protocol = experiment.protocol_of(measured.protocol)
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from None
    if protocol is None:
        kinds = [protocol.kind for protocol in experiment.protocols]
        raise ValueError(f"{who}: no protocol '{measured.protocol}'" + nearest(measured.protocol, kinds))
    if measured.metric not in protocol.definition.given(protocol.samples):
        least = protocol.definition.metrics[measured.metric].least
        raise ValueError(
            f"{who}: '{measured.metric}' needs at least {least:,} samples, and '{measured.protocol}' takes "
            f"{protocol.samples:,}"
        )


def _check_fit(name: str, experiment: Experiment, title: str, dataset: Dataset) -> None:
    most = most_examples(dataset)
    if most is not None and most < 1:
        raise ValueError(f"'{title}': `held_out` keeps all of its examples from training; lower it")
    for arm_name, arm in experiment.arms.items():
        if isinstance(arm.network, Dcgan) == (len(dataset.shape) == 1):
            raise ValueError(
                f"arm '{arm_name}': network '{arm.network.kind}' does not fit dataset '{title}' "
                f"({dataset.source}): use dcgan for images, another for points"
            )
        if most is not None and arm.real_batches and arm.batch_size > most:
            raise ValueError(f"arm '{arm_name}': 'batch_size' is {arm.batch_size}, and '{title}' has {most}")
        try:
            arm.model.check_data(arm, most)
        except ValueError as error:
            raise ValueError(f"arm '{arm_name}': {error}") from None
        for protocol in experiment.protocols:
            _check_networks(arm_name, arm, protocol)
    for protocol in experiment.protocols:
        if not {dataset.source, POINTS if len(dataset.shape) == 1 else IMAGES} & protocol.definition.sources:
            raise ValueError(f"experiment '{name}': protocol '{protocol.kind}' cannot measure '{dataset.source}' data")
        if protocol.definition.input == "judged":
            _check_judged(name, experiment, protocol, title, dataset)
        _check_enough(name, protocol, title, dataset)


def _check_networks(name: str, arm: Arm, protocol: Protocol) -> None:
    needed = {"decoded": arm.model.has_encoder, "judged": arm.model.judges_examples}
    if not needed.get(protocol.definition.input, True):
        lacking = "no encoder" if protocol.definition.input == "decoded" else "no discriminator of examples alone"
        raise ValueError(
            f"arm '{name}': '{arm.model.kind}' has {lacking}, so protocol '{protocol.kind}' cannot measure it; put the "
            "arm into another experiment"
        )


def _check_judged(name: str, experiment: Experiment, protocol: Protocol, title: str, dataset: Dataset) -> None:
    if not experiment.keep_discriminator:
        raise ValueError(f"experiment '{name}': protocol '{protocol.kind}' needs `keep_discriminator: true`")
    if (dataset.held_out or 0) < protocol.samples:
        raise ValueError(
            f"experiment '{name}': protocol '{protocol.kind}' takes {protocol.samples:,} examples that are kept from "
            f"training, and '{title}' has {dataset.held_out or 0:,}: set its `held_out`"
        )


def _check_enough(name: str, protocol: Protocol, title: str, dataset: Dataset) -> None:
    most, parts = most_examples(dataset), protocol.definition.real_samples
    if most is None or not protocol.definition.measured:
        return
    if most < parts * protocol.samples:
        raise ValueError(
            f"experiment '{name}': protocol '{protocol.kind}' takes {parts * protocol.samples:,} real examples "
            f"({parts} x {protocol.samples:,} samples), and '{title}' has {most:,}: "
            f"ask for at most {most // parts:,} samples"
        )
    if isinstance(protocol.reference, int) and protocol.reference > most:
        raise ValueError(
            f"experiment '{name}': protocol '{protocol.kind}' compares with {protocol.reference:,} reals, and "
            f"'{title}' has {most:,}: write `reference: all`"
        )
