/* Who may be meant while one types into the search box: a combobox with a list below it, as in the WAI-ARIA authoring
   practices. Without this script the box is a plain one, and Enter without a choice does what it does there. */
(function () {
  "use strict";

  const box = document.getElementById("frame-search");
  const list = document.getElementById("frame-suggestions");
  if (!box || !list || !box.dataset.suggest) return;
  const WAIT = 200; // milliseconds after the last key
  const LEAST = 3; // characters; the same as on the server

  let timer = 0;
  let asking = null; // the question that is on its way; a new one takes its place
  let chosen = -1;

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-haspopup", "listbox");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");

  const options = () => Array.from(list.children);
  const typed = () => box.value.trim().replace(/\s+/g, " ");

  function announce(words) {
    const place = document.getElementById("announce");
    if (place) place.textContent = words;
  }
  function choose(index) {
    const all = options();
    chosen = index;
    all.forEach((one, at) => one.setAttribute("aria-selected", String(at === index)));
    if (index < 0) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", all[index].id);
    all[index].scrollIntoView({ block: "nearest" });
  }
  function forget() {
    clearTimeout(timer);
    if (asking) asking.abort();
    asking = null;
  }
  /* Closed, it holds nobody: what is not shown does not stay on the page. */
  function close() {
    forget();
    choose(-1);
    list.hidden = true;
    list.replaceChildren();
    box.setAttribute("aria-expanded", "false");
  }
  function open(found) {
    list.replaceChildren(...found);
    choose(-1);
    list.hidden = false;
    list.scrollTop = 0;
    box.setAttribute("aria-expanded", "true");
    const last = list.lastElementChild;
    announce(last ? last.dataset.told : "");
  }
  async function ask() {
    forget();
    if (typed().length < LEAST) return close();
    const mine = new AbortController();
    asking = mine;
    const token = document.querySelector('meta[name="csrf-token"]');
    try {
      const answer = await fetch(box.dataset.suggest, {
        method: "POST",
        headers: { "HX-Request": "true", "X-CSRFToken": token ? token.content : "" },
        body: new URLSearchParams({ q: box.value }),
        signal: mine.signal,
      });
      const words = answer.status === 200 ? await answer.text() : "";
      if (asking !== mine) return;
      const found = new DOMParser().parseFromString(words, "text/html").body.children;
      if (found.length && document.activeElement === box) open(Array.from(found));
      else close();
    } catch (error) {
      /* No answer, or one that nobody waits for any more: the box works without. */
      if (asking === mine) close();
    }
  }
  function step(by) {
    const count = options().length;
    // One place more than there are lines: the text itself, from which either end is one step.
    choose(((chosen + 1 + by + count + 1) % (count + 1)) - 1);
  }

  box.addEventListener("input", () => {
    forget();
    choose(-1);
    if (typed().length < LEAST) close();
    else timer = setTimeout(ask, WAIT);
  });
  /* What was typed before this script came (early.js). */
  box.addEventListener("change", (event) => {
    if (!event.isTrusted && document.activeElement === box) ask();
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden && typed().length < LEAST) return;
      event.preventDefault();
      if (list.hidden) ask();
      else step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape" && !list.hidden) {
      // Of itself the browser would empty the box.
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      options()[chosen].click();
    }
  });
  /* The box keeps the focus while something in the list is clicked. */
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    if (event.target.closest("a")) setTimeout(close, 0);
  });
  box.form.addEventListener("submit", () => setTimeout(close, 0));
  box.addEventListener("blur", close);
  document.addEventListener("manzanita:locked", close);
})();
