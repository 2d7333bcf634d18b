"""What the sync process says of itself."""

from __future__ import annotations

from django.db import models


class ZealConnection(models.Model):
    """One Zeal, as the process that talks to it sees it; written every few seconds."""

    zeal = models.CharField(max_length=500, primary_key=True)  # its address
    since = models.DateTimeField()  # runs made from then on are told to it
    seen_until = models.DateTimeField(null=True, blank=True)  # runs made before then are known
    holder = models.CharField(max_length=100, blank=True)  # the process that works
    seen_at = models.DateTimeField(null=True, blank=True)  # its sign of life
    connected = models.BooleanField(default=False)
    changed_at = models.DateTimeField(null=True, blank=True)  # since when it is so
    profile = models.CharField(max_length=20, blank=True)  # of the traces
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    socket = models.CharField(max_length=30, default="off")  # the live socket's profile
    socket_connected = models.BooleanField(default=False)
    socket_changed_at = models.DateTimeField(null=True, blank=True)
    socket_error = models.TextField(blank=True)
    # In words, since that process began: what went over the socket, and what Zeal said by it.
    socket_told = models.TextField(blank=True, default="", db_default="")
    heard = models.TextField(blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.zeal
