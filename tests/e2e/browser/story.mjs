// The story in Chromium, against the demo ecosystem: register at the cinema, connect the loyalty programme and the bank,
// come back without a password, share, withdraw, end. And what people do in the middle of it: back, reload, two tabs,
// another language, an expired session.
import assert from "node:assert/strict";
import { demo } from "../lib/program.mjs";
import { step, story } from "../lib/report.mjs";
import { launch } from "./chromium.mjs";

const email = "wera@example.org";
let program;
let browser;
let context;
let page;
const violations = [];

const at = (host, path = "/") => `http://${host}.localhost:${program.port}${path}`;
const text = (selector, on = page) => on.locator(selector).innerText();
const host = (on = page) => new URL(on.url()).host.split(".")[0];

/** Presses a button and waits until the browser has arrived. */
async function press(id, on = page) {
  await Promise.all([on.waitForEvent("framenavigated"), on.locator(`#${CSS(id)}`).click()]);
  await on.waitForLoadState();
}
const CSS = (id) => id.replace(/[^\w-]/g, (c) => `\\${c}`);

async function tab() {
  const opened = await context.newPage();
  opened.on("console", (message) => message.type() === "error" && violations.push(`${opened.url()}: ${message.text()}`));
  opened.on("pageerror", (error) => violations.push(`${opened.url()}: ${error}`));
  return opened;
}

/** The newest code that the demo's outbox shows for an address. */
async function code(address) {
  const hub = await tab();
  for (let tries = 0; tries < 50; tries += 1) {
    await hub.goto(at("id", "/demo"));
    const mail = hub.locator(".mails li", { hasText: address }).first().locator(".bigcode");
    if (await mail.count()) {
      const found = (await mail.innerText()).replace(/\D/g, "");
      await hub.close();
      return found;
    }
    await hub.waitForTimeout(100);
  }
  throw new Error(`no code for ${address} in the outbox`);
}

/** Does what Concord's pages ask until the browser is at another host. */
async function through(hooks = {}) {
  for (let steps = 0; steps < 15 && host() === "id"; steps += 1) {
    const has = async (id) => (await page.locator(`#${id}`).count()) > 0;
    if (await has("code")) {
      await hooks.code?.();
      await page.fill("#code", await code(email));
      await press("continue");
    } else if (await has("new-password")) {
      await page.fill("#new-password", "wide rivers carry slow boats");
      await press("continue");
    } else if (await has("nickname")) {
      await hooks.nickname?.();
      await page.fill("#nickname", "Wera");
      await press("continue");
    } else if (await has("email")) {
      await page.fill("#email", email);
      await press("continue");
    } else if (await has("password")) {
      await page.fill("#password", "wide rivers carry slow boats");
      await press("continue");
    } else if (await has("identifier")) {
      await hooks.identifier?.();
      await page.fill("#identifier", email);
      await press(hooks.register ? "register" : "continue");
    } else if (await has("accept")) {
      await hooks.accept?.();
      await press("accept");
    } else if (await has("continue")) {
      await press("continue");
    } else {
      throw new Error(`nothing to do at ${page.url()}: ${await text("main")}`);
    }
  }
  assert.notEqual(host(), "id", `stayed at ${page.url()}`);
}

/** Signs in at a service with a local account that its page offers to try. */
async function localSignIn(service) {
  await page.goto(at(service));
  const [login, password] = await page.locator("#h-local ~ p code").allInnerTexts();
  await page.fill("#login", login);
  await page.fill("#password", password);
  await press("sign-in");
  return text("#local-account");
}

async function connect(service) {
  const before = await localSignIn(service);
  await press("connect");
  await through();
  assert.equal(host(), service);
  assert.equal(await page.locator("#concord-state.good").count(), 1, await text("main"));
  assert.equal(await text("#local-account"), before, "still in the same local account");
  return before;
}

