"""Django's backend for PostgreSQL, with fewer questions whether a connection lives."""
