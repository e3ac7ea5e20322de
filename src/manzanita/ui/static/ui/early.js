/* What is typed or chosen before the other scripts have come is not lost: each such control says once more that it
   changed, when there is somebody who hears it. Loaded without defer. */
(function () {
  "use strict";
  const kinds = ["input", "change"];
  const changed = new Set();
  const note = (event) => changed.add(event.target);
  kinds.forEach((kind) => document.addEventListener(kind, note, true));
  document.addEventListener("htmx:load", () => {
    kinds.forEach((kind) => document.removeEventListener(kind, note, true));
    changed.forEach((control) => {
      if (control.isConnected) control.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }, { once: true });
})();
