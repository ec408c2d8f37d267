"""Commands about studies that are not rules of the workflow: merge, findings, estimate, preflight, power, audit."""
