"""``whisper_api transcribe``."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from whisper_api.cli import inputs, outputs
from whisper_api.cli.choices import Formats, Language, Model
from whisper_api.cli.display import Display, display
from whisper_api.cli.interruption import ending_as_by_ctrl_c, undisturbed
from whisper_api.cli.outputs import Job
from whisper_api.cli.serve import settings_or_exit
from whisper_api.cli.working import Workshop
from whisper_api.forgetting import no_core_dumps
from whisper_api.formats.files import FORMATS, Format, check
from whisper_api.formats.layout import Layout
from whisper_api.speech.errors import UnsupportedRequest
from whisper_api.speech.options import LARGEST_BEAM, USUAL_BEAM, Options
from whisper_api.speech.processor import leave_cores_to_lanes

_STANDARD_OUTPUT = "-"


@click.command(short_help="Write down what is said in recordings.")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "-f", "--format", "formats", type=Formats(), multiple=True, default=["txt"], show_default=True,
    help=f"Formats to write, with commas between them: {', '.join(FORMATS)}, or all.",
)  # fmt: skip
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, allow_dash=True),
    help="Folder to write to, with the sub-folders of a folder among FILES; '-' for standard output. Without it, "
    "files are written beside the recordings.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write files anew that are there already.")
@click.option(
    "-l",
    "--language",
    type=Language(),
    help="The spoken language, such as 'de' or 'german'; detected if absent, among LANGUAGES where that is set.",
)
@click.option("--translate", is_flag=True, help="Write it down in English, whatever is spoken.")
@click.option("--words", is_flag=True, help="Find out when each word is said, for formats that tell.")
@click.option("--prompt", help="Text to be taken for what was said before: it sets spelling, style and punctuation.")
@click.option("--hotwords", help="Names and terms to listen for.")
@click.option(
    "--beam-size", type=click.IntRange(1, LARGEST_BEAM),
    help="Hypotheses followed at a time: more are slower, and seldom better. Without it BEAM_SIZE holds, or what the "
    "server is set up to.",
)  # fmt: skip
@click.option(
    "--temperature", type=click.FloatRange(0, 1), default=0, show_default=True,
    help="Above 0, texts are drawn by lot from the start.",
)  # fmt: skip
@click.option("--no-vad-filter", is_flag=True, help="Listen to what seems to be no speech too, such as singing.")
@click.option("--max-line-width", type=int, metavar="COLUMNS", help="Longest line of a subtitle.")
@click.option("--max-line-count", type=int, metavar="LINES", help="Most lines of a subtitle.")
@click.option("--highlight-words", is_flag=True, help="Underline each word in subtitles while it is said.")
@click.option(
    "-m", "--model", type=Model(directories=True), metavar="NAME|DIR",
    help="Model to use, instead of the one that MAX_MODEL or the machine decides on. See 'whisper_api models'.",
)  # fmt: skip
@click.option("--server", metavar="URL", help="Have a running whisper_api server do it, in its queue.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but what went wrong.")
def transcribe(
    files: Sequence[str], formats: Sequence[Sequence[Format]], output: Path | None, force: bool, language: str | None,
    translate: bool, words: bool, prompt: str | None, hotwords: str | None, beam_size: int | None, temperature: float,
    no_vad_filter: bool, max_line_width: int | None, max_line_count: int | None, highlight_words: bool,
    model: str | None, server: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Write down what is said in FILES.

    FILES are recordings, patterns such as 'talks/*.mp3', folders (all audio and video in them), or '-' for standard
    input, whose text goes to standard output.

    \b
    whisper_api transcribe talk.mp3                     talk.txt, beside it
    whisper_api transcribe talk.mp4 -f srt,vtt          subtitles
    whisper_api transcribe talks/ -o texts/ -f all      a folder, in every format
    whisper_api transcribe talk.mp3 -o - | less         read it at once
    ffmpeg -i URL -f wav - | whisper_api transcribe -   what a program sends
    whisper_api transcribe a.mp3 --server box:3001      have a server do it

    Several recordings are worked on together. One that fails does not stop the others, and a file that is there
    already is left as it is.

    \b
    Exit codes:
      0  all is done
      1  a recording failed; the reason was said
      2  the command line or a setting makes no sense; nothing was done
      3  there is no model, or no server
      4  nothing failed, but something was skipped since it is there already
    130  interrupted
    """
    if server is not None and model is not None:
        raise click.UsageError("Which model is used is up to the server. Leave --model or --server out.")
    to_stdout = str(output) == _STANDARD_OUTPUT
    try:
        address = None if server is None else _address(server)
        options = Options(
            task="translate" if translate else "transcribe",
            language=language,
            prompt=prompt,
            hotwords=hotwords,
            words=words or highlight_words,
            beam_size=beam_size or USUAL_BEAM,
            temperature=temperature,
            vad_filter=not no_vad_filter,
        )
        layout = Layout(max_line_width, max_line_count, highlight_words)
        wanted = list(dict.fromkeys(each for several in formats for each in several))
        check(layout, wanted)
        jobs = outputs.plan(
            inputs.find(files),
            wanted,
            None if to_stdout else output,
            stdout=to_stdout,
        )
        if any(job.input.path is None for job in jobs) and sys.stdin.isatty():
            raise inputs.NoRecordings(
                "Standard input is this terminal. Send it a recording: ... | whisper_api transcribe -"
            )
        outputs.make_folders(jobs)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    no_core_dumps()
    left, there = (jobs, []) if force else outputs.missing(jobs)
    with (
        ending_as_by_ctrl_c(),
        display(recordings=len(left), quiet=quiet) as shown,
        ExitStack() as held,
    ):
        workshop = Workshop(layout, shown, sys.stdout.buffer, force=force)
        for path in there:
            workshop.skip(path)
        left = _received(left, workshop, held)
        if left and address is not None:
            asyncio.run(_there(workshop, left, address, options, beam_size, shown))
        elif left:
            _here(workshop, left, options, beam_size, model, shown, quiet=quiet)
    sys.exit(workshop.exit)


