export type Theme = "system" | "light" | "dark";

const KEY = "theme";
const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

function paint(): void {
  const theme = chosenTheme();
  const isDark = theme === "dark" || (theme === "system" && dark().matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  paint();
}

/** Paints now, and again when the system changes its mind. */
export function startTheme(): void {
  paint();
  dark().addEventListener("change", paint);
}