await story(
  async () => {
    await step("story: the demo starts and its hub opens", async () => {
      program = await demo();
      browser = await launch();
      context = await browser.newContext({ locale: "en-GB" });
      page = await tab();
      await page.goto(at("id", "/demo"));
      assert.ok((await page.locator(".tiles .tile").count()) >= 4);
    });

    await step("story: register at the cinema; reload, back, another language and a second tab in the middle", async () => {
      await page.goto(at("cinema"));
      await press("concord");
      await through({
        register: true,
        code: async () => {
          const here = page.url();
          await page.reload();
          assert.equal(await page.locator("#code").count(), 1, "a reload shows the same step");
          await page.locator('a[href*="lang=ru"]').first().click();
          assert.equal(await page.getAttribute("html", "lang"), "ru");
          assert.equal(await page.locator("#code").count(), 1, "another language is the same step");
          await page.locator('a[href*="lang=en"]').first().click();
          const other = await tab();
          await other.goto(here);
          assert.equal(await other.locator("#code").count(), 1, "a second tab shows the same step");
          await other.close();
        },
        nickname: async () => {
          await page.goBack();
          await page.goto(page.url());
          assert.equal(await page.locator("#nickname").count(), 1, "going back leads to the step that is next");
        },
      });
      assert.equal(host(), "cinema");
      assert.ok(await text("#local-account"));
    });

    await step("story: a flow that has finished says so", async () => {
      const other = await tab();
      await other.goto(at("cinema"));
      if (await other.locator("#sign-out").count()) await press("sign-out", other);
      let flow = "";
      other.on("framenavigated", (frame) => /\/flow/.test(frame.url()) && (flow = frame.url()));
      other.on("response", (answer) => /\/flow/.test(answer.url()) && (flow = answer.url()));
      await press("concord", other);
      assert.equal(host(other), "cinema", "signed in at Concord: nothing is asked");
      assert.ok(flow, "passed through a flow");
      await other.goto(flow);
      assert.equal(host(other), "id");
      assert.equal(await other.locator("form[method=post] #code, #identifier").count(), 0);
      assert.equal(await other.locator("#go-on").count(), 1, await text("main", other));
      await other.close();
    });

    await step("story: sign in locally at the loyalty programme and connect that account", () => connect("points"));

    const account = await step("story: the same at the bank", () => connect("bank"));

    await step("story: signed out of the bank, back in the same account without a password", async () => {
      await press("sign-out");
      await press("concord");
      await through();
      assert.equal(await text("#local-account"), account);
    });

    let panel;
    await step("story: let the bank read the loyalty tier; only that is asked", async () => {
      panel = (await page.locator('[id^="share-"]').first().getAttribute("id")).slice("share-".length);
      await press(`share-${panel}`);
      let asked = 0;
      await through({ accept: async () => (asked = await page.locator("input[name=item], .scope-item").count()) });
      assert.ok(asked <= 3, `asked for ${asked} things`);
      assert.equal(host(), "bank");
      assert.ok((await page.locator(`#panel-${panel} dl`).count()) > 0, await text(`#panel-${panel}`));
    });

    await step("story: withdraw it; within a second the bank no longer sees it", async () => {
      const own = await tab();
      await own.goto(at("id", "/account/privacy"));
      const rows = own.locator('[id^="withdraw-"]');
      assert.ok((await rows.count()) > 0, await text("main", own));
      const id = await own.locator("li, tr", { hasText: /Aurora|Bank/i }).locator('[id^="withdraw-"]').first().getAttribute("id");
      await press(id, own);
      assert.equal(await own.locator("#notice").count(), 1);
      await own.close();
      await page.waitForTimeout(1000);
      await page.reload();
      assert.equal(await page.locator(`#panel-${panel} dl`).count(), 0, await text(`#panel-${panel}`));
      assert.equal(await text("#local-account"), account, "the bank itself goes on");
    });

    await step("story: end the bank's link; the bank's session is over, the cinema goes on", async () => {
      const own = await tab();
      await own.goto(at("id", "/account/links"));
      const row = own.locator("li, article, section", { hasText: /Aurora/i }).last();
      await row.locator("a.button, a", { hasText: /end|disconnect/i }).first().click();
      await press("confirm", own);
      await own.close();
      await page.waitForTimeout(1000);
      await page.goto(at("bank"));
      assert.equal(await page.locator("#local-account").count(), 0, await text("main"));
      await page.goto(at("cinema"));
      assert.equal(await page.locator("#local-account").count(), 1, await text("main"));
    });

    await step("story: a session that expires in the middle of a flow leads to signing in, and then on", async () => {
      await page.goto(at("cinema"));
      await press("sign-out");
      await context.clearCookies({ domain: "id.localhost" });
      await press("concord");
      await through();
      assert.equal(host(), "cinema");
    });

    await step("story: sign out at Concord; the cinema hears of it", async () => {
      await page.goto(at("id", "/account/sign-out"));
      await press("sign-out");
      await page.waitForTimeout(1000);
      await page.goto(at("cinema"));
      assert.equal(await page.locator("#local-account").count(), 0, await text("main"));
    });

    await step("story: the same without JavaScript", async () => {
      const plain = await browser.newContext({ javaScriptEnabled: false, locale: "ru-RU" });
      page = await plain.newPage();
      await page.goto(at("cinema"));
      await press("concord");
      assert.equal(await page.getAttribute("html", "lang"), "ru");
      await through();
      assert.equal(host(), "cinema");
      await plain.close();
    });

    await step("story: no page broke its own content security policy", async () => assert.deepEqual(violations, []));
  },
  async () => {
    await browser?.close();
    await program?.stop();
  },
);
