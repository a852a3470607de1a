"""What can go wrong with speech, each as a sentence for the person who sent the recording."""


class SpeechError(Exception):
    """The message is a whole sentence that says what is wrong and, where possible, what to do."""


class UnreadableRecording(SpeechError):
    """The file is not a recording, is damaged, or has no audio in it."""


class TooLong(UnreadableRecording):
    """The recording is longer than ``max_seconds``."""

    def __init__(self, max_seconds: float) -> None:
        minutes = max_seconds / 60
        length = "a minute" if minutes == 1 else f"{minutes:g} minutes"
        super().__init__(f"The recording is longer than {length}, the most that is taken here. Send it in parts.")


class NoModel(SpeechError):
    """No weights that may be used can be found or loaded."""


class WrongChecksum(NoModel):
    """The model hub sent something else than was asked for: asking once more would only fetch it again."""


class UnsupportedRequest(SpeechError):
    """The loaded model cannot do what was asked for."""
