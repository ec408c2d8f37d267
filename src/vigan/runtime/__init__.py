"""The machine: its settings, GPUs and energy, the resources a job needs, and downloads."""
