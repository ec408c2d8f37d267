"""The schema of a study: frozen, strict models read from one YAML file. Nothing here imports torch."""
