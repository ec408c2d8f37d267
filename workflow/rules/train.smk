rule train:
    input:
        lambda wildcards: LAYOUT.spec(wildcards.arm),
        lambda wildcards: LAYOUT.data(STUDY.dataset_of(wildcards.arm)) / "manifest.json",
    output:
        record=RUN / "run.json",
        telemetry=RUN / "telemetry.csv",
        snapshots=directory(RUN / "snapshots"),
    log:
        LOGS / "train" / "{arm}-{reading}-{seed}.log",
    retries: 1
    conda:
        "../../environment.yml"
    resources:
        gpu=1,
    params:
        code=lambda wildcards: stage_digest(
            "train", STUDY.arm(wildcards.arm).stabiliser_names
        ),
    shell:
        "vigan train --arm {wildcards.arm:q} --seed {wildcards.seed:q} --threads {threads}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"
