"""What the engine does in a second, and what others do: ``python -m benchmarks``."""
