// @ts-check
/** Every word on the page. A further language: one more block in TEXTS. */
import { read, write } from "./store.js";

/** @type {Record<string, Record<string, string>>} */
const TEXTS = {
  en: {
    title: "Speech to text",
    pageLanguage: "Language of this page",
    intro: "Drop in an interview or a voice message and read what was said.",
    spokenLanguage: "Language spoken in the recording",
    detect: "Detect automatically",
    translate: "Translate to English",
    choose: "Choose audio or video files",
    orDrop: "or drop them anywhere on this page",
    sample: "Try it with a sample",
    privacy: "Recordings and texts stay in the memory (RAM) of this server: they are never written to a disk and are deleted by themselves. Your browser keeps the names of your files, and the keys to their texts, until you forget them.",
    docs: "For programs: the API",
    server: "whisper_api {version}, model {model} ({device}).",
    cuda: "graphics card",
    cpu: "processor",
    serverAway: "The server does not answer.",

    waiting: "Waiting for its turn to be uploaded",
    uploading: "Uploading",
    checking: "Uploaded. The server is checking the file …",
    loading: "Asking the server for the result …",
    queued: "Number {n} in the queue",
    queuedNext: "Next in the queue",
    starting: "Waiting to begin",
    transcribing: "Writing down what is said …",
    translating: "Translating to English …",
    finished: "Finished",
    left: "about {time} left",
    silent: "Finished, but no speech was found in this recording.",
    expires: "The server deletes this by itself: {time}.",

    copy: "Copy text",
    copied: "Copied",
    txt: "Text (.txt)",
    srt: "Subtitles (.srt)",
    retry: "Try again",
    cancel: "Cancel",
    forget: "Forget now",
    remove: "Remove",

    away: "The server does not answer. Trying again until it does.",
    gone: "The server has deleted this: its time was up, or the server was restarted. Please choose the file again.",
    goneKept: "The server has deleted this. The text stays here until you leave the page.",
    failed: "This did not work.",
    notDone: "The server does not answer, so that was not done. Please try again.",
    error0: "The upload was interrupted. Please try again when the server can be reached.",
    error400: "No speech could be read from this file. Please choose an audio or video file, such as MP3, WAV or MP4.",
    error413: "This file is too large for the server. Save only its sound (as MP3, say) or cut it into shorter parts.",
    error503: "The server has its hands full. Please try again in about {n} s.",
    errorOther: "Something went wrong ({status}). Please try again, or tell whoever runs it.",
  },

  de: {
    title: "Sprache zu Text",
    pageLanguage: "Sprache dieser Seite",
    intro: "Interview oder Sprachnachricht hineinziehen und lesen, was gesagt wurde.",
    spokenLanguage: "In der Aufnahme gesprochene Sprache",
    detect: "Automatisch erkennen",
    translate: "Ins Englische übersetzen",
    choose: "Audio- oder Videodateien wählen",
    orDrop: "oder irgendwo auf diese Seite ziehen",
    sample: "Mit einem Beispiel ausprobieren",
    privacy: "Aufnahmen und Texte bleiben im Arbeitsspeicher (RAM) dieses Servers: Sie werden nie auf eine Festplatte geschrieben und von selbst gelöscht. Ihr Browser merkt sich die Namen Ihrer Dateien und die Schlüssel zu ihren Texten, bis Sie sie vergessen lassen.",
    docs: "Für Programme: die API",
    server: "whisper_api {version}, Modell {model} ({device}).",
    cuda: "Grafikkarte",
    cpu: "Prozessor",
    serverAway: "Der Server antwortet nicht.",

    waiting: "Wartet darauf, hochgeladen zu werden",
    uploading: "Wird hochgeladen",
    checking: "Hochgeladen. Der Server prüft die Datei …",
    loading: "Das Ergebnis wird beim Server erfragt …",
    queued: "Nummer {n} in der Warteschlange",
    queuedNext: "Als Nächstes an der Reihe",
    starting: "Beginnt gleich",
    transcribing: "Das Gesagte wird aufgeschrieben …",
    translating: "Wird ins Englische übersetzt …",
    finished: "Fertig",
    left: "noch etwa {time}",
    silent: "Fertig, aber in dieser Aufnahme wurde keine Sprache gefunden.",
    expires: "Der Server löscht dies von selbst: {time}.",

    copy: "Text kopieren",
    copied: "Kopiert",
    txt: "Text (.txt)",
    srt: "Untertitel (.srt)",
    retry: "Erneut versuchen",
    cancel: "Abbrechen",
    forget: "Jetzt vergessen",
    remove: "Entfernen",

    away: "Der Server antwortet nicht. Es wird weiter versucht, bis er es tut.",
    gone: "Der Server hat dies gelöscht: Die Zeit war um, oder er wurde neu gestartet. Bitte wählen Sie die Datei noch einmal.",
    goneKept: "Der Server hat dies gelöscht. Der Text bleibt hier, bis Sie die Seite verlassen.",
    failed: "Das hat nicht geklappt.",
    notDone: "Der Server antwortet nicht, darum ist das nicht geschehen. Bitte versuchen Sie es noch einmal.",
    error0: "Das Hochladen wurde unterbrochen. Bitte versuchen Sie es noch einmal, wenn der Server erreichbar ist.",
    error400: "Aus dieser Datei ließ sich keine Sprache lesen. Bitte wählen Sie eine Audio- oder Videodatei, etwa MP3, WAV oder MP4.",
    error413: "Diese Datei ist zu groß für den Server. Speichern Sie nur ihren Ton (etwa als MP3) oder teilen Sie sie in kürzere Stücke.",
    error503: "Der Server ist gerade ausgelastet. Bitte versuchen Sie es in etwa {n} s noch einmal.",
    errorOther: "Etwas ging schief ({status}). Bitte versuchen Sie es noch einmal oder sagen Sie es dem Betreiber.",
  },
};

