// The console's own script. Everything works without it but the live parts; nothing here builds markup from text.
"use strict";

const say = (element, count) => (count === 1 ? element.dataset.one : element.dataset.many).replace("{count}", count);

/* -- Filters apply as soon as one is chosen -------------------------------------------------------- */
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form && event.target.matches("select, input[type=checkbox], input[type=date]")) form.requestSubmit();
});
// Empty fields stay out of the address.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[method=get]")) return;
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[method=get] :disabled").forEach((field) => { field.disabled = false; }));

/* -- Choosing cases for a bulk act -------------------------------------------------------------------- */
const chosen = () => document.querySelectorAll("input[name=case]:checked");
function showChosen() {
  const words = document.querySelector("[data-chosen]");
  if (!words) return;
  words.dataset.none ??= words.textContent;
  const count = chosen().length;
  words.textContent = count ? say(words, count) : words.dataset.none;
  document.querySelectorAll("[data-when-chosen]").forEach((element) => { element.hidden = !count; });
  document.querySelectorAll("input[name=case]").forEach((box) => box.closest(".case").classList.toggle("is-chosen", box.checked));
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-all]")) document.querySelectorAll("input[name=case]").forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-choose-all], input[name=case]")) showChosen();
});

/* -- The live queue -------------------------------------------------------------------------------------
   Rows on the screen are refreshed where they stand; new ones wait behind a bar while somebody is reading, and slide
   in by themselves when the pointer is elsewhere and nothing is chosen. Nothing ever moves under the pointer. */
const list = document.querySelector("#cases[data-poll]");
if (list) {
  const bar = document.querySelector("#news");
  const waiting = new Set();
  const find = (reference) => list.querySelector(`[data-case="${CSS.escape(reference)}"]`);
  const isBusy = () => list.matches(":hover") || list.contains(document.activeElement) || chosen().length > 0 || window.scrollY > 80;

  const readAgain = async () => {
    const response = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } });
    if (!response.ok || response.redirected) return location.reload();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("#cases");
    const known = new Set([...list.querySelectorAll("[data-case]")].map((row) => row.dataset.case));
    fresh.querySelectorAll("[data-case]").forEach((row) => { if (!known.has(row.dataset.case)) row.classList.add("is-new"); });
    list.replaceChildren(...fresh.childNodes);
    list.dataset.mark = fresh.dataset.mark;
    document.querySelector(".tabs")?.replaceChildren(...page.querySelector(".tabs").childNodes);
    waiting.clear();
    bar.hidden = true;
    htmx.process(list);
    showChosen();
  };
  bar.addEventListener("click", readAgain);

  const take = (news) => {
    list.dataset.mark = news.dataset.mark;
    for (const wrapper of news.querySelectorAll("[data-row]")) {
      const row = wrapper.firstElementChild;
      const old = find(row.dataset.case);
      if (old) {
        const box = row.querySelector("input[name=case]");
        if (box) box.checked = old.querySelector("input[name=case]")?.checked ?? false;
        old.replaceWith(row);
      } else if (wrapper.dataset.belongs === "1") waiting.add(row.dataset.case);
    }
    if (!waiting.size) return;
    bar.textContent = say(bar, waiting.size);
    bar.hidden = false;
  };

  const poll = async () => {
    if (document.hidden) return;
    if (waiting.size && !isBusy()) return readAgain();
    const address = new URL(list.dataset.poll, location.href);
    new URLSearchParams(location.search).forEach((value, name) => address.searchParams.set(name, value));
    address.searchParams.set("since", list.dataset.mark);
    const response = await fetch(address);
    if (response.redirected || response.status === 401) return location.reload();
    if (response.status !== 200) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    take(page.querySelector("[data-mark]"));
    if (waiting.size && !isBusy()) await readAgain();
  };
  // A server that is being restarted is no reason to stop asking.
  setInterval(() => poll().catch(() => {}), 3000);
  document.addEventListener("visibilitychange", () => poll().catch(() => {}));
}

/* -- Keys: j and k walk the queue, n opens the next case, / searches ------------------------------------------------------------- */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); }
  }
  // A key that is held down says one thing once.
  if (!event.repeat) document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  if (event.key === "n") document.querySelector("[data-next]")?.click();
  if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll("#cases .words")];
    const here = rows.indexOf(document.activeElement);
    rows[event.key === "j" ? Math.min(here + 1, rows.length - 1) : Math.max(here - 1, 0)]?.focus();
  }
});

/* -- What scrolls sideways begins where one is: the page in the menu, the tab ------------------------------- */
for (const here of document.querySelectorAll(".nav [aria-current=page], .tabs [aria-current=page]")) {
  const strip = here.parentElement;
  strip.scrollLeft = here.offsetLeft - strip.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
}
