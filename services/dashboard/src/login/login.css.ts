/** The stylesheet of the login page: the only page that is made here and not by Vite, because it comes before the token. */
export const loginCss = `:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --line: #d5dae2; --text: #1a1f29; --accent: #2457c5; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #12151a; --card: #1a1e25; --line: #343b47; --text: #e6e9ee; --accent: #8fb3ff; --bad: #ff9a92; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 15vh auto 0; }
h1 { margin: 0; font-size: 1.25rem; }
form { display: grid; gap: 0.75rem; margin: 1rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
p { margin: 0; }
.bad { color: var(--bad); }
input, button { min-height: 2.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--line); border-radius: 0.375rem;
  background: var(--ground); color: inherit; font: inherit; }
button { border-color: var(--accent); color: var(--accent); font-weight: 600; cursor: pointer; }
`;