/** The languages the server understands, by ISO code; their names come from the browser. */
const FIRST = ["de", "en"];
const SPOKEN = ("af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr "
  + "ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt "
  + "ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh").split(" ");

/** The languages of the page. */
export const PAGE_LANGUAGES = Object.keys(TEXTS).map((code) => ({ code, name: languageName(code, code) }));

let chosen = [read("language"), navigator.language.slice(0, 2), "en"].find((code) => Object.hasOwn(TEXTS, code));

export const pageLanguage = () => chosen;

/** @param {string} code */
export function setPageLanguage(code) {
  chosen = code;
  write("language", code);
}

/**
 * A text in the language of the page.
 * @param {string} key
 * @param {Record<string, string | number>} [values] for its {places}
 */
export function text(key, values = {}) {
  return TEXTS[chosen][key].replace(/\{(\w+)\}/g, (_, place) => String(values[place]));
}

/** @param {string | null} device as the server calls it, cuda:0 say */
export const deviceName = (device) => TEXTS[chosen][device?.split(":")[0]] ?? device ?? "–";

/** @param {string} code of a language @param {string} inLanguage @returns {string} its name */
export function languageName(code, inLanguage = chosen) {
  try {
    return new Intl.DisplayNames([inLanguage], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** Spoken languages to choose from: the first few, then all by name. */
export function spokenLanguages() {
  const named = (/** @type {string} */ code) => ({ code, name: languageName(code) });
  return {
    first: FIRST.map(named),
    all: SPOKEN.filter((code) => !FIRST.includes(code)).map(named).sort((a, b) => a.name.localeCompare(b.name, chosen)),
  };
}

/** @param {number} fraction @returns {string} 42 % */
export const percent = (fraction) =>
  new Intl.NumberFormat(chosen, { style: "percent" }).format(Math.floor(fraction * 100) / 100);

/** @param {number} bytes @returns {string} */
export function fileSize(bytes) {
  return new Intl.NumberFormat(chosen, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(bytes / 1e6);
}

/** @param {number} seconds @returns {string} 1:02:03 or 2:03 */
export function clock(seconds) {
  const all = Math.round(seconds);
  const time = new Date(all * 1000).toISOString().slice(14, 19);
  return all < 3600 ? time.replace(/^0/, "") : `${Math.floor(all / 3600)}:${time}`;
}

/** @param {string} iso @returns {string} the time of day, with the date unless it is today */
export function moment(iso) {
  const date = new Date(iso);
  const region = navigator.languages.find((one) => one.startsWith(chosen)) ?? chosen; // en-GB, not just en
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(region, { dateStyle: today ? undefined : "medium", timeStyle: "short" });
}
