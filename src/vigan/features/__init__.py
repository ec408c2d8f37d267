"""Feature extractors: frozen networks, offline, on any torch device. Imports nothing from metrics or training."""
