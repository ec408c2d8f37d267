"""Files: atomic writes, reading with clear errors, the record of a run and its earlier forms."""
