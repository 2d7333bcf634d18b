"""Zeal's workflow format and our graphs: one to the other and back, as pure functions."""
