"""Timed Text Markup Language, the subtitles of broadcasters."""

from html import escape

from whisper_api.formats.clock import stamp
from whisper_api.formats.cues import Cue, cues
from whisper_api.formats.direction import is_from_right
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.transcript import Transcript

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="{language}"
    ttp:profile="http://www.w3.org/ns/ttml/profile/imsc1/text" ttp:timeBase="media">
  <head>
    <styling>
      <style xml:id="text" tts:fontFamily="proportionalSansSerif" tts:color="white" tts:textOutline="black 5%"/>
      <style xml:id="spoken" tts:textDecoration="underline"/>
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="5% 70%" tts:extent="90% 25%" tts:displayAlign="after"
              tts:textAlign="center"/>
    </layout>
  </head>
  <body region="bottom" style="text">
    <div>
"""
_FOOT = """\
    </div>
  </body>
</tt>
"""


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:
    """A document of the profile IMSC 1 Text, https://www.w3.org/TR/ttml-imsc1.0.1/."""
    paragraphs = "".join(
        f'      <p begin="{stamp(cue.start)}" end="{stamp(cue.end)}"{_direction(cue, transcript.language)}>'
        + "<br/>".join(cue.written(_escape, ('<span style="spoken">', "</span>")))
        + "</p>\n"
        for cue in cues(transcript.segments, layout)
    )
    return _HEAD.format(language=escape(transcript.language)) + paragraphs + _FOOT


def _escape(text: str) -> str:
    return escape(text, quote=False)


def _direction(cue: Cue, language: str) -> str:
    return ' tts:direction="rtl"' if is_from_right(cue.lines, language) else ""
