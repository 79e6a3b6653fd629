"""What can go wrong with the local stack, in words for the person at the keyboard."""


class StackError(Exception):
    """The local stack cannot start or go on; the text says why and what to do."""


class PortTakenError(StackError):
    """Another program listens on a port that we need."""
