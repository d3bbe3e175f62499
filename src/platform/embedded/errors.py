"""What may go wrong with embedded servers, in words for the person at the terminal."""


class EmbeddedError(Exception):
    """The embedded servers can't be had; the message is one sentence that says why and what helps."""


class AlreadyRunning(EmbeddedError):
    """Another process owns the data directory."""
