// Every sample page, light and dark, against the rules of WCAG 2.2 AA that a machine can check (axe-core): no findings.
import assert from "node:assert/strict";
import axe from "axe-core";
import { step, story, wanted } from "../lib/report.mjs";
import { launch } from "./chromium.mjs";
import { samples, visit } from "./samples.mjs";

const folder = wanted("PAGES");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
let browser;

/** Runs inside the page. */
async function findings(values) {
  const { violations } = await window.axe.run(document, { resultTypes: ["violations"], runOnly: { type: "tag", values } });
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)}${node.any[0] ? ` (${node.any[0].message})` : ""}`));
}

await story(
  async () => {
    browser = await launch();
    await step("accessible: what is wrong is found", async () => {
      const page = await browser.newPage();
      await page.setContent('<title>x</title><p style="color: #999; background: #fff">pale</p><input><img src="data:,">');
      await page.evaluate(axe.source);
      const found = (await page.evaluate(findings, rules)).map((finding) => finding.split(":")[0]);
      for (const rule of ["color-contrast", "label", "image-alt", "html-has-lang"]) assert.ok(found.includes(rule), `${rule}: ${found}`);
    });
    // Languages differ in words only: the longest on a phone, another on a desktop.
    for (const [theme, width, locale] of [["light", "phone", "ru"], ["dark", "desktop", "en"]]) {
      await step(`accessible: every sample page, ${theme}`, async () => {
        const wrong = [];
        const names = samples(folder, [`.${locale}.`, `.${theme}`]);
        assert.ok(names.length > 50, `only ${names.length} pages`);
        await visit(browser, folder, names, [width], async (page, name) => {
          await page.evaluate(axe.source);
          for (const finding of await page.evaluate(findings, rules)) wrong.push(`${name} (${width}): ${finding}`);
        });
        assert.deepEqual(wrong.slice(0, 40), [], `${wrong.length} findings`);
      });
    }
  },
  async () => browser?.close(),
);
