rule train:
    input:
        lambda wildcards: LAYOUT.data(STUDY.dataset_of(wildcards.arm)) / "manifest.json",
    output:
        record=RUN / "run.json",
        telemetry=RUN / "telemetry.csv",
        snapshots=directory(RUN / "snapshots"),
    params:
        spec=lambda wildcards: STUDY.run_spec(wildcards.arm, int(wildcards.seed)).digest,
        code=lambda wildcards: stage_digest("train", STUDY.arm(wildcards.arm).stabiliser_names),
    log:
        LOGS / "train" / "{arm}-{reading}-{seed}.log",
    resources:
        gpu=1,
    retries: 1
    shell:
        "vigan train --config {STUDY_FILE} --arm {wildcards.arm} --seed {wildcards.seed} --threads {threads}"
        " {TRAIN_FLAGS} > {log} 2>&1 || {{ tail -n 5 {log} >&2; exit 1; }}"
