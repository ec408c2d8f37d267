rule report:
    input:
        LAYOUT.all_tables().values(),
        LAYOUT.all_figures().values(),
        deviations=DEVIATIONS,
    output:
        LAYOUT.report,
    log:
        LOGS / "report.log",
    conda:
        "../../environment.yml"
    params:
        study=STUDY.digest,
        code=stage_digest("report", files=TEMPLATES),
    shell:
        "vigan report --deviations {input.deviations:q} > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"
