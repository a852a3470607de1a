// @ts-check
/** Numbers and times as people read them. */

/** @param {number} fraction @param {string} language @returns {string} 42 % */
export const percent = (fraction, language) =>
  new Intl.NumberFormat(language, { style: "percent" }).format(Math.floor(fraction * 100) / 100);

/** @param {number} bytes @param {string} language @returns {string} */
export const fileSize = (bytes, language) =>
  new Intl.NumberFormat(language, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(bytes / 1e6);

/** @param {number} seconds @returns {string} 1:02:03 or 2:03 */
export function clock(seconds) {
  const all = Math.floor(Math.max(seconds, 0));
  const two = (/** @type {number} */ count) => String(count).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, two(all % 60)];
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** @param {string} iso @param {string} language @returns {string} the time of day, with the date unless it is today */
export function moment(iso, language) {
  const date = new Date(iso);
  const region = globalThis.navigator?.languages?.find((one) => one.startsWith(language)) ?? language; // en-GB, not just en
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(region, { dateStyle: today ? undefined : "medium", timeStyle: "short" });
}

/** A file's name with another ending. @param {string} name @param {string} ending */
export const renamed = (name, ending) => `${name.replace(/\.\w{1,5}$/, "")}.${ending}`;
