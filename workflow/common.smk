# Shared by all rules - the study, its paths, digests of code.
import os
import shlex
import sys
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import vigan.report
from vigan.config.base import ConfigError, digest_of, read_yaml
from vigan.config.datasets import modules
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.data import identity
from vigan.errors import UserError, describe_os_error, say, shown
from vigan.evaluation.code import protocol_code, reporting_code
from vigan.layout import Layout
from vigan.provenance import stage_digest
from vigan.report import captions
from vigan.runtime import project, resources, settings
from vigan.stages.freshness import check_away
from vigan.stages.made_from import of_import, pictured, protocols
from vigan.stages.settle import (
    evaluation_params,
    import_inputs,
    reference_params,
    settle,
)
from vigan.tools import failures, planning, progress

# Of this workflow, also where it is a module of another.
HOME = Path(str(workflow.current_basedir)).parent


@contextmanager
def refused_in_a_line():
    """End with a line on what vigan does not take, or what the operating system refuses."""
    try:
        yield
    except UserError as error:
        sys.exit(f"vigan: {error.text}")
    except OSError as error:
        sys.exit(f"vigan: {shown(describe_os_error(error) or str(error))}")


def load():
    """The study: that a Snakefile which uses this as a module names, or of --configfile, or the paper's."""
    named = [config.pop("study_file")] if "study_file" in config else []
    files = named or workflow.configfiles or [HOME / "config" / "paper.yaml"]
    if len(files) > 1:
        raise ConfigError("one study at a time: give a single --configfile")
    study = load_study(Path(files[0]))
    unknown = set(config) - set(settings.SETTINGS) - set(Study.model_fields)
    if unknown:
        raise ConfigError(
            f"--config knows {', '.join(settings.SETTINGS)}, not {', '.join(sorted(unknown))}"
        )
    written, named = read_yaml(Path(files[0]))[0], set(config) & set(Study.model_fields)
    if any(key not in written or config[key] != written[key] for key in named):
        raise ConfigError("--config cannot change a study; write another study file")
    return os.path.relpath(files[0]), study


with refused_in_a_line():
    STUDY_FILE, STUDY = load()


def storage_root():
    """Local folder for files of --default-storage-provider; None without one."""
    provider = workflow.storage_registry.default_storage_provider
    if provider is None:
        return None
    prefix = str(workflow.storage_settings.default_storage_prefix).rstrip("/")
    return Path(provider.object(f"{prefix}/anything").local_path()).parent


def lies_at(file):
    """Where a file lies here that Snakemake names, which may be in a storage."""
    provider = workflow.storage_registry.default_storage_provider
    return Path(provider.object(file).local_path() if provider else file)


def stored(*paths):
    """Further files that a rule reads, which are inputs only with a remote storage."""
    return list(paths) if storage_root() else []


IN_CHARGE = str(workflow.exec_mode) == "default"  # and no job of another process
CHECKOUT = Path(vigan.report.__file__).parents[3]
if (
    IN_CHARGE
    and (HOME / "src" / "vigan").is_dir()
    and CHECKOUT != HOME.resolve()
    and (CHECKOUT / "Snakefile").is_file()
):
    say(
        f"warning: this is the workflow of {HOME}, and the code is that of {CHECKOUT}: type `make setup` here",
        sys.stderr,
    )
if storage_root() and STUDY.elsewhere:
    sys.exit(
        "vigan: arms that were made elsewhere are read where they lie: no storage carries them; leave it out"
    )
settings.export_settings(STUDY_FILE, config, storage_root())
with refused_in_a_line():
    SOURCES = identity.sources(STUDY.datasets.values())
    GPU = 0 if settings.switched_on("cpu") else 1
    SLOTS = {"gpu": settings.gpu_slots(), "eval": settings.eval_slots()}
    LONGEST = settings.longest_minutes()
identity.export(SOURCES)
if IN_CHARGE and storage_root() and identity.from_files(STUDY.datasets.values()):
    say(
        "warning: with a storage, images are told by their description alone; if they changed, add --forcerun prepare",
        sys.stderr,
    )
LAYOUT = Layout(
    STUDY,
    Path(settings.setting("state", "state")),
    {digest: source.key for digest, source in SOURCES.items()},
)
if IN_CHARGE and storage_root() and LAYOUT.first_verdicts.exists():
    say(
        f"warning: with a storage, {LAYOUT.first_verdicts} is not read: verdicts of earlier rules are missing",
        sys.stderr,
    )
