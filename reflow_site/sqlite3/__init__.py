"""Django's backend for SQLite, with a shorter wait for the turn to write."""
