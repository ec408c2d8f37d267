rule prepare:
    output:
        array="data/{dataset}/array.npy",
        manifest="data/{dataset}/manifest.json",
    params:
        name=lambda wildcards: DATASETS[wildcards.dataset],
        code=stage_digest("prepare"),
    log:
        "logs/data/{dataset}.log",
    threads: 2
    shell:
        "vigan prepare --config {STUDY_FILE} --dataset {params.name} --threads {threads}"
        " {PREPARE_FLAGS} > {log} 2>&1 || {{ cat {log} >&2; exit 1; }}"


rule reference:
    input:
        "data/{dataset}/manifest.json",
    output:
        "data/{dataset}/reference/{protocol}.npz",
        "data/{dataset}/reference/{protocol}.json",
    params:
        name=lambda wildcards: DATASETS[wildcards.dataset],
        protocol=lambda wildcards, output: REFERENCES[Path(output[0])][1].name,
        code=stage_digest("reference"),
    log:
        "logs/data/{dataset}-{protocol}.log",
    shell:
        "vigan reference --config {STUDY_FILE} --dataset {params.name} --protocol {params.protocol}"
        " > {log} 2>&1 || {{ cat {log} >&2; exit 1; }}"
