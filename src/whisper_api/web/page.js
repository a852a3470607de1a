// @ts-check
/** The page around the cards: settings, files that come in, the footer. Starts everything. */
import { getDecoderStatus, getVersion } from "./api.js";
import { Card } from "./card.js";
import "./menus.js";
import { Recording } from "./recording.js";
import { read, readTasks, write } from "./store.js";
import { deviceName, PAGE_LANGUAGES, pageLanguage, setPageLanguage, showTexts, spokenLanguages, text } from "./texts.js";

const FOOTER_MS = 15_000;

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/** @type {Set<Card>} */
const cards = new Set();

const page = {
  /** To screen readers. @param {string} words */
  announce(words) {
    const line = document.createElement("p");
    line.textContent = words;
    byId("announcements").append(line);
    if (byId("announcements").children.length > 20) byId("announcements").firstChild.remove();
  },
  changed: showTitle,
  /** @param {Card} card */
  closed(card) {
    const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
    const focused = card.element.contains(document.activeElement);
    card.element.remove();
    cards.delete(card);
    showTitle();
    if (focused) (next?.querySelector("h2") ?? byId("pick")).focus();
  },
};

/** The number of files still running, for whoever waits in another tab. */
function showTitle() {
  const running = [...cards].filter((card) => card.isRunning).length;
  document.title = (running ? `(${running}) ` : "") + text("title");
}

// ---- Settings ----

/** @type {any} */
const kept = read("wishes") ?? {};

/** @returns {import("./api.js").Wishes} */
const wishes = () => ({
  language: byId("spoken-language").value, translate: byId("translate").checked, hotwords: byId("hotwords").value,
});

byId("translate").checked = kept.translate === true;
byId("hotwords").value = typeof kept.hotwords === "string" ? kept.hotwords : "";
for (const id of ["spoken-language", "translate", "hotwords"]) {
  byId(id).addEventListener("change", () => write("wishes", wishes()));
}

// ---- Files ----

/** @param {Iterable<File>} files @param {{language?: string}} [fixed] @param {boolean} [recorded] here, so that nobody else has them */
function addFiles(files, fixed, recorded = false) {
  const now = Date.now(); // one for all: it keeps them in order after a reload
  const added = [...files].map((file) => ({ file, card: Object.assign(new Card(file.name, page), { added: now, recorded }) }));
  byId("cards").prepend(...added.map(({ card }) => card.element));
  for (const { file, card } of added) {
    cards.add(card);
    card.send(file, { ...wishes(), ...fixed });
  }
  showNote("");
}

byId("pick").addEventListener("change", () => {
  addFiles(byId("pick").files);
  byId("pick").value = ""; // so that the same file can be chosen again
});

byId("sample").addEventListener("click", async () => {
  try {
    const response = await fetch("/assets/sample.ogg");
    if (!response.ok) throw response;
    addFiles([new File([await response.blob()], "sample.ogg", { type: "audio/ogg" })], { language: "" });
  } catch {
    showNote(text("notDone"));
  }
});

const recording = new Recording(byId("recorder"), byId("record"), {
  made: (file) => addFiles([file], {}, true),
  refused: showNote,
});

/** @param {DragEvent} event */
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
});
addEventListener("drop", (event) => {
  if (!event.dataTransfer || !hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dragging");
  take([...event.dataTransfer.items].filter((item) => !item.webkitGetAsEntry?.()?.isDirectory));
});
addEventListener("paste", (event) => {
  if (/** @type {Element} */ (event.target).closest?.("input, [contenteditable]")) return; // text, with a picture of it
  const items = [...event.clipboardData?.items ?? []];
  if (items.some((item) => item.kind === "file")) take(items);
});

/** @param {DataTransferItem[]} items */
function take(items) {
  const files = items.map((item) => item.getAsFile()).filter((file) => file !== null);
  if (files.length) addFiles(files);
  else showNote(text("nothingDropped"));
}

addEventListener("beforeunload", (event) => {
  if (recording.recorder || [...cards].some((card) => card.isSending || card.unsaved || card.isOnlyHere)) event.preventDefault();
});

// ---- Words and footer ----

/** @param {string} words none: hidden */
function showNote(words) {
  byId("note").textContent = words;
  byId("note").hidden = !words;
  if (words) page.announce(words);
}

/** @param {{code: string, name: string}[]} languages */
const options = (languages) => languages.map(({ code, name }) => new Option(name, code));

/** All words of the page anew, in the chosen language. */
function showWords() {
  document.documentElement.lang = pageLanguage();
  showTexts(document);
  byId("hotwords").placeholder = text("hotwordsExample");
  const spoken = byId("spoken-language");
  const language = spoken.options.length ? spoken.value : kept.language ?? "";
  const { first, all } = spokenLanguages();
  spoken.replaceChildren(new Option(text("detect"), ""), ...options(first), document.createElement("hr"), ...options(all));
  spoken.value = language;
  recording.showTexts();
  for (const card of cards) card.showTexts();
  showTitle();
}

let version = "";
let noted = "";

async function showServer() {
  if (document.hidden) return;
  try {
    version ||= await getVersion();
    const status = await getDecoderStatus();
    const model = status.last_loaded_model_size ?? status.max_model_to_use;
    byId("server").textContent = text("server", { version, model: model ?? "–", device: deviceName(status.used_device) });
    if (noted !== (status.note ?? "")) showNote(noted = status.note ?? "");
  } catch {
    byId("server").textContent = text("serverAway");
  }
}

byId("page-language").append(...options(PAGE_LANGUAGES));
byId("page-language").value = pageLanguage();
byId("page-language").addEventListener("change", () => {
  setPageLanguage(byId("page-language").value);
  showWords();
  showServer();
});

for (const { id, name, language = "" } of readTasks()) {
  const card = new Card(name, page);
  card.wishes.language = language;
  cards.add(card);
  byId("cards").append(card.element);
  card.follow(id);
}
showWords();
showServer();
setInterval(showServer, FOOTER_MS);
document.addEventListener("visibilitychange", showServer);
