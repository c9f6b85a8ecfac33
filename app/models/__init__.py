"""The rows of the database."""

from app.models.account import AccountRow, ApiToken, AuthSession, ResetLink
from app.models.connection import Connection
from app.models.own_benchmark import OwnBenchmark, OwnVersion
from app.models.request_key import RequestKey
from app.models.rescored_sample import RescoredSample
from app.models.rescoring import Rescoring
from app.models.run import ACTIVE, FINISHED, RESUMABLE, Run
from app.models.run_view import RunView
from app.models.sample import RunEventRow, SampleRow
from app.models.sample_mark import SampleMark
from app.models.share import Share
from app.models.webhook import Delivery, DeliveryAttempt, Webhook

__all__ = [
    "ACTIVE",
    "FINISHED",
    "RESUMABLE",
    "AccountRow",
    "ApiToken",
    "AuthSession",
    "Connection",
    "Delivery",
    "DeliveryAttempt",
    "OwnBenchmark",
    "OwnVersion",
    "RequestKey",
    "RescoredSample",
    "Rescoring",
    "ResetLink",
    "Run",
    "RunEventRow",
    "RunView",
    "SampleMark",
    "SampleRow",
    "Share",
    "Webhook",
]
