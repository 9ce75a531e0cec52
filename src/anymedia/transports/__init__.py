"""The network: the only importers of httpx and websockets."""
