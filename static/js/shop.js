/* Comfort only: every page works without this file. */
(() => {
  "use strict";
  document.documentElement.classList.add("js");

  /* A select or checkbox in a form marked data-autosubmit sends the form when it changes. */
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.hasAttribute("data-autosubmit") && event.target.type !== "number") form.requestSubmit();
  });

  /* Facets: leave empty fields out of the address. */
  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute("data-tidy")) return;
    for (const field of event.target.elements) {
      if (field.name && field.value === "") field.disabled = true;
    }
  });
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("[data-tidy] :disabled")) field.disabled = false;
  });

  /* <time data-until="ISO"> counts down to the moment a reservation ends; at zero the page says so. */
  const clocks = [...document.querySelectorAll("time[data-until]")];
  const tick = () => {
    for (const clock of clocks) {
      const left = Math.round((Date.parse(clock.dataset.until) - Date.now()) / 1000);
      if (Number.isNaN(left)) continue;
      if (left > 0) {
        const minutes = Math.floor(left / 60);
        clock.textContent = `${minutes}:${String(left % 60).padStart(2, "0")}`;
      } else {
        clock.textContent = clock.dataset.over || "0:00";
      }
    }
  };
  if (clocks.length) {
    tick();
    setInterval(tick, 1000);
  }

  /* One click on a button that reserves or pays is enough. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-once")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  /* Photos of a piece: a thumbnail shows its photo in the large frame. */
  const frame = document.querySelector("[data-plate] img");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-photo]");
    if (!link || !frame || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    frame.closest("picture")?.querySelectorAll("source").forEach((source) => source.remove());
    frame.removeAttribute("srcset");
    frame.src = link.href;
    frame.alt = link.dataset.alt || "";
    for (const other of document.querySelectorAll("a[data-photo]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });

  /* On a narrow screen the facets start folded; on a wide one they are always open. */
  const sheet = document.querySelector("[data-facets]");
  if (sheet && matchMedia("(max-width: 52rem)").matches) sheet.open = false;
})();
