"""How far the times of words are from those that were found by other means. One JSON line.

The folder has recordings and ``references.json``: for each file its language and words as [word, start s, end s].

usage: python benchmarks/words.py [--data DIR]
"""

import argparse
import difflib
import json
import re
import statistics
from pathlib import Path

from utterances import FOLDER
from whisper_api.speech import weights
from whisper_api.speech.engine import Engine
from whisper_api.speech.options import Options


def main(data: Path) -> None:
    engine = Engine.load(weights.in_starter())
    references = json.loads((data / "references.json").read_text("utf-8"))
    starts: list[float] = []
    ends: list[float] = []
    words = 0
    for name, reference in references.items():
        said = reference.get("words", [])
        words += len(said)
        if not said:
            continue
        options = Options(words=True, language=reference["language"])
        heard = [word for segment in engine.transcribe(data / name, options) for word in segment.words]
        matcher = difflib.SequenceMatcher(
            None, [_plain(word[0]) for word in said], [_plain(word.text) for word in heard], autojunk=False
        )
        for block in matcher.get_matching_blocks():
            for ours, theirs in zip(heard[block.b : block.b + block.size], said[block.a :], strict=False):
                starts.append(abs(ours.start - theirs[1]))
                ends.append(abs(ours.end - theirs[2]))
    report = {"words": words, "compared": len(starts)}
    errors = {"start_median_s": statistics.median(starts), "end_median_s": statistics.median(ends)}
    print(json.dumps({"benchmark": "words", **report, **{name: round(value, 3) for name, value in errors.items()}}))


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word.lower())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=FOLDER.parent / "speech")
    main(parser.parse_args().data)
