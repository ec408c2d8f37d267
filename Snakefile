# One study, from its YAML file to its report. The paper study is the default:
#   snakemake --cores 8 all
#   snakemake all --cores 8 --configfile config/smoke.yaml
from snakemake.utils import min_version

min_version("9.27")


report: "workflow/report/workflow.rst"


include: "workflow/common.smk"


if settings.setting("image"):  # before the rules: it holds for those that follow

    container: settings.setting("image")


include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"


onstart:
    begin()


onerror:
    print(
        failures.tell(
            Path(log[0]), shlex.join(["snakemake", *sys.argv[1:]]), lies_at
        ),
        file=sys.stderr,
    )


rule all:
    default_target: True
    input:
        LAYOUT.report,
        LAYOUT.all_figures().values(),
        LAYOUT.all_tables().values(),
        LAYOUT.all_movies().values(),
        LAYOUT.all_contacts().values(),
        [run / name for run in RUNS for name in ("run.json", "metrics.csv")],
