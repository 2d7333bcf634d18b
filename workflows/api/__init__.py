"""The interfaces: Reflow's own wire, and the resources under ``/api/v1/``."""
