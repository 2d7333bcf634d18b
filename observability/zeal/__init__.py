"""Talking to Zeal: templates, traces, the live socket. Without ``ZEAL_URL`` none of it runs."""
