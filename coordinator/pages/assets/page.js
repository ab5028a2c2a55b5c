// The page itself: draws its charts, switches between light and dark, prints in light.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);

  function addSwitch() {
    const header = document.querySelector("header");
    if (!header) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "theme";
    const name = () => { button.textContent = isDark() ? "light" : "dark"; };
    button.title = "switch between light and dark";
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      name();
      window.SquallCharts.recolour();
    });
    dark.addEventListener("change", () => { name(); window.SquallCharts.recolour(); });
    name();
    header.append(button);
  }

  // Paper is white, and what is folded away cannot be opened on it.
  let before = null;
  window.addEventListener("beforeprint", () => {
    const folded = [...document.querySelectorAll("main details:not([open])")];
    before = { theme: root.dataset.theme, folded };
    folded.forEach((each) => { each.open = true; });
    root.dataset.theme = "light";
    window.SquallCharts.drawRest();
    window.SquallCharts.recolour();
    window.SquallCharts.resize(680);
  });
  window.addEventListener("afterprint", () => {
    if (before === null) return;
    before.folded.forEach((each) => { each.open = false; });
    if (before.theme === undefined) delete root.dataset.theme; else root.dataset.theme = before.theme;
    before = null;
    window.SquallCharts.recolour();
    window.SquallCharts.resize();
  });

  addSwitch();
  const data = document.getElementById("squall-charts");
  if (data) window.SquallCharts.drawAll(JSON.parse(data.textContent));
})();
