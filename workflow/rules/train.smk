rule train:
    input:
        spec,
        manifest,
        array,
    output:
        record=RUN / "run.json",
        telemetry=RUN / "telemetry.csv",
        snapshots=directory(RUN / "snapshots"),
    log:
        LOGS / "train" / "{arm}-{reading}" / "seed-{seed}.log",
    conda:
        ENVIRONMENT
    resources:
        **demand(
            lambda arm: resources.for_training(
                STUDY.run_spec(arm), gpu=trains_on_gpu(arm) == 1
            )
        ),
        gpu=lambda wildcards: trains_on_gpu(wildcards.arm),
    params:
        code=lambda wildcards: train_code(wildcards.arm),
    shell:
        "vigan train --arm {wildcards.arm:q} --seed {wildcards.seed:q} --threads {threads}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"
