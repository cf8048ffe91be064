import { session } from "../api";
import { isLive } from "../live";
import { route } from "../router";
import { chooseTheme, theme, themes } from "../theme";
import { Link } from "./link";

const themeNames = { system: "System", light: "Light", dark: "Dark" } as const;

export function TopBar() {
  return (
    <header class="top-bar">
      <Link href="/" class="wordmark">
        <img src="/icon.svg" alt="" width="24" height="24" />
        labelfleet
      </Link>
      <nav aria-label="Pages">
        <Link href="/" current={route.value.page === "overview"}>
          Overview
        </Link>
        <a href="/queues/">Queues</a>
      </nav>
      <p class={isLive.value ? "live" : "live lost"} role="status">
        {isLive.value ? "Live" : "Reconnecting …"}
      </p>
      {session.value?.canLogOut && (
        <form method="post" action="/logout">
          <button type="submit" class="small">
            Log out
          </button>
        </form>
      )}
      <label class="theme">
        <span class="visually-hidden">Colours</span>
        <select
          value={theme.value}
          onChange={(event) => chooseTheme(themes.find((name) => name === event.currentTarget.value) ?? "system")}
        >
          {themes.map((name) => (
            <option key={name} value={name}>
              {themeNames[name]}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}
