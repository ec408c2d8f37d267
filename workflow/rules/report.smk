rule frames:
    input:
        experiment_samples,
    output:
        LAYOUT.results / "frames" / "{experiment}.json",
        LAYOUT.stamp("{experiment}.json"),
    log:
        LOGS / "frames" / "{experiment}.log",
    conda:
        ENVIRONMENT
    resources:
        **JOINING,
    params:
        study=PICTURED,
        code=stage_digest("frames"),
    shell:
        "vigan frames --experiment {wildcards.experiment:q}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"


rule movie:
    input:
        movie_samples,
    output:
        report(
            LAYOUT.figures / "movie-{first}_vs_{second}.gif",
            caption="../report/movie.rst",
            category="Movies",
            labels={"arm": "{first}", "against": "{second}"},
        ),
        LAYOUT.stamp("movie-{first}_vs_{second}.gif"),
    log:
        LOGS / "figures" / "movie-{first}_vs_{second}.log",
    conda:
        ENVIRONMENT
    resources:
        **JOINING,
    params:
        study=PICTURED,
        code=stage_digest("frames"),
    shell:
        "vigan movie {wildcards.first:q} {wildcards.second:q}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"


rule contact:
    input:
        experiment_samples,
    output:
        report(
            LAYOUT.figures / "contact-{experiment}.pdf",
            caption="../report/contact.rst",
            category="Figures",
            labels={"experiment": "{experiment}", "figure": "contact sheet"},
        ),
        LAYOUT.stamp("contact-{experiment}.pdf"),
    log:
        LOGS / "figures" / "contact-{experiment}.log",
    conda:
        ENVIRONMENT
    resources:
        **JOINING,
    params:
        study=PICTURED,
        code=stage_digest("frames"),
    shell:
        "vigan contact --experiment {wildcards.experiment:q}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"


rule report:
    input:
        LAYOUT.all_tables().values(),
        LAYOUT.all_figures().values(),
        LAYOUT.all_frames().values(),
        STAMPS,
        deviations=fixed(LISTS[0]),
        published=fixed(LISTS[1]),
    output:
        report(
            LAYOUT.report,
            caption="../report/page.rst",
            category="The whole report",
            labels={"page": "report"},
        ),
        [
            report(
                path,
                caption="../report/table.rst",
                category="Tables",
                labels={"table": name, "as": "page"},
            )
            for name, path in LAYOUT.all_table_pages().items()
        ],
        LAYOUT.stamp("report.html"),
    log:
        LOGS / "report.log",
    conda:
        ENVIRONMENT
    resources:
        **JOINING,
    params:
        study=STUDY_PARTS,
        code=code_of("report", tuple(TEMPLATES)),
    shell:
        "vigan report --deviations {input.deviations:q} --published {input.published:q}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"


rule index:  # of all studies with tables, this one among them
    input:
        LAYOUT.all_tables().values(),
    log:
        LOGS / "index.log",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        "vigan index > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"


rule findings:
    input:
        LAYOUT.all_tables().values(),
        template=fixed(HOME / "docs" / "findings.md.j2"),
    log:
        LOGS / "findings.log",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        "vigan findings --template {input.template:q}"
        " > {log:q} 2>&1 || {{ tail -n 5 {log:q} >&2; exit 1; }}"
