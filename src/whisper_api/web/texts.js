// @ts-check
/** The words of texts/ in the language that was chosen. A further language is one more file there. */
import { read, write } from "./store.js";
import de from "./texts/de.js";
import en from "./texts/en.js";

/** @type {Record<string, Record<string, string>>} */
const TEXTS = { en, de };

/** The languages the server understands, by ISO code; their names come from the browser. */
const FIRST = ["de", "en"];
const SPOKEN = ("af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr "
  + "ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt "
  + "ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh").split(" ");

/** The languages of the page. */
export const PAGE_LANGUAGES = Object.keys(TEXTS).map((code) => ({ code, name: languageName(code, code) }));

let chosen = [read("language"), navigator.language.slice(0, 2)].find((code) => Object.hasOwn(TEXTS, code)) ?? "en";

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

/** The words of all elements in ``root`` that name theirs. @param {ParentNode} root */
export function showTexts(root) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-text], [data-label]"))) {
    const { text: words, label } = element.dataset;
    if (words) element.textContent = text(words);
    if (label) element.setAttribute("aria-label", text(label));
  }
}

/** @param {string | null} device as the server calls it, cuda:0 say */
export const deviceName = (device) => TEXTS[chosen][device?.split(":")[0]] ?? device ?? "–";

/** @param {string} code of a language @param {string} inLanguage @returns {string} its name */
export function languageName(code, inLanguage = chosen) {
  try {
    const name = new Intl.DisplayNames([inLanguage], { type: "language", fallback: "none" }).of(code);
    return name ?? TEXTS[inLanguage][`language_${code}`] ?? code;
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
