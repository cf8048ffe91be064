import { html } from "./html.js";
import { page } from "./page.js";

export function loginPage(options: { wasWrong: boolean }): string {
  return page(
    "Log in",
    html`<main>
      <h1>labelfleet</h1>
      <form method="post" action="/login">
        <label for="token">Token (LABELFLEET_DASHBOARD_TOKEN of the server)</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
        ${options.wasWrong ? html`<p role="alert" class="bad">This is not the token.</p>` : ""}
        <button type="submit">Log in</button>
      </form>
    </main>`,
  );
}