RUNS = [LAYOUT.run(run) for run in STUDY.runs()]
ELSEWHERE = {arm.name: arm for arm in LAYOUT.elsewhere_files()}
IMPORTED = {arm.folder for arm in ELSEWHERE.values()}
config.update(captions.told(STUDY))  # for captions of --report
TEMPLATES = sorted((Path(vigan.report.__file__).parent / "templates").iterdir())
LISTS = [
    project.shipped() / "config" / name
    for name in ("deviations.yaml", "published.yaml")
]
with refused_in_a_line():
    if IN_CHARGE:
        planning.check_disk(Path(".snakemake"))
    LAYOUT.write_specs()
    if IN_CHARGE and not storage_root():
        settle(LAYOUT, LISTS, TEMPLATES, partial(planning.forget, Path(".snakemake")))
STAMPS = [
    LAYOUT.stamp(path.name)
    for path in [*LAYOUT.all_figures().values(), *LAYOUT.all_frames().values()]
] + [LAYOUT.stamp("tables")]
STUDY_PARTS, PICTURED = digest_of(LAYOUT.parts), pictured(LAYOUT.parts)


# In the path of an environment, braces are written twice.
ENVIRONMENT = str(HOME / "environment.yml")
ENVIRONMENT = ENVIRONMENT.replace("{", "{{").replace("}", "}}")


def fixed(path):
    """An input that is the same for all; seen from here where its path has braces, which would be wildcards."""
    path = os.path.relpath(path) if "{" in str(path) else str(path)
    if "{" in path:
        sys.exit(
            f"vigan: {path}: braces in a path are wildcards to Snakemake; work in the checkout's folder"
        )
    return local(path)


if any(
    method.name == "CONDA" for method in workflow.deployment_settings.deployment_method
):
    shell.prefix(planning.of_conda(Path(".snakemake")))


LOGS = Path("logs") / STUDY.study
REFERENCES = {
    LAYOUT.reference(STUDY.datasets[name], p): (name, p) for name, p in STUDY.measured()
}
PROTOCOLS = {path.stem: protocol for path, (_, protocol) in REFERENCES.items()}
RUN = LAYOUT.results / "runs" / "{arm}" / "{reading}" / "seed-{seed}"


wildcard_constraints:
    arm="[a-z0-9-]+",
    first="[a-z0-9-]+",
    second="[a-z0-9-]+",
    reading="released|literal|proximal",
    seed="[0-9]+",
    dataset="[a-z-]+-[0-9a-f]{10}",
    kind="[a-z]+",
    experiment="[a-z0-9-]+",


# --summary, --rulegraph and --report need no number of cores.
CORES = workflow.resource_settings.cores or 1

# A slot of a GPU for each run that trains on one, and one of another kind for each that is measured there, so that the
# next run trains meanwhile; cores where there is no GPU. On a cluster a job of either kind asks for a GPU of its own,
# and there may be as many as jobs. `--resources gpu=N eval=N` overrides. `--config cpu=true`: jobs do without.
for kind, slots in SLOTS.items():
    if kind not in workflow.global_resources:
        workflow.global_resources[kind] = workflow.nodes or slots or CORES


def trains_on_gpu(arm):
    """1 where an arm is trained on a GPU, 0 where it gains nothing by one."""
    return GPU * resources.trains_on_gpu(STUDY.arm(arm))


def measures_on_gpu(protocols):
    """1 where samples are measured on a GPU, 0 where no network is asked."""
    return GPU * resources.measures_on_gpu(protocols)


def measuring(protocols_of):
    """What a measurement takes of a GPU: a slot for evaluation here, a GPU of its own elsewhere."""
    taken, spared = ("eval", "gpu") if workflow.local_exec else ("gpu", "eval")
    return {
        taken: lambda wildcards: measures_on_gpu(protocols_of(wildcards)),
        spared: 0,
    }


def lift_default_rate_limit():
    """Drop Snakemake's own limit of 100 jobs a second, which costs more with every job (decision 16)."""
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def begin():
    """Claim the study, which the end of this process gives free however it comes, and look whether it can run here."""
    lift_default_rate_limit()
    with refused_in_a_line():
        CLAIMED.append(planning.claim(Path(".snakemake") / f"{STUDY.study}.running"))
    where = ["--cores", str(CORES)] if workflow.local_exec else ["--elsewhere"]
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == "train"]
    arms = [str(job.wildcards.arm) for job in jobs]
    if again := sum(Path(str(job.output[0])).exists() for job in jobs):
        say(
            f"vigan: runs to train: {len(jobs)}, trained before by other code, on other data or otherwise: {again}",
            sys.stderr,
        )
    runs = [f"{arm}={arms.count(arm)}" for arm in dict.fromkeys(arms)]
    if planning.command("preflight", *where, "--train", *runs) != 0:  # it has said why
        sys.exit("vigan: nothing was begun")
    if not storage_root():
        progress.tell(LAYOUT)


