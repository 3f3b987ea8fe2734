"""What ends a capture without a result: one sentence for the user, with what to do."""


class Refusal(Exception):
    """``kind`` is stable, for tests and for the host; the message is what the user reads."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def first_line(error, limit=300):
    """The first line of what an exception says, its type in front where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
