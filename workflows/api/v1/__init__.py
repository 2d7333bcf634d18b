"""The resources under ``/api/v1/``: plain JSON, no envelope, errors in the one shape."""
