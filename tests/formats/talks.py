"""Talks in several languages, and what else people may be heard to say."""

from hypothesis import strategies as st

from tests.tasks.fakes import segment
from whisper_api.transcript import Segment, Transcript, Word

KENNEDY = (
    (" And so, my fellow Americans,", 0, 4.2),
    (" ask not what your country can do for you,", 5.4, 8.2),
    (" ask what you can do for your country.", 8.2, 11),
)
GERMAN = " Meine Damen und Herren, ich freue mich, dass Sie so zahlreich erschienen sind, um z.B. Dr. Groß zu hören."
FRENCH = " « Ça va ? » dit-elle : oui, très bien, merci ! Et vous, comment allez-vous depuis la semaine dernière ?"
HEBREW = " שלום לכולם, היום נדבר על תוכנה לזיהוי דיבור (Whisper) ועל כתוביות. מה דעתכם?"
ARABIC = " مرحبا بكم جميعا، سنتحدث اليوم عن برنامج للتعرف على الكلام (Whisper). ما رأيكم؟"
CHINESE = "他昨天告诉我说：“这个项目的预算已经超过了我们最初的计划！”所以我们今天要讨论的是（语音识别）技术的应用。"
JAPANESE = (
    "今日は音声認識の仕組みについて簡単に説明したいと思います。「たとえば」、Pythonで書いたプログラムを使います。"
)
THAI = "ภาษาไทยเป็นภาษาที่มีวรรณยุกต์และเขียนติดกันโดยไม่มีช่องว่างระหว่างคำ แต่เราก็ต้องตัดบรรทัดให้ถูกต้อง"
BURMESE = "မြန်မာဘာသာစကားသည်ပြည်ထောင်စုသမ္မတမြန်မာနိုင်ငံတော်၏ရုံးသုံးဘာသာစကားဖြစ်သည်။"
KOREAN = " 안녕하세요, 오늘은 음성 인식 프로그램에 대해서 이야기하겠습니다. 잘 부탁드립니다."
EMOJI = " Good 👨‍👩‍👧‍👦 morning 🇩🇪🇫🇷 to 👍🏽 all ❤️ of you"
HOSTILE = (
    ' <b>bold</b> <font color="red"> {\\an8}top --> & &amp; C:\\Nul 5 < 6 > 4 {x} [00:05.00]x <00:06.00>'
    " *a* _b_ `c` $d$"
)
FORGED = " one\r\n\r\n2\r\n00:00:05,000 --> 00:00:06,000\r\ntwo\n\nNOTE three\n\nSTYLE\n\n[Events]\nDialogue: four"
LANGUAGES = (GERMAN, FRENCH, HEBREW, ARABIC, CHINESE, JAPANESE, THAI, BURMESE, KOREAN, EMOJI)
ANY = (*LANGUAGES, HOSTILE, FORGED)


def transcript(*segments: Segment, language: str = "en") -> Transcript:
    return Transcript(language, max((each.end for each in segments), default=0.0), segments)


def with_words(text: str, start: float, end: float) -> Segment:
    """A segment whose words, each with the space before it, are said at an even pace."""
    parts = [f" {part}" for part in text.split()]
    pace = (end - start) / max(sum(map(len, parts)), 1)
    words = []
    for part in parts:
        words.append(Word(part, start, start + len(part) * pace, 0.5))
        start = words[-1].end
    said = segment(text, words[0].start if words else start, end)
    return Segment(said.start, said.end, said.text, -0.25, 1.5, 0.125, words=tuple(words))


_characters = st.sampled_from(
    "aZ09é \n\t.,!?…-–—'\"()[]{}<>&\\*_`「」。、，“”日本語テストー小ぁไทยเก็มาคမြန်ာလာวשלוםمرحبا한국어👍🏽🇩🇪"
    "\u00a0\u200b\u0301\u200d\ufe0f\x00\x1c"
)
_texts = st.text(_characters, max_size=60) | st.text(max_size=20) | st.sampled_from(ANY)
_seconds = st.floats(0, 300_000) | st.integers(0, 20).map(float)


@st.composite
def anything(draw: st.DrawFn) -> list[Segment]:
    """Segments of any text at any time, mostly one after another, with and without words."""
    talk = []
    now = 0.0
    for _ in range(draw(st.integers(0, 8))):
        now = draw(st.sampled_from([now, now, now + 1.5])) if draw(st.integers(0, 9)) else draw(_seconds)
        text, end = draw(_texts), now + draw(st.sampled_from([0.0, 0.3, 2.0, 8.0, 30.0]))
        talk.append(with_words(text, now, end) if draw(st.booleans()) else segment(text, now, end))
        now = end
    return talk
