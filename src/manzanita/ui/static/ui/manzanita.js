/* Behavior of every page. No page depends on it to work: links, forms and menus are plain HTML.
   Parts: keys, lists and selection, menus and dialogs, theme, time line, saving, files.
   The life of the session is in session.js. */
(function () {
  "use strict";

  const $ = (selector, root) => (root || document).querySelector(selector);
  const $$ = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  function remember(key, value) {
    try {
      localStorage.setItem("manzanita." + key, value);
    } catch (error) {
      /* storage may be closed in a private window: the choice lasts for this page */
    }
  }
  function recall(key) {
    try {
      return localStorage.getItem("manzanita." + key);
    } catch (error) {
      return null;
    }
  }
  function announce(words) {
    const place = $("#announce");
    if (place) place.textContent = words;
  }

  /* ---------- Keys ---------- */
  let keysOn = recall("keys") !== "off";
  let afterG = 0;

  function isTyping(target) {
    return !!target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog[open]");
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return closeMenus(true);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) return;
    const row = event.target.closest("[data-row]");
    if (event.key === "ArrowDown" && row) return stepRow(event, 1);
    if (event.key === "ArrowUp" && row) return stepRow(event, -1);
    if (event.key === "Enter" && event.target === row) return openRow(event, row);
    if (!keysOn) return;

    if (Date.now() - afterG < 1500) {
      afterG = 0;
      const entry = $('.rail a[data-go="' + CSS.escape(event.key) + '"]');
      if (entry) {
        event.preventDefault();
        entry.click();
      }
      return;
    }
    switch (event.key) {
      case "/": {
        const search = $("#frame-search");
        if (search) {
          event.preventDefault();
          search.focus();
          search.select();
        }
        break;
      }
      case "?":
        event.preventDefault();
        openDialog("keys", document.activeElement);
        break;
      case "g":
        afterG = Date.now();
        break;
      case "f":
        toFields(event);
        break;
      case "j":
        stepRow(event, 1);
        break;
      case "k":
        stepRow(event, -1);
        break;
      case "x":
        if (row) {
          const box = $("[data-select]", row);
          if (box) box.click();
        }
        break;
      case "e":
        if (row) openRow(event, row);
        break;
    }
  });

  /* The first field of the record; on another part of it the first thing under the tabs that can be reached. */
  function toFields(event) {
    const tabs = $(".student .tabs");
    if (!tabs) return;
    const first = $(".layers .hist") || $$("main a[href], main button, main input, main select, main summary").find((one) =>
      (tabs.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) && !tabs.contains(one) && one.checkVisibility()
    );
    if (!first) return;
    event.preventDefault();
    first.focus({ preventScroll: true });
    first.scrollIntoView({ block: "nearest" });
  }

  $$("[data-keys-toggle]").forEach((box) => {
    box.checked = keysOn;
    box.addEventListener("change", () => {
      keysOn = box.checked;
      remember("keys", keysOn ? "on" : "off");
      $$("[data-keys-toggle]").forEach((other) => { other.checked = keysOn; });
    });
  });

  /* ---------- Rows of a list ---------- */
  function stepRow(event, by) {
    const rows = $$("[data-list] [data-row]");
    if (!rows.length) return;
    event.preventDefault();
    const here = rows.indexOf(document.activeElement.closest("[data-row]"));
    const next = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by))];
    rows.forEach((row) => row.setAttribute("tabindex", row === next ? "0" : "-1"));
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  function openRow(event, row) {
    const link = $("[data-open]", row) || $("a[href]", row);
    if (link) {
      event.preventDefault();
      link.click();
    }
  }

  /* ---------- Selection and the batch bar ---------- */
  function scopeOf(bar) {
    return (bar.dataset.for && document.getElementById(bar.dataset.for)) || bar.closest("form") || document;
  }
  function showSelection() {
    $$("[data-select]").forEach((box) => {
      const row = box.closest("tr");
      if (row) row.classList.toggle("sel", box.checked);
    });
    $$("[data-select-all]").forEach((all) => {
      const boxes = $$("[data-select]", all.closest("table") || document);
      const chosen = boxes.filter((box) => box.checked).length;
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    });
    $$("[data-batch]").forEach((bar) => {
      const chosen = $$("[data-select]:checked", scopeOf(bar)).length;
      const count = $("[data-batch-count]", bar);
      if (count) count.textContent = String(chosen);
      bar.hidden = chosen === 0;
    });
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) {
      $$("[data-select]", event.target.closest("table") || document).forEach((box) => { box.checked = event.target.checked; });
    }
    /* A value belongs to its field: choosing it marks the field. */
    if (event.target.matches("[data-marks]")) {
      const mark = $$('input[type="radio"]', event.target.form).find((radio) => radio.value === event.target.dataset.marks);
      if (mark) mark.checked = true;
    }
    if (event.target.matches("[data-select], [data-select-all]")) {
      showSelection();
      const chosen = $$("[data-select]:checked").length;
      announce(chosen === 0 ? "None selected" : chosen + " selected");
    }
  });

  /* ---------- Menus, dialogs, refused actions ---------- */
  function closeMenus(andFocus, except) {
    $$("details.menu[open]").forEach((menu) => {
      if (menu === except) return;
      const hadFocus = menu.contains(document.activeElement);
      menu.open = false;
      if (andFocus && hadFocus) $("summary", menu).focus();
    });
  }
  let dialogOpener = null;
  function openDialog(id, opener) {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    dialogOpener = opener;
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialogOpener && dialogOpener.isConnected) dialogOpener.focus();
    }, { once: true });
  }
  document.addEventListener("click", (event) => {
    closeMenus(false, event.target.closest("details.menu"));
    const opener = event.target.closest("[data-open-dialog]");
    if (opener) openDialog(opener.dataset.openDialog, opener);
    const closer = event.target.closest("[data-close-dialog]");
    if (closer) closer.closest("dialog").close();
    if (event.target.closest('[aria-disabled="true"]')) event.preventDefault();
    if (event.target.closest("[data-select-none]")) {
      $$("[data-select]:checked").forEach((box) => { box.checked = false; });
      showSelection();
      announce("None selected");
    }
    if (event.target.closest("[data-print]")) window.print();
  });

  /* ---------- Several lines pasted into the search box: a list of students, not a search ---------- */
  document.addEventListener("paste", (event) => {
    const lines = $("#frame-pasted");
    if (!lines || event.target.id !== "frame-search" || !event.clipboardData) return;
    const text = event.clipboardData.getData("text/plain");
    const count = text.split(/\r\n|\r|\n/).filter((line) => line.trim()).length;
    if (count < 2) return;
    event.preventDefault();
    lines.value = text;
    $("[data-pasted-count]").textContent = String(count);
    openDialog("pasted-lines", event.target);
    $("#pasted-lines .primary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-pasted-first]")) return;
    const search = $("#frame-search");
    search.value = $("#frame-pasted").value.split(/\r\n|\r|\n/).find((line) => line.trim()).trim();
    search.form.requestSubmit();
  });

  /* ---------- Theme ---------- */
  function showTheme(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    $$("[data-theme-set]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    });
  }
  showTheme(document.documentElement.dataset.theme || "auto");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    remember("theme", button.dataset.themeSet);
    showTheme(button.dataset.themeSet);
  });

  /* ---------- Time line: the trace stands below the drawing ---------- */
  function showTrace(item) {
    const box = item.closest("[data-timeline]");
    const place = box && $("[data-trace-line]", box);
    if (!place) return;
    const lead = document.createElement("b");
    lead.textContent = item.dataset.lead || "";
    place.replaceChildren(...(item.dataset.lead ? [lead, " "] : []), item.dataset.trace);
    $$(".on", box).forEach((other) => other.classList.remove("on"));
    item.classList.add("on");
  }
  ["mouseover", "focusin"].forEach((kind) => {
    document.addEventListener(kind, (event) => {
      const item = event.target.closest && event.target.closest("[data-trace]");
      if (item) showTrace(item);
    });
  });

  /* ---------- Saving ---------- */
  const unsaved = new Map(); // field id -> {values, tries, timer}; memory only, never browser storage
  const WAITS = [2, 4, 8, 15, 30, 60]; // seconds between tries

  function sinceWords(seconds) {
    if (seconds < 60) return Math.max(0, Math.round(seconds)) + " s ago";
    if (seconds < 3600) return Math.round(seconds / 60) + " min ago";
    return Math.round(seconds / 3600) + " h ago";
  }
  function tickSaved() {
    $$("[data-saved-at]").forEach((badge) => {
      const at = Date.parse(badge.dataset.savedAt);
      const text = $("[data-saved-text]", badge);
      if (!text || Number.isNaN(at)) return;
      const words = "Saved " + sinceWords((Date.now() - at) / 1000);
      if (text.textContent !== words) text.textContent = words;
      badge.setAttribute("aria-live", "off"); // spoken once by announce(), not at each tick
    });
  }
  setInterval(tickSaved, 1000);

  function keyOf(control) {
    return control.id || control.name;
  }
  function fieldOf(control) {
    return control.closest("[data-field]") || control.parentElement;
  }
  function showUnsaved() {
    const band = $("[data-unsaved-band]");
    if (!band) return;
    band.hidden = unsaved.size === 0;
    $("[data-unsaved-count]", band).textContent = unsaved.size === 1 ? "1 field waits." : unsaved.size + " fields wait.";
  }
  function markFailed(control) {
    const key = keyOf(control);
    const state = unsaved.get(key) || { tries: 0, timer: 0 };
    state.control = control;
    state.value = control.type === "checkbox" ? control.checked : control.value;
    const wait = WAITS[Math.min(state.tries, WAITS.length - 1)];
    state.tries += 1;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => retry(key), wait * 1000);
    unsaved.set(key, state);
    const field = fieldOf(control);
    field.classList.add("unsaved");
    const place = $(".fsave", field);
    if (place) place.textContent = "Not saved, will retry";
    showUnsaved();
  }
  function retry(key) {
    const state = unsaved.get(key);
    if (!state) return;
    // A swap may have replaced the control: the text that was typed goes back into the new one.
    const found = document.getElementById(key) || state.control;
    if (found !== state.control) {
      if (found.type === "checkbox") found.checked = state.value;
      else found.value = state.value;
      state.control = found;
    }
    if (found.isConnected && window.htmx) window.htmx.trigger(found, "change");
  }
  function settle(control) {
    const key = keyOf(control);
    const state = unsaved.get(key);
    if (state) clearTimeout(state.timer);
    const wasWaiting = unsaved.delete(key);
    showUnsaved();
    return wasWaiting;
  }
  function markSaved(control) {
    if (settle(control)) announce("Saved");
    fieldOf(control).classList.remove("unsaved");
    $$("[data-saved-text]").forEach((text) => { text.parentElement.dataset.savedAt = new Date().toISOString(); });
    tickSaved();
  }
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-autosave]")) fieldOf(event.target).classList.add("dirty");
  });
  /* A part of the page that is fetched again keeps what was typed into it after it was asked for. */
  const typedAt = new WeakMap();
  const askedAt = new WeakMap();
  const typedSince = new WeakMap();
  ["input", "change"].forEach((kind) => {
    document.addEventListener(kind, (event) => typedAt.set(event.target, performance.now()), true);
  });
  document.addEventListener("htmx:beforeSend", (event) => askedAt.set(event.detail.xhr, performance.now()));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asked = askedAt.get(event.detail.xhr);
    const kept = $$("input[name], select[name], textarea[name]", event.detail.target)
      .filter((control) => typedAt.get(control) > asked && control.type !== "radio" && control.type !== "checkbox")
      .map((control) => [control.name, control.value]);
    typedSince.set(event.detail.xhr, [event.detail.target.id, kept]);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const [id, kept] = typedSince.get(event.detail.xhr) || ["", []];
    const place = id && document.getElementById(id);
    if (!place) return;
    kept.forEach(([name, value]) => {
      const control = $('[name="' + CSS.escape(name) + '"]', place);
      if (control) control.value = value;
    });
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const control = event.detail.elt;
    if (!control.matches("[data-autosave]")) return;
    if (event.detail.xhr.status === 409 || event.detail.xhr.status === 422) {
      // Refused for good, in words beside the field: the same text tried again would be refused again.
      settle(control);
    } else if (event.detail.successful) {
      fieldOf(control).classList.remove("dirty");
      markSaved(control);
    }
  });
  /* A page from before a new sign-in has an old token. The refusal tells today's and who is signed in: the same
     person's page takes it over and sends again by itself; for somebody else nothing is sent, and all is kept. */
  const sentAgain = new WeakSet();
  function refusedToken(xhr) {
    if (!xhr || xhr.status !== 403) return null;
    try {
      const told = JSON.parse(xhr.responseText);
      return told && told.token ? told : null;
    } catch (error) {
      return null;
    }
  }
  function takeToken(token) {
    $$('meta[name="csrf-token"]').forEach((meta) => { meta.content = token; });
    $$('input[name="csrfmiddlewaretoken"]').forEach((input) => { input.value = token; });
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }
  function answerToOldToken(event) {
    const told = refusedToken(event.detail.xhr);
    if (!told) return false;
    const control = event.detail.elt;
    const isSaving = control.matches("[data-autosave]");
    const isSame = told.person !== undefined && String(told.person) === document.body.dataset.person;
    if (isSaving) markFailed(control);
    let words = "You are signed out: not saved. Sign in again in another tab; this is kept and tried again.";
    if (isSame) {
      words = "You signed in again elsewhere: saving once more.";
      takeToken(told.token);
    } else if (told.person !== undefined) {
      words = told.name + " is signed in here now: not saved. Sign in as yourself in another tab; this is kept and tried again.";
    }
    const place = isSaving && $(".fsave", fieldOf(control));
    if (place) place.textContent = words;
    announce(words);
    if (isSame && !sentAgain.has(control)) {
      sentAgain.add(control);
      const cause = event.detail.requestConfig.triggeringEvent;
      if (isSaving) setTimeout(() => retry(keyOf(control)), 0);
      else if (cause) setTimeout(() => window.htmx.trigger(control, cause.type), 0);
    }
    return true;
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) sentAgain.delete(event.detail.elt);
  });
  document.addEventListener("manzanita:token", (event) => takeToken(event.detail));

  /* A session that is locked or over: session.js covers the page; what was asked for is asked again after that. */
  const LOCKED_WORDS = {
    locked: "Locked: not saved yet. It is saved when you unlock.",
    second_factor: "A second step is needed: not saved yet. It is saved after that.",
  };
  const stopped = new Map(); // element -> the kind of event that it answers to
  function answerToLock(event) {
    const xhr = event.detail.xhr;
    if (!xhr || (xhr.status !== 423 && xhr.status !== 401)) return false;
    let told = { state: "ended" };
    try {
      told = JSON.parse(xhr.responseText);
    } catch (error) {
      /* an answer in other words: it is over all the same */
    }
    const control = event.detail.elt;
    const cause = event.detail.requestConfig.triggeringEvent;
    if (control.matches("[data-autosave]")) {
      markFailed(control);
      const place = $(".fsave", fieldOf(control));
      if (place) place.textContent = LOCKED_WORDS[told.state] || "You are signed out: not saved. It is kept, and saved when you are back.";
    } else if (cause) {
      stopped.set(control, cause.type);
    }
    document.dispatchEvent(new CustomEvent("manzanita:locked", { detail: told }));
    return true;
  }
  document.addEventListener("manzanita:unlocked", () => {
    Array.from(unsaved.keys()).forEach(retry);
    stopped.forEach((kind, control) => { if (control.isConnected) window.htmx.trigger(control, kind); });
    stopped.clear();
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((kind) => {
    document.addEventListener(kind, (event) => {
      const control = event.detail.elt;
      if (control && (answerToLock(event) || answerToOldToken(event))) return;
      if (control && control.matches("[data-autosave]")) markFailed(control);
      else announce("That did not work. Nothing was changed. Try again.");
    });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-retry-now]")) Array.from(unsaved.keys()).forEach(retry);
  });
  window.addEventListener("online", () => Array.from(unsaved.keys()).forEach(retry));
  window.addEventListener("beforeunload", (event) => {
    if (unsaved.size || $(".dirty [data-autosave]")) event.preventDefault();
  });

  /* ---------- Files ---------- */
  ["dragover", "dragleave", "drop"].forEach((kind) => {
    document.addEventListener(kind, (event) => {
      const box = event.target.closest && event.target.closest("[data-drop]");
      if (box) box.classList.toggle("over", kind === "dragover");
    });
  });
  document.addEventListener("change", (event) => {
    const box = event.target.closest("[data-drop]");
    const names = box && $("[data-drop-names]", box);
    if (names) names.textContent = Array.from(event.target.files).map((file) => file.name).join(", ");
  });

  /* ---------- Time that runs out: counted from when the page came, so a wrong clock here changes nothing ---------- */
  const cameAt = performance.now();
  function tickLeft() {
    $$("[data-seconds-left]").forEach((place) => {
      const seconds = Math.max(0, place.dataset.secondsLeft - (performance.now() - cameAt) / 1000);
      const minutes = Math.floor(seconds / 60) % 60;
      const hours = Math.floor(seconds / 3600);
      const words = hours ? hours + " h " + minutes + " min left" : minutes ? minutes + " min left" : "less than a minute left";
      place.textContent = seconds > 0 ? words : "over";
    });
  }
  if ($("[data-seconds-left]")) setInterval(tickLeft, 15000);

  /* ---------- After each swap ---------- */
  function ready() {
    const first = $("[data-list] [data-row]");
    if (first && !$("[data-list] [data-row][tabindex='0']")) {
      $$("[data-list] [data-row]").forEach((row) => row.setAttribute("tabindex", row === first ? "0" : "-1"));
    }
    showSelection();
    tickSaved();
  }
  document.addEventListener("htmx:afterSettle", ready);
  ready();
  /* After a search one goes on from what was found, not from the top of the page; nothing scrolls. */
  const found = $("[data-found]");
  if (found && document.activeElement === document.body) {
    const place = $("[data-row]", found) || $("h1");
    if (!place.hasAttribute("tabindex")) place.setAttribute("tabindex", "-1");
    place.focus({ preventScroll: true });
  }
})();
