// The sample pages as files, opened one after the other in a few tabs at once.
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

export const widths = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

export function samples(folder, filters = []) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".html")).sort();
  return names.map((name) => name.slice(0, -5)).filter((name) => filters.every((part) => name.includes(part)));
}

/** Calls `work(page, name, width)` for each sample and each of the widths named, four tabs at a time. */
export async function visit(browser, folder, names, looks, work) {
  const tasks = looks.flatMap((width) => names.map((name) => ({ name, width })));
  const tab = async () => {
    const context = await browser.newContext({ reducedMotion: "reduce" });
    const page = await context.newPage();
    for (let task = tasks.shift(); task; task = tasks.shift()) {
      await page.setViewportSize(widths[task.width]);
      await page.goto(pathToFileURL(resolve(folder, `${task.name}.html`)).href);
      await work(page, task.name, task.width);
    }
    await context.close();
  };
  await Promise.all(Array.from({ length: 4 }, tab));
}
