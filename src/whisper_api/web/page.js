// @ts-check
/** The page around the cards: settings, choosing and dropping files, footer. Starts everything. */
import { getDecoderStatus, getVersion } from "./api.js";
import { Card } from "./card.js";
import { readTasks } from "./store.js";
import { deviceName, PAGE_LANGUAGES, pageLanguage, setPageLanguage, spokenLanguages, text } from "./texts.js";

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

// ---- Files ----

/** @param {Iterable<File>} files @param {{language?: string}} [fixed] */
function addFiles(files, fixed) {
  const options = { language: byId("spoken-language").value, translate: byId("translate").checked, ...fixed };
  const now = Date.now(); // one for all: it keeps them in order after a reload
  const added = [...files].map((file) => ({ file, card: Object.assign(new Card(file.name, page), { added: now }) }));
  byId("cards").prepend(...added.map(({ card }) => card.element));
  for (const { file, card } of added) {
    cards.add(card);
    card.send(file, { ...options });
  }
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
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dragging");
  const dropped = [...event.dataTransfer.items].filter((item) => item.kind === "file" && !item.webkitGetAsEntry?.()?.isDirectory);
  addFiles(dropped.map((item) => item.getAsFile()));
});

addEventListener("beforeunload", (event) => {
  if ([...cards].some((card) => card.isSending)) event.preventDefault();
});

// ---- Words and footer ----

/** @param {string} words none: hidden */
function showNote(words) {
  byId("note").textContent = words;
  byId("note").hidden = !words;
}

/** @param {{code: string, name: string}[]} languages */
const options = (languages) => languages.map(({ code, name }) => new Option(name, code));

/** All words of the page anew, in the chosen language. */
function showTexts() {
  document.documentElement.lang = pageLanguage();
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text(/** @type {HTMLElement} */ (element).dataset.text);
  }
  const spoken = byId("spoken-language");
  const kept = spoken.value;
  const { first, all } = spokenLanguages();
  spoken.replaceChildren(new Option(text("detect"), ""), ...options(first), document.createElement("hr"), ...options(all));
  spoken.value = kept;
  for (const card of cards) card.render();
  showTitle();
}

let version = "";

async function showServer() {
  if (document.hidden) return;
  try {
    version ||= await getVersion();
    const status = await getDecoderStatus();
    const model = status.last_loaded_model_size ?? status.max_model_to_use;
    byId("server").textContent = text("server", { version, model: model ?? "–", device: deviceName(status.used_device) });
    showNote(status.note ?? "");
  } catch {
    byId("server").textContent = text("serverAway");
  }
}

byId("page-language").append(...options(PAGE_LANGUAGES));
byId("page-language").value = pageLanguage();
byId("page-language").addEventListener("change", () => {
  setPageLanguage(byId("page-language").value);
  showTexts();
  showServer();
});

for (const { id, name } of readTasks()) {
  const card = new Card(name, page);
  cards.add(card);
  byId("cards").append(card.element);
  card.render();
  card.follow(id);
}
showTexts();
showServer();
setInterval(showServer, FOOTER_MS);
document.addEventListener("visibilitychange", showServer);
