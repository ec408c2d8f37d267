"""Images to feature arrays: frozen networks, offline, on any torch device. Imports nothing from metrics or training."""
