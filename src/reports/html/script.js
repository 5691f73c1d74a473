"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const shown = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  const label = () => {
    const next = shown() === "dark" ? "light" : "dark";
    button.textContent = `Switch to ${next} colors`;
  };
  // Some browsers keep nothing for files; the button works without.
  const kept = (value) => {
    try {
      if (value) localStorage.setItem("forebear-theme", value);
      return localStorage.getItem("forebear-theme");
    } catch {
      return null;
    }
  };
  const before = kept();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  button.addEventListener("click", () => {
    root.dataset.theme = shown() === "dark" ? "light" : "dark";
    kept(root.dataset.theme);
    label();
  });
  dark.addEventListener("change", label);
  label();
  button.hidden = false;

  const all = () => [...document.querySelectorAll("details")];
  const toggle = document.getElementById("unfold");
  const name = () => {
    toggle.textContent = all().every((one) => one.open) ? "Close all details" : "Open all details";
  };
  toggle.addEventListener("click", () => {
    const open = !all().every((one) => one.open);
    for (const one of all()) one.open = open;
    name();
  });
  name();
  toggle.hidden = false;

  // What is folded cannot be read on paper.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all().filter((one) => !one.open);
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
    closed = [];
  });
})();
