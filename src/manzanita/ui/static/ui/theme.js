/* Sets the chosen theme before the first paint, so that a dark page never flashes white.
   Loaded without defer; everything else is in manzanita.js. */
(function () {
  "use strict";
  try {
    var theme = localStorage.getItem("manzanita.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    /* storage may be closed in a private window: the system theme is used */
  }
})();
