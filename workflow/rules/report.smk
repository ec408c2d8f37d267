rule report:
    input:
        LAYOUT.all_tables().values(),
        LAYOUT.all_figures().values(),
        deviations=DEVIATIONS,
    output:
        LAYOUT.report,
    params:
        study=STUDY.digest,
        code=stage_digest("report", files=TEMPLATES),
    log:
        LOGS / "report.log",
    shell:
        "vigan report --config {STUDY_FILE} --deviations {input.deviations} > {log} 2>&1 || {{ tail -n 5 {log} >&2; exit 1; }}"
