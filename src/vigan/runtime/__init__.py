"""The machine: settings, GPU slots, energy counters, resources of jobs, downloads."""
