rule prepare:
    input:
        description,
    output:
        array="data/{dataset}/array.npy",
        manifest="data/{dataset}/manifest.json",
    log:
        "logs/data/{dataset}.log",
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        **demand(lambda dataset: resources.for_preparing(LAYOUT.dataset(dataset))),
    params:
        code=lambda wildcards: prepare_code(wildcards.dataset),
    shell:
        "vigan prepare --dataset {wildcards.dataset} --threads {threads}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule reference:
    input:
        "data/{dataset}/manifest.json",
        array,
    output:
        "data/{dataset}/reference/{protocol}.npz",
        "data/{dataset}/reference/{protocol}.json",
    log:
        "logs/data/{dataset}-{protocol}.log",
    priority: 1  # before training: it may find the real data too few
    conda:
        ENVIRONMENT
    resources:
        **demand(
            lambda _, kind: resources.for_reference(
                PROTOCOLS[kind], gpu=measures_on_gpu([PROTOCOLS[kind]]) == 1
            )
        ),
        **measuring(lambda wildcards: [PROTOCOLS[wildcards.protocol]]),
    params:
        protocol=lambda wildcards: PROTOCOLS[wildcards.protocol].name,
        code=lambda wildcards: reference_code(wildcards.protocol),
    shell:
        "vigan reference --dataset {wildcards.dataset} --protocol {params.protocol:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
