// node screenshots.mjs PAGES PICTURES [PART-OF-NAME...]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./chromium.mjs";
import { samples, visit, widths } from "./samples.mjs";

const [pages, pictures, ...filters] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const browser = await launch();
let count = 0;
await visit(browser, pages, samples(pages, filters), Object.keys(widths), async (page, name, width) => {
  await page.screenshot({ path: join(pictures, `${name}.${width}.png`), fullPage: true });
  count += 1;
});
await browser.close();
console.log(`${count} pictures`);
