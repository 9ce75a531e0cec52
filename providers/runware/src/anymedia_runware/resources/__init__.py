"""What a Runware account has beside generations: its books, models, stored media and past tasks."""

from anymedia_runware.resources.account import AccountDetails, KeyInfo, Spent, TeamMember, UsageReport
from anymedia_runware.resources.facade import AsyncRunware, Runware
from anymedia_runware.resources.media import StoredMedia
from anymedia_runware.resources.models import Filters, FoundModel, ModelPage, upload_model
from anymedia_runware.resources.tasks import TaskDetails

__all__ = [
    "AccountDetails",
    "AsyncRunware",
    "Filters",
    "FoundModel",
    "KeyInfo",
    "ModelPage",
    "Runware",
    "Spent",
    "StoredMedia",
    "TaskDetails",
    "TeamMember",
    "UsageReport",
    "upload_model",
]
