/* The life of a session on a page: it warns before a limit, covers the page when the session is locked, takes what it
   shows out of the document when the session is over, and goes on when it is open again for the same person. Nothing
   typed is lost; what waits is sent when "manzanita:unlocked" is told. */
(function () {
  "use strict";

  const $ = (selector, root) => (root || document).querySelector(selector);
  const lock = $("#lock");
  if (!lock) return;
  const band = $("[data-session-band]");
  const me = lock.dataset.person;
  const title = document.title;
  const idle = Number(lock.dataset.idle) * 1000;
  const ask_every = 5000;

  let absoluteEnd = Date.now() + Number(lock.dataset.absoluteLeft) * 1000;
  let idleEnd = Date.now() + Number(lock.dataset.idleLeft) * 1000;
  let usedAt = Date.now();
  let toldAt = Date.now();
  let lastAsked = 0;
  let isLocked = false;

  function token() {
    const meta = $('meta[name="csrf-token"]');
    return meta ? meta.content : "";
  }
  async function ask(method, address, body) {
    lastAsked = Date.now();
    const headers = { Accept: "application/json", "X-Background": "1" };
    if (method === "POST") headers["X-CSRFToken"] = token();
    const answer = await fetch(address, { method, body, headers });
    return { status: answer.status, told: await answer.json() };
  }
  const isMine = (told) => told.state === "open" && String(told.person) === me;

  function takeOver(told) {
    idleEnd = Date.now() + told.idle_left * 1000;
    absoluteEnd = Date.now() + told.absolute_left * 1000;
    toldAt = Date.now();
    document.dispatchEvent(new CustomEvent("manzanita:token", { detail: told.token }));
  }

  /* ---------- Covered and uncovered ---------- */
  const REASONS = {
    locked: "Nobody used this page for a while.",
    second_factor: "Your perspective reaches further now, which needs a second step.",
    ended: "Your sign-in is over.",
    nobody: "You are not signed in any more.",
  };
  let taken = null; // what stood on the page of a session that is over: [node, the node after it], in order
  let modals = [];
  let focused = null;
  function takeOut() {
    if (taken) return;
    modals = Array.from(document.querySelectorAll("dialog:modal")).filter((one) => one !== lock);
    focused = document.activeElement;
    taken = Array.from(document.body.childNodes)
      .filter((node) => node !== lock && node.nodeName !== "SCRIPT")
      .map((node) => [node, node.nextSibling]);
    taken.forEach(([node]) => node.remove());
  }
  function putBack() {
    if (!taken) return;
    taken.reverse().forEach(([node, next]) => document.body.insertBefore(node, next));
    taken = null;
    modals.forEach((one) => {
      one.removeAttribute("open");
      one.showModal();
    });
    if (focused && focused.isConnected) focused.focus();
    // What asks by itself has stopped asking while it was away.
    document.querySelectorAll('[hx-trigger^="every"]').forEach((place) => {
      window.htmx.ajax("GET", place.getAttribute("hx-get"), { target: place, swap: place.getAttribute("hx-swap") });
    });
  }
  function cover(told) {
    const other = told.person !== undefined && String(told.person) !== me;
    const canUnlock = told.state === "locked" && !other;
    $("[data-lock-why]", lock).textContent = other
      ? told.name + " is signed in here now. Sign in as yourself to go on with this page."
      : REASONS[told.state] || REASONS.nobody;
    document.querySelectorAll("#lock [data-unlock], #lock [data-unlock-passkey]").forEach((form) => {
      form.hidden = !canUnlock;
    });
    if (told.way_back) $("[data-way-back]", lock).href = told.way_back;
    if (!["locked", "second_factor"].includes(told.state) || other) takeOut();
    if (isLocked) return;
    isLocked = true;
    document.title = "Locked · Manzanita";
    say("");
    lock.showModal();
    const first = $("form:not([hidden]) input:not([hidden]), form:not([hidden]) button, a", lock);
    if (first) first.focus();
  }
  function uncover(told) {
    takeOver(told);
    if (!isLocked) return;
    isLocked = false;
    document.title = title;
    const password = $("#lock-password");
    if (password) password.value = "";
    lock.close();
    putBack();
    // Chromium gives the focus back to the control under another dialog, but its keys go nowhere until it is focused anew.
    const back = document.activeElement;
    if (back && back !== document.body) {
      back.blur();
      back.focus();
    }
    document.dispatchEvent(new CustomEvent("manzanita:unlocked"));
  }
  lock.addEventListener("cancel", (event) => event.preventDefault());
  lock.addEventListener("keydown", (event) => {
    if (event.key === "Escape") event.preventDefault();
  });
  lock.addEventListener("close", () => {
    if (isLocked) lock.showModal();
  });
  document.addEventListener("manzanita:locked", (event) => cover(event.detail));

  async function check() {
    try {
      const { told } = await ask("GET", lock.dataset.state);
      if (isMine(told)) uncover(told);
      else cover(told);
    } catch (error) {
      /* no answer: the next check asks again, and a limit that has passed here has passed all the same */
      if (Date.now() >= absoluteEnd) cover({ state: "ended" });
      else if (Date.now() >= idleEnd && !isLocked) cover({ state: "locked" });
    }
  }

  /* ---------- Unlocking ---------- */
  function say(words) {
    const place = $("[data-lock-error]", lock);
    place.textContent = words;
    place.hidden = !words;
  }
  async function unlock(address, body) {
    say("");
    try {
      // The token of the page may be older than the one that the browser has by now.
      const before = await ask("GET", lock.dataset.state);
      document.dispatchEvent(new CustomEvent("manzanita:token", { detail: before.told.token }));
      if (before.told.state !== "locked") return check();
      const { status, told } = await ask("POST", address, body);
      if (status === 200 && isMine(told)) return uncover(told);
      if (told.error) say(told.error);
      else cover(told);
    } catch (error) {
      say("The server did not answer. Try again; what you typed is kept.");
    }
  }
  const byPassword = $("[data-unlock]", lock);
  if (byPassword) {
    byPassword.addEventListener("submit", async (event) => {
      event.preventDefault();
      const password = $("#lock-password");
      await unlock(byPassword.action, new URLSearchParams({ password: password.value }));
      password.value = "";
    });
  }
  const byPasskey = $("[data-unlock-passkey]", lock);
  if (byPasskey) {
    byPasskey.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const credential = await window.manzanitaPasskey.use(byPasskey.dataset.options);
        await unlock(byPasskey.action, new URLSearchParams({ credential }));
      } catch (error) {
        say(window.manzanitaPasskey.words(error));
      }
    });
  }

  /* ---------- Before a limit ---------- */
  function warn(left) {
    const isEnd = absoluteEnd <= idleEnd;
    const soon = left < Math.min(300000, isEnd ? 300000 : idle / 6);
    if (soon) {
      const minutes = left > 60000 ? "About " + Math.ceil(left / 60000) + " minutes are left." : "Less than a minute is left.";
      $("[data-session-what]", band).textContent = isEnd ? "Your sign-in ends soon." : "This page is locked soon.";
      const place = $("[data-session-left]", band);
      if (place.textContent !== minutes) place.textContent = minutes;
      $("[data-stay]", band).hidden = isEnd;
    }
    if (band.hidden === soon) band.hidden = !soon;
  }
  async function stay() {
    toldAt = Date.now();
    try {
      const { status, told } = await ask("POST", band.dataset.keepAlive);
      if (status === 200 && isMine(told)) takeOver(told);
      else await check();
    } catch (error) {
      /* no answer, or an old token: asking at the limit tells more */
    }
  }
  function tick() {
    const now = Date.now();
    const left = Math.min(idleEnd, absoluteEnd) - now;
    if (isLocked || left <= 0) {
      if (now - lastAsked >= (isLocked ? ask_every : 1000)) check();
      return;
    }
    // Typing into a page that saves nothing by itself is work all the same.
    if (usedAt > toldAt && now - toldAt > Math.min(300000, idle / 4)) stay();
    warn(left);
  }
  ["keydown", "pointerdown", "input"].forEach((kind) => {
    document.addEventListener(kind, () => { usedAt = Date.now(); }, { capture: true, passive: true });
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.triggeringEvent) event.detail.headers["X-Background"] = "1";
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const config = event.detail.requestConfig;
    if (!event.detail.successful || (config && config.headers["X-Background"])) return;
    toldAt = Date.now();
    idleEnd = Date.now() + idle;
  });
  $("[data-stay]", band).addEventListener("click", stay);
  // Another tab may have ended the session in the meantime.
  ["focus", "pageshow"].forEach((kind) => window.addEventListener(kind, check));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
  setInterval(tick, 1000);
  tick();
})();