CLAIMED = []
if IN_CHARGE and planning.is_dry(sys.argv[1:]):
    from vigan.tools.preflight import prepared_counts, warnings

    for line in warnings(STUDY, *LAYOUT.pending(), prepared_counts(LAYOUT)):
        for part in line.splitlines():
            say(f"warning: {part}", sys.stderr)


def demand(resources_of):
    """The resources of a rule: memory and minutes from the study, more at each new attempt, computed once per arm."""
    known = cache(resources_of)
    return {
        field: lambda wildcards, attempt, field=field: getattr(
            known(*_subject(wildcards)).at(attempt, LONGEST), field
        )
        for field in resources.Resources._fields
    }


def _subject(wildcards):
    """What a job's resources depend on: its arm, or its data set and protocol."""
    return [
        wildcards[name]
        for name in ("arm", "dataset", "protocol")
        if name in wildcards.keys()
    ]


@cache
def prepare_code(dataset):
    """Digest of the code that prepares a data set, with that of the plug-in which delivers it."""
    return stage_digest("prepare", modules(LAYOUT.dataset(dataset)))


@cache
def train_code(arm):
    """Digest of the code that trains an arm; and of its spec where that is no input."""
    code = stage_digest("train", STUDY.arm(arm).modules)
    return f"{code} {LAYOUT.spec_text(arm)}" if storage_root() else code


def evaluate_code(arm):
    """Digest of the code that measures an arm."""
    return protocol_code("evaluate", STUDY.protocols_of(arm))


def reference_code(protocol):
    """Digest of the code that measures the real data by a protocol, and versions of the libraries under it."""
    return reference_params(PROTOCOLS[protocol])


def code_of(stage, files=()):
    """Digest of the code of a stage that tells what was measured."""
    return reporting_code(stage, protocols(STUDY), files)


def sampled(arm):
    """The protocols that measure the samples of an arm from elsewhere; none if its numbers are read."""
    origin = ELSEWHERE[arm].arm.origin
    return STUDY.protocols_of(arm) if origin.format == "samples" else []


def among(arms):
    """What a wildcard that stands for one of some arms may be; nothing, where there are none."""
    return "|".join(arms) or "$^"


def import_resources(arm):
    """Memory and minutes of reading an arm from elsewhere, or of measuring its samples."""
    if not sampled(arm):
        return resources.for_joining(STUDY)
    return resources.for_measuring(
        STUDY, arm, gpu=measures_on_gpu(STUDY.protocols_of(arm)) == 1
    )


def import_files(wildcards):
    """What an arm from elsewhere is made of, as far as Snakemake can look after it."""
    with refused_in_a_line():
        return import_inputs(LAYOUT, ELSEWHERE[wildcards.arm])


@cache
def imported(arm):
    """What an arm from elsewhere is made from, in digests."""
    with refused_in_a_line():
        check_away(LAYOUT, ELSEWHERE[arm])
        return digest_of(of_import(LAYOUT, ELSEWHERE[arm]))


def spec(wildcards):
    """An arm's spec. It is not in a remote storage, and a local input would make the job run here."""
    return [] if storage_root() else LAYOUT.spec(wildcards.arm)


def description(wildcards):
    """What a data set is described as, where that was written because other code prepared it (`vigan.stages.settle`)."""
    path = Path("data") / wildcards.dataset / "spec.json"
    return path if path.exists() and not storage_root() else []


def with_records(samples):
    """Samples that a picture shows, and the records of their runs; of an arm from elsewhere all that was read."""
    records = (
        path.with_name(name)
        for path in samples
        for name in (
            ("arm.json", "metrics.csv", "measured.json")
            if path.parent in IMPORTED
            else ("run.json", "measured.json")
        )
    )
    return [*samples, *stored(*records)]


def movie_samples(wildcards):
    """Samples in a movie."""
    arms = (wildcards.first, wildcards.second)
    home = LAYOUT.first_samples(STUDY.experiment_of(wildcards.first))
    return with_records([path for path in home if path.parts[3] in arms])


def experiment_samples(wildcards):
    """Samples of all runs of an experiment."""
    return with_records(LAYOUT.samples(wildcards.experiment))


def figure_samples(wildcards):
    """Samples in a figure, if any."""
    pictorial = wildcards.kind == "samples"
    return with_records(LAYOUT.first_samples(wildcards.experiment) if pictorial else [])


def manifest(wildcards):
    """The manifest of an arm's data set."""
    return LAYOUT.data(STUDY.dataset_of(wildcards.arm)) / "manifest.json"


def array(wildcards):
    """The examples of a data set, or of an arm's."""
    if "arm" in wildcards.keys():
        return stored(manifest(wildcards).with_name("array.npy"))
    return stored(f"data/{wildcards.dataset}/array.npy")


JOINING = demand(lambda: resources.for_joining(STUDY))
