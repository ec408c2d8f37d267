"""What a study says: frozen, strict models read from one YAML file. Nothing here imports torch."""
