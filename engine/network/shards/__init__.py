"""One network over several processes: batches with credits over socket pairs, exact rest."""

from __future__ import annotations
