"""The measured programs themselves, on the engine's public API only: copy what you need."""
