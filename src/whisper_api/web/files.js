// @ts-check
/** What leaves the page: texts in the clipboard and in files. */
import { ApiError, getResult, writeResult } from "./api.js";

/** @typedef {import("./transcript.js").Transcript} Transcript */
/** @typedef {import("./api.js").Task} Task */

/** All formats that the server writes. */
export const FORMATS = ["txt", "srt", "vtt", "md", "ass", "ttml", "lrc", "tsv", "json"];

/** @param {string} text @param {Element} shown where it stands on the page @returns {Promise<boolean>} whether it worked */
export async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // over plain http there is no clipboard but this old one
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const area = document.createElement("textarea");
    area.value = text;
    shown.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus();
    return done;
  }
}

/**
 * A text as a file, with its corrections.
 * @param {Task} task @param {Transcript} transcript @param {string} format @returns {Promise<string>}
 */
export async function written(task, transcript, format) {
  if (!transcript.edited) {
    try {
      return await getResult(task.task_id, format);
    } catch (error) {
      if (!(error instanceof ApiError && error.isGone)) throw error;
    }
  }
  const language = task.task_type === "translate" ? "en" : task.source_language;
  return writeResult({ language, duration: task.duration ?? 0, segments: transcript.toSegments() }, format);
}

/** @param {string | Blob} content @param {string} name */
export function save(content, name) {
  const link = document.createElement("a");
  const blob = content instanceof Blob ? content : new Blob([content], { type: "text/plain;charset=utf-8" });
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
