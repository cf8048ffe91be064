import { html } from "./html.js";
import { page } from "./page.js";

/** @param problem why the last try opened nothing */
export function loginPage(problem: string | null): string {
  return page(
    "Log in",
    html`<main>
      <h1>labelfleet</h1>
      <form method="post" action="/login">
        <label for="token">Token (LABELFLEET_DASHBOARD_TOKEN of the server)</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
        ${problem === null ? "" : html`<p role="alert" class="bad">${problem}</p>`}
        <button type="submit">Log in</button>
      </form>
    </main>`,
  );
}