def _address(server: str) -> str:
    """The URL of a server; ``http`` where it does not say. Raises ValueError."""
    url = server if "://" in server else f"http://{server}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"--server {server} is no URL. Give one such as http://127.0.0.1:3001.")
    return url


def _received(jobs: Sequence[Job], workshop: Workshop, held: ExitStack) -> list[Job]:
    """The same jobs, and what comes through standard input in memory."""
    ready = []
    for job in jobs:
        if job.input.path is not None:
            ready.append(job)
            continue
        try:
            recording = held.enter_context(inputs.receive(sys.stdin.buffer, inputs.shelf()))
        except inputs.Unreceivable as error:
            workshop.fail(job.input, error)
        else:
            ready.append(replace(job, input=replace(job.input, received=recording)))
    return ready


def _here(
    workshop: Workshop, jobs: Sequence[Job], options: Options, beam_size: int | None, model: str | None, shown: Display,
    *, quiet: bool,
) -> None:  # fmt: skip
    """Do the jobs in this process. Raises Unavailable."""
    settings = settings_or_exit()
    shown.remark("Loading the model …")
    leave_cores_to_lanes()
    # Not above: the engine's libraries take a while, and the memory, of whoever has a server do it.
    from whisper_api.cli.here import Here, loaded
    from whisper_api.speech.weights import without_bars

    if quiet:
        without_bars()
    found = loaded(settings, model=model)
    for note in found.notes:
        shown.complain(note)
    shown.remark(f"Using {found.engine.name} on the {'GPU' if found.device.kind == 'cuda' else 'CPU'}.")
    options = replace(options, beam_size=beam_size or settings.beam_size, languages=settings.languages)
    try:
        found.engine.check(options)
    except UnsupportedRequest as problem:
        raise click.UsageError(str(problem)) from None
    here = Here(found.engine, options)
    try:
        asyncio.run(workshop.do(jobs, here))
    finally:
        with undisturbed():
            here.close()


async def _there(
    workshop: Workshop, jobs: Sequence[Job], address: str, options: Options, beam_size: int | None, shown: Display
) -> None:
    """Have a server do the jobs. Raises Unavailable."""
    from whisper_api.cli.remote import Remote, connected

    async with connected(address) as http:
        shown.remark(f"Using the queue of {address}.")
        await workshop.do(jobs, Remote(http, options, beam_size=beam_size))
