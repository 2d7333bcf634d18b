"""The same programs, written for others."""
