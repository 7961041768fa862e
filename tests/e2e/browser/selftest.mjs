// The browser itself: it starts, reaches *.localhost names here, and calls nobody else.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { step, story } from "../lib/report.mjs";
import { launch } from "./chromium.mjs";

let browser;
const server = createServer((request, answer) => answer.setHeader("content-type", "text/html").end(`<title>${request.headers.host}</title>`));
await story(
  async () => {
    await step("Chromium opens a page of a *.localhost name", async () => {
      await new Promise((done) => server.listen(0, "127.0.0.1", done));
      browser = await launch();
      const page = await browser.newPage();
      await page.goto(`http://cinema.localhost:${server.address().port}/`);
      assert.match(await page.title(), /^cinema\.localhost:/);
    });
    await step("Chromium reaches nobody else", async () => {
      const page = await browser.newPage();
      await assert.rejects(page.goto("http://example.com/"), /ERR_NAME_NOT_RESOLVED/);
    });
  },
  async () => {
    await browser?.close();
    server.close();
  },
);
