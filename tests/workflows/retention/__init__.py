"""Retention: what may go, and how it goes."""
