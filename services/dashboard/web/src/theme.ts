import { effect, signal } from "@preact/signals";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const storageName = "labelfleet-theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

export const theme = signal<Theme>(stored());
/** Grows whenever colours change: what is painted on a canvas is painted anew. */
export const paint = signal(0);

export function startTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    paint.value = paint.peek() + 1;
  });
  prefersDark.addEventListener("change", () => {
    paint.value++;
  });
}

export function chooseTheme(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(storageName, next);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function stored(): Theme {
  try {
    const name = localStorage.getItem(storageName);
    return themes.find((known) => known === name) ?? "system";
  } catch {
    return "system";
  }
}
