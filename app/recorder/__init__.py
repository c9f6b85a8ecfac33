"""The ledger's writer."""

from app.recorder.counts import Counts
from app.recorder.recorder import GOT_ON_SAMPLES, DbRecorder, SampleKey, StorageFull
from app.recorder.result_rows import CALLS_WITHOUT_USAGE, ReplacedRow, Spent

__all__ = [
    "CALLS_WITHOUT_USAGE",
    "GOT_ON_SAMPLES",
    "Counts",
    "DbRecorder",
    "ReplacedRow",
    "SampleKey",
    "Spent",
    "StorageFull",
]
