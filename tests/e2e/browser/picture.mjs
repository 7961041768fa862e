// node picture.mjs FILE.webp: the demo as the README shows it, its hub on a desk and a link page on a phone, after the whole story.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { demo } from "../lib/program.mjs";
import { launch } from "./chromium.mjs";
import { Visitor } from "./visitor.mjs";

const [file] = process.argv.slice(2);
/** Pictures in a README are loaded by everybody who looks at it. */
const largest = 190_000;

/** Runs inside a page: both pictures as one, small enough. */
async function together({ desk, phone, largest }) {
  const load = async (base64) => createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
  const [wide, narrow] = [await load(desk), await load(phone)];
  const canvas = new OffscreenCanvas(1800, 1180);
  const pen = canvas.getContext("2d");
  const frame = (image, x, y, width, radius, edge) => {
    const height = (image.height / image.width) * width;
    pen.save();
    Object.assign(pen, { shadowColor: "#0a142855", shadowBlur: 60, shadowOffsetY: 24, fillStyle: edge });
    pen.beginPath();
    pen.roundRect(x - 10, y - 10, width + 20, height + 20, radius + 10);
    pen.fill();
    pen.restore();
    pen.save();
    pen.beginPath();
    pen.roundRect(x, y, width, height, radius);
    pen.clip();
    pen.drawImage(image, x, y, width, height);
    pen.restore();
  };
  const ground = pen.createLinearGradient(0, 0, canvas.width, canvas.height);
  ground.addColorStop(0, "#dfe7fb");
  ground.addColorStop(1, "#f3e6f2");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  Object.assign(pen, { imageSmoothingEnabled: true, imageSmoothingQuality: "high" });
  frame(wide, 60, 60, 1320, 14, "#ffffff");
  frame(narrow, 1310, 190, 430, 34, "#1c222c");
  for (let quality = 0.9; quality > 0.3; quality -= 0.05) {
    const blob = await canvas.convertToBlob({ type: "image/webp", quality });
    if (blob.size <= largest) return Array.from(new Uint8Array(await blob.arrayBuffer()));
  }
  return [];
}

const program = await demo();
const browser = await launch();
try {
  const options = { viewport: { width: 1280, height: 1020 }, deviceScaleFactor: 1.5, colorScheme: "light", reducedMotion: "reduce" };
  const anna = await Visitor.arrive(browser, program, "anna@example.org", options);
  anna.name = "Anna";
  await anna.go("cinema");
  await anna.press("concord");
  await anna.through({ register: true });
  let phone;
  const take = async () => {
    if (!anna.path().startsWith("/link?")) return;
    const tab = await anna.tab();
    await tab.setViewportSize({ width: 390, height: 844 });
    await tab.emulateMedia({ colorScheme: "dark" });
    await tab.goto(anna.page.url());
    phone = await tab.screenshot();
    await tab.close();
  };
  for (const service of ["points", "bank"]) {
    await anna.signInLocally(service);
    await anna.press("connect");
    await anna.through({ accept: take });
  }
  await anna.press("sign-out");
  await anna.press("concord");
  await anna.follow(anna.page.locator('[id^="share-"]').first());
  await anna.through();
  // The rest of the story, so that the hub shows all of it as done.
  const row = (page) => page.locator("li", { hasText: "Aurora Bank" });
  await anna.go("id", "/account/privacy");
  await anna.follow(row(anna.page).locator('button[id^="withdraw-"]').first());
  await anna.go("bank");
  await anna.go("id", "/account/links");
  await anna.follow(row(anna.page).locator('[id^="undo-"], [id^="end-"]').first());
  if (await anna.has("confirm")) await anna.press("confirm");
  await anna.go("bank");
  // The partners hear of an ending within a second.
  for (const end = Date.now() + 20_000; ; await anna.page.waitForTimeout(200)) {
    await anna.go("demo");
    if ((await anna.page.locator(".try li.done").count()) === 6) break;
    assert.ok(Date.now() < end, "the story is not done");
  }
  const desk = await anna.page.screenshot();
  const blank = await anna.context.newPage();
  const pictures = { desk: desk.toString("base64"), phone: phone.toString("base64"), largest };
  const bytes = await blank.evaluate(together, pictures);
  assert.ok(bytes.length, `larger than ${largest} bytes`);
  writeFileSync(file, Buffer.from(bytes));
  console.log(`${file}: ${bytes.length} bytes`);
} finally {
  await browser.close();
  await program.stop();
}
