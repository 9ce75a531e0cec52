"""What a Runway account has beside generations: records, and the calls that fill and change them."""

from anymedia_runway.resources.avatars import Avatar, AvatarUsage, AvatarVoice
from anymedia_runway.resources.conversations import Conversation
from anymedia_runway.resources.documents import Document
from anymedia_runway.resources.facade import AsyncRunway, Runway
from anymedia_runway.resources.organization import AuditLog, OrganizationInfo, OrganizationUsage, WebappUsage
from anymedia_runway.resources.records import CLEAR, Page, Record
from anymedia_runway.resources.routers import (
    CreditCaps,
    Router,
    RouterFallback,
    RouterModels,
    RouterSettings,
    RoutingDecision,
)
from anymedia_runway.resources.sessions import RealtimeSession, Room
from anymedia_runway.resources.voices import Voice, VoicePreview
from anymedia_runway.resources.workflows import Workflow, WorkflowFamily

__all__ = [
    "CLEAR",
    "AsyncRunway",
    "AuditLog",
    "Avatar",
    "AvatarUsage",
    "AvatarVoice",
    "Conversation",
    "CreditCaps",
    "Document",
    "OrganizationInfo",
    "OrganizationUsage",
    "Page",
    "RealtimeSession",
    "Record",
    "Room",
    "Router",
    "RouterFallback",
    "RouterModels",
    "RouterSettings",
    "RoutingDecision",
    "Runway",
    "Voice",
    "VoicePreview",
    "WebappUsage",
    "Workflow",
    "WorkflowFamily",
]
