"""The ledger's writer."""

from app.recorder.counts import Counts
from app.recorder.recorder import DbRecorder, SampleKey, StorageFull

__all__ = ["Counts", "DbRecorder", "SampleKey", "StorageFull"]
