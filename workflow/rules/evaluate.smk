rule evaluate:
    input:
        record=RUN / "run.json",
        snapshots=RUN / "snapshots",
        references=lambda wildcards: list(LAYOUT.references(wildcards.arm).values()),
    output:
        metrics=RUN / "metrics.csv",
        samples=RUN / "samples.npz",
    params:
        protocols=lambda wildcards: [p.name for p in STUDY.protocols_of(wildcards.arm)],
        code=stage_digest("evaluate"),
    log:
        LOGS / "evaluate" / "{arm}-{reading}-{seed}.log",
    resources:
        gpu=1,
    shell:
        "vigan evaluate --config {STUDY_FILE} --arm {wildcards.arm} --seed {wildcards.seed} --threads {threads}"
        " > {log} 2>&1 || {{ tail -n 5 {log} >&2; exit 1; }}"
