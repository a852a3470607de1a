"""The embedded model, for whoever needs a real one."""

import pytest
import tokenizers
from faster_whisper import WhisperModel

from whisper_api.speech import starter, weights
from whisper_api.speech.tokens import Vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The embedded model's, without the model."""
    file = starter._file(starter._FIRST, "tokenizer.json")
    return Vocabulary(tokenizers.Tokenizer.from_buffer(file.read_bytes()), multilingual=True)


@pytest.fixture(scope="session")
def model() -> WhisperModel:
    """Whisper base with two workers of one thread each."""
    return WhisperModel("base", compute_type="int8", cpu_threads=1, num_workers=2, files=weights.in_starter().files)
