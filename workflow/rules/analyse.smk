READ = [
    LAYOUT.results / "elsewhere" / "{arm}" / name
    for name in ("arm.json", "metrics.csv", "measured.json")
]


rule import_arm:
    input:
        import_files,
    output:
        READ,
    log:
        LOGS / "import" / "{arm}.log",
    wildcard_constraints:
        arm=among(arm for arm in ELSEWHERE if not sampled(arm)),
    conda:
        ENVIRONMENT
    resources:
        **demand(import_resources),
        **measuring(lambda wildcards: sampled(wildcards.arm)),
    params:
        made_from=lambda wildcards: imported(wildcards.arm),
    shell:
        "vigan import --arm {wildcards.arm:q} > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"


# The same of samples, some of which are kept for pictures.
use rule import_arm as import_samples with:
    output:
        READ,
        LAYOUT.results / "elsewhere" / "{arm}" / "samples.npz",
    wildcard_constraints:
        arm=among(filter(sampled, ELSEWHERE)),


rule analyse:
    input:
        [
            run / name
            for run in RUNS
            for name in ("run.json", "telemetry.csv", "metrics.csv", "measured.json")
        ],
        stored(*(run / "noise.csv" for run in RUNS)),
        [
            arm.folder / name
            for arm in ELSEWHERE.values()
            for name in ("arm.json", "metrics.csv", "measured.json")
        ],
        [reference.with_suffix(".json") for reference in REFERENCES],
    output:
        [
            report(
                path,
                caption="../report/table.rst",
                category="Tables",
                labels={"table": name, "as": "CSV"},
            )
            for name, path in LAYOUT.all_tables().items()
        ],
        LAYOUT.raw_files(),
        LAYOUT.stamp("tables"),
    log:
        LOGS / "analyse.log",
    conda:
        ENVIRONMENT
    resources:
        **JOINING,
    params:
        study=STUDY_PARTS,
        code=code_of("analyse"),
    shell:
        "vigan analyse > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"


rule figure:
    input:
        LAYOUT.all_tables().values(),
        LAYOUT.stamp("tables"),
        figure_samples,
    output:
        report(
            LAYOUT.figures / "{kind}-{experiment}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels={"experiment": "{experiment}", "figure": "{kind}"},
        ),
        LAYOUT.stamp("{kind}-{experiment}.svg"),
    log:
        LOGS / "figures" / "{kind}-{experiment}.log",
    conda:
        ENVIRONMENT
    resources:
        **JOINING,
    params:
        study=STUDY_PARTS,
        code=code_of("figures"),
    shell:
        "vigan figure --kind {wildcards.kind:q} --experiment {wildcards.experiment:q}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"
