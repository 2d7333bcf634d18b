"""What the whole server does: starts, short runs, stored events, and forty light tasks."""
