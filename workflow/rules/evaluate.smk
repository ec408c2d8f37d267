rule evaluate:
    input:
        record=RUN / "run.json",
        snapshots=RUN / "snapshots",
        data=lambda wildcards: [*stored(manifest(wildcards)), *array(wildcards)],
        references=lambda wildcards: list(LAYOUT.references(wildcards.arm).values()),
    output:
        metrics=RUN / "metrics.csv",
        noise=RUN / "noise.csv",
        samples=RUN / "samples.npz",
        stamp=RUN / "measured.json",
    log:
        LOGS / "evaluate" / "{arm}-{reading}" / "seed-{seed}.log",
    conda:
        ENVIRONMENT
    threads: lambda wildcards: resources.snapshots_at_once(STUDY, wildcards.arm)
    resources:
        **demand(
            lambda arm: resources.for_measuring(
                STUDY, arm, gpu=measures_on_gpu(STUDY.protocols_of(arm)) == 1
            )
        ),
        **measuring(lambda wildcards: STUDY.protocols_of(wildcards.arm)),
    params:
        protocols=lambda wildcards: evaluation_params(STUDY.protocols_of(wildcards.arm)),
        code=lambda wildcards: evaluate_code(wildcards.arm),
    shell:
        "vigan evaluate --arm {wildcards.arm:q} --seed {wildcards.seed:q} --threads {threads}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"
