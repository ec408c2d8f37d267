"""Commands about studies that no Snakemake rule makes a result with: merge, findings, estimate, preflight."""
