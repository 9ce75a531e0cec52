"""`Runway` and `AsyncRunway`: what a Runway account has beside generations, one attribute for each kind."""

from anymedia.resources import AsyncClient, Client
from anymedia_runway.resources.avatars import AsyncAvatars, Avatars
from anymedia_runway.resources.conversations import AsyncConversations, Conversations
from anymedia_runway.resources.documents import AsyncDocuments, Documents
from anymedia_runway.resources.files import AsyncUploads, Uploads
from anymedia_runway.resources.organization import AsyncOrganization, Organization
from anymedia_runway.resources.routers import AsyncRouters, Routers
from anymedia_runway.resources.sessions import AsyncRealtimeSessions, RealtimeSessions
from anymedia_runway.resources.voices import AsyncVoices, Voices
from anymedia_runway.resources.workflows import AsyncWorkflows, Workflows

__all__ = ["AsyncRunway", "Runway"]


class AsyncRunway:
    """A Runway account, on the connections of a client. Nothing here starts a paid task.

    Args:
        client: An `AsyncMediaClient`, whatever its own provider is.
    """

    def __init__(self, client: AsyncClient) -> None:
        self.avatars: AsyncAvatars = AsyncAvatars(client)
        self.conversations: AsyncConversations = AsyncConversations(client)
        self.documents: AsyncDocuments = AsyncDocuments(client)
        self.organization: AsyncOrganization = AsyncOrganization(client)
        self.realtime_sessions: AsyncRealtimeSessions = AsyncRealtimeSessions(client)
        self.routers: AsyncRouters = AsyncRouters(client)
        self.uploads: AsyncUploads = AsyncUploads(client)
        self.voices: AsyncVoices = AsyncVoices(client)
        self.workflows: AsyncWorkflows = AsyncWorkflows(client)


class Runway:
    """A Runway account, for synchronous code. Nothing here starts a paid task.

    Args:
        client: A `MediaClient`, whatever its own provider is.
    """

    def __init__(self, client: Client) -> None:
        self.avatars: Avatars = Avatars(client, AsyncAvatars)
        self.conversations: Conversations = Conversations(client, AsyncConversations)
        self.documents: Documents = Documents(client, AsyncDocuments)
        self.organization: Organization = Organization(client, AsyncOrganization)
        self.realtime_sessions: RealtimeSessions = RealtimeSessions(client, AsyncRealtimeSessions)
        self.routers: Routers = Routers(client, AsyncRouters)
        self.uploads: Uploads = Uploads(client, AsyncUploads)
        self.voices: Voices = Voices(client, AsyncVoices)
        self.workflows: Workflows = Workflows(client, AsyncWorkflows)
