"""What ``manage.py up`` is made of: one supervisor in the foreground, and its children."""
