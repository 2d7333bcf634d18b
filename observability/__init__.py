"""What listens: health, metrics, traces. Nothing that runs a workflow depends on it."""
