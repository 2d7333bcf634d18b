"""System checks of the settings; each id is stable."""

from __future__ import annotations
