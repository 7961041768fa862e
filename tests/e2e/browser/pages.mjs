// Looks at every sample page, in each language and width (a theme changes only colours): nothing sticks out, everything can be pressed, every field has a name.
import assert from "node:assert/strict";
import { step, story, wanted } from "../lib/report.mjs";
import { launch } from "./chromium.mjs";
import { samples, visit, widths } from "./samples.mjs";

const folder = wanted("PAGES");
let browser;

/** Runs inside the page: what is wrong with it. */
function faults() {
  const wrong = [];
  const box = document.scrollingElement;
  if (box.scrollWidth > innerWidth + 1) wrong.push(`scrolls sideways: ${box.scrollWidth} > ${innerWidth}`);
  const seen = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  for (const control of document.querySelectorAll("button, input:not([type=hidden]), select, textarea")) {
    if (!seen(control) || control.closest("[aria-hidden=true]") || control.ariaHidden === "true") continue;
    const { width, height } = control.getBoundingClientRect();
    const label = control.labels?.[0]?.textContent ?? control.ariaLabel ?? (control.getAttribute("aria-labelledby") ? "by id" : control.textContent);
    if (!label.trim()) wrong.push(`no name: ${control.outerHTML.slice(0, 120)}`);
    if (!["checkbox", "radio"].includes(control.type) && (width < 24 || height < 24)) wrong.push(`too small (${Math.round(width)} x ${Math.round(height)}): ${control.outerHTML.slice(0, 120)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) wrong.push(`twice the same id: ${id}`);
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not exactly one h1");
  if (!document.title.trim()) wrong.push("no title");
  if (document.querySelector("script:not([src]), style, [style], [onclick], [onload], [onsubmit]")) wrong.push("inline script or style, which the policy forbids");
  for (const image of document.images) if (!image.complete || image.naturalWidth === 0) wrong.push(`a picture that does not load: ${image.src}`);
  return wrong;
}

await story(
  async () => {
    await step("every sample page in each language and width", async () => {
      browser = await launch();
      const names = samples(folder, [".light"]);
      assert.ok(names.length > 50, `only ${names.length} pages`);
      const wrong = [];
      await visit(browser, folder, names, Object.keys(widths), async (page, name, width) => {
        for (const fault of await page.evaluate(faults)) wrong.push(`${name} (${width}): ${fault}`);
      });
      assert.deepEqual(wrong.slice(0, 40), [], `${wrong.length} faults`);
    });
  },
  async () => browser?.close(),
);
