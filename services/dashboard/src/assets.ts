/** The page's own stylesheet and script, served as files so that the content security policy needs no exception. */
export const styleCss = `:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --line: #d8dce3; --text: #1b1f27; --quiet: #5a6372;
  --accent: #2f5fd0; --good: #17703a; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171c; --card: #1d2128; --line: #333a45; --text: #e6e9ee; --quiet: #9aa4b2;
    --accent: #8ab0ff; --good: #6fd08f; --bad: #ff9a92;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1.5rem; }
h1 { margin: 0; font-size: 1.25rem; }
nav { display: flex; gap: 1rem; }
a { color: var(--accent); }
a[aria-current] { color: inherit; text-decoration: none; font-weight: 600; }
.fleet, .empty { color: var(--quiet); }
article, .login form { margin: 0 0 1rem; padding: 1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
h2 { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.25rem 1rem; margin: 0; font-size: 1rem; }
.uri { overflow-wrap: anywhere; min-width: 0; }
.state { font-weight: 600; white-space: nowrap; }
.busy { color: var(--accent); } .good { color: var(--good); } .bad { color: var(--bad); }
[data-stale] { opacity: 0.5; }
progress { width: 100%; height: 0.75rem; margin: 0.75rem 0; accent-color: var(--accent); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 0.5rem 1rem; margin: 0; }
dt { color: var(--quiet); font-size: 0.8125rem; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.login { max-width: 24rem; margin: 15vh auto 0; }
.login form { display: grid; gap: 0.75rem; margin-top: 1rem; }
.login p { margin: 0; }
input, button { min-height: 2.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--line); border-radius: 0.375rem;
  background: var(--ground); color: inherit; font: inherit; }
button { border-color: var(--accent); color: var(--accent); font-weight: 600; cursor: pointer; }
`;

export const refreshJs = `const everyMs = 2000;
const fleet = document.getElementById("fleet");
async function refresh() {
  try {
    const response = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (response.redirected) return location.reload();
    const next = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("fleet");
    if (!response.ok || !next) throw new Error("no page");
    fleet.replaceChildren(...next.childNodes);
    fleet.removeAttribute("data-stale");
  } catch {
    fleet.setAttribute("data-stale", "");
  }
  setTimeout(refresh, everyMs);
}
setTimeout(refresh, everyMs);
`;
