import { type Html, html } from "./html.js";

/** The frame of a page that is made here. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title} · labelfleet</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/login.css">
  </head>
  <body>${body}</body>
</html>
`.text;
}
