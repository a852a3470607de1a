// @ts-check
/** Menus (details.menu): a click elsewhere or Escape closes them, as people know it. */

addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const inside = menu.contains(/** @type {Node} */ (event.target));
    if (!inside || /** @type {Element} */ (event.target).closest(".choices button")) menu.removeAttribute("open");
  }
});

/** What opens upwards may begin above the window. */
addEventListener("toggle", (event) => {
  const menu = /** @type {Element} */ (event.target);
  if (menu.matches("details.menu[open]")) menu.querySelector(".choices")?.scrollIntoView({ block: "nearest" });
}, true);

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  menu?.removeAttribute("open");
  menu?.querySelector("summary")?.focus();
});
