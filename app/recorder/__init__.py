"""The ledger's writer."""

from app.recorder.counts import Counts
from app.recorder.recorder import GOT_ON_SAMPLES, DbRecorder, SampleKey, StorageFull

__all__ = ["GOT_ON_SAMPLES", "Counts", "DbRecorder", "SampleKey", "StorageFull"]
