"""Files: written whole or not at all, read with their faults named; the record of a run."""
