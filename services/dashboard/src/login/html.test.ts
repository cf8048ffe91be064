import { expect, test } from "vitest";
import { html } from "./html.js";

test("values are escaped, in text and in quoted attributes", () => {
  const key = `"><script>alert('x')</script>&`;
  expect(html`<a title="${key}">${key}</a>`.text).toBe(
    `<a title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;</a>`,
  );
});

test("templates nest without being escaped twice", () => {
  expect(html`<ul>${["<a>", "b"].map((name) => html`<li>${name}</li>`)}</ul>`.text).toBe(
    "<ul><li>&lt;a&gt;</li><li>b</li></ul>",
  );
});
