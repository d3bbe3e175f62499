"""Why a command can't do what it was asked to."""


class CommandFailed(Exception):
    """The message is for the person at the terminal: what is wrong, and what helps."""
