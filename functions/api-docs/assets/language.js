"use strict";
// Remembers the language that was chosen with `?lang`, and opens pages without it in that language.
(() => {
  const shown = document.documentElement.lang;
  try {
    if (new URLSearchParams(location.search).has("lang")) return localStorage.setItem("lang", shown);
    const chosen = localStorage.getItem("lang");
    if (chosen !== null && chosen !== shown) location.replace(`?lang=${encodeURIComponent(chosen)}${location.hash}`);
  } catch {
    // Without storage the language is that of the browser.
  }
})();
