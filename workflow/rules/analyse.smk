rule analyse:
    input:
        [run / name for run in RUNS for name in ("run.json", "telemetry.csv", "metrics.csv")],
        [reference.with_suffix(".json") for reference in REFERENCES],
    output:
        LAYOUT.all_tables().values(),
    params:
        study=STUDY.digest,
        code=stage_digest("analyse"),
    log:
        LOGS / "analyse.log",
    shell:
        "vigan analyse --config {STUDY_FILE} > {log} 2>&1 || {{ tail -n 5 {log} >&2; exit 1; }}"


rule figure:
    input:
        LAYOUT.all_tables().values(),
        [run / "samples.npz" for run in RUNS],
    output:
        LAYOUT.figures / "{kind}-{experiment}.svg",
    params:
        study=STUDY.digest,
        code=stage_digest("figures"),
    log:
        LOGS / "figures" / "{kind}-{experiment}.log",
    shell:
        "vigan figure --config {STUDY_FILE} --kind {wildcards.kind} --experiment {wildcards.experiment}"
        " > {log} 2>&1 || {{ tail -n 5 {log} >&2; exit 1; }}"
