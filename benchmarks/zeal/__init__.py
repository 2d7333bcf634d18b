"""What of a run reaches Zeal when things are taken away, and how fast."""
