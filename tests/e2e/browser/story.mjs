// The story in Chromium, against the demo ecosystem: register at the cinema, connect the loyalty programme and the bank,
// come back without a password, share, withdraw, end. And what people do in the middle of it: back, reload, two tabs,
// another language, an expired session. Then once without JavaScript, and once with nothing but a keyboard.
import assert from "node:assert/strict";
import { demo } from "../lib/program.mjs";
import { step, story } from "../lib/report.mjs";
import { launch } from "./chromium.mjs";
import { Visitor, arrived, faults } from "./visitor.mjs";

const email = "wera@example.org";
let program;
let browser;
let wera;

/** Shows a page again and again until it says what it must; endings are seen within a second, the rest is for a busy machine. */
async function until(page, holds, what) {
  for (const end = Date.now() + 10_000; ; await page.waitForTimeout(100)) {
    await page.reload();
    if (await holds()) return;
    assert.ok(Date.now() < end, `${what}: ${await page.locator("main").innerText()}`);
  }
}

async function connect(service) {
  const before = await wera.signInLocally(service);
  await wera.press("connect");
  const seen = await wera.through();
  assert.ok(seen.some((path) => path.startsWith("/link?")), seen.join(" -> "));
  assert.equal(wera.host(), service);
  assert.equal(await wera.page.locator("#concord-state.good").count(), 1, await wera.text("main"));
  assert.equal(await wera.text("#local-account"), before, "still in the same local account");
  return before;
}

/** What people do in the middle: reload, another language, a second tab. The step stays what it is. */
async function restless() {
  const { page } = wera;
  const here = page.url();
  await page.reload();
  assert.ok(await wera.has("code"), "a reload shows the same step");
  for (const [language, tag] of [["ru", "ru"], ["zh", "zh-Hans"], ["en", "en"]]) {
    await wera.press(`lang-${language}`);
    assert.equal(await page.getAttribute("html", "lang"), tag);
    assert.ok(await wera.has("code"), "another language is the same step");
    assert.equal(page.url(), here, "and the same address");
  }
  const other = await wera.tab();
  await other.goto(here);
  assert.ok(await wera.has("code", other), "a second tab shows the same step");
  await other.close();
}

/** A tab that still shows a step which the first tab has left behind: its form changes nothing and leads to what is due. */
const stale = {};

async function leftBehind(step) {
  stale[step] = await wera.tab();
  await stale[step].goto(wera.page.url());
  assert.ok(await wera.has(step, stale[step]));
}

async function submitsLate(step, value, due) {
  const tab = stale[step];
  await tab.fill(`#${step}`, value);
  await wera.press("continue", tab);
  assert.match(wera.path(tab), due, `the stale form of ${step} leads to what is due`);
  assert.equal(await wera.has("error-summary", tab), false, "and is no wrong try");
  await tab.close();
}

/** Back to a step that is over: it leads to the one that is due. */
async function backAndForth() {
  const { page } = wera;
  const here = page.url();
  await page.goBack();
  await page.reload();
  assert.equal(page.url(), here, "an earlier step leads to the one that is due");
  assert.ok(await wera.has("nickname"));
}

await story(
  async () => {
    await step("story: the demo starts and its hub opens", async () => {
      program = await demo();
      browser = await launch();
      wera = await Visitor.arrive(browser, program, email);
      await wera.go("id", "/demo");
      assert.ok((await wera.page.locator(".tiles .tile").count()) >= 4);
    });

    await step("story: register at the cinema; reload, back, another language and a second tab in the middle", async () => {
      await wera.go("cinema");
      await wera.press("concord");
      assert.match(wera.path(), /^\/login\?flow=/);
      const code = async () => {
        await restless();
        await leftBehind("code");
      };
      const nickname = async () => {
        await backAndForth();
        await submitsLate("code", "000000", /^\/register\/name\?flow=/);
        await leftBehind("nickname");
      };
      await wera.through({ register: true, code, nickname });
      assert.equal(wera.host(), "cinema");
      assert.ok(await wera.text("#local-account"));
    });

    await step("story: a form of that flow in a second tab, sent when all was over, changes nothing and says so", async () => {
      await submitsLate("nickname", "Somebody else", /^\/finished\?flow=/);
      const own = await wera.tab();
      await wera.go("id", "/account/security", own);
      assert.equal(await own.inputValue("#nickname"), "Wera");
      await own.close();
    });

    await step("story: back to Concord from the cinema: the flow says that it has finished", async () => {
      const other = await wera.tab();
      const visited = [];
      other.on("request", (request) => request.isNavigationRequest() && visited.push(request.url()));
      await wera.go("cinema", "/", other);
      await wera.press("sign-out", other);
      await wera.press("concord", other);
      assert.equal(wera.host(other), "cinema", "signed in at Concord: nothing is asked");
      const flow = visited.find((url) => /\/continue\?flow=/.test(url));
      assert.ok(flow, visited.join(" "));
      await other.goto(flow);
      assert.equal(wera.host(other), "id");
      assert.match(wera.path(other), /^\/finished\?flow=/);
      await wera.press("go-on", other);
      assert.equal(wera.host(other), "cinema");
      await other.close();
    });

    await step("story: sign in locally at the loyalty programme and connect that account", () => connect("points"));

    const account = await step("story: the same at the bank", () => connect("bank"));

    await step("story: another account of the same bank is refused in words, and signing in goes on", async () => {
      const again = await Visitor.arrive(browser, program, email);
      const second = await again.signInLocally("bank", 1);
      assert.notEqual(second, account);
      await again.press("connect");
      let told = 0;
      await again.through({ continue: async () => (told += /was not linked/.test(await again.text("h1")) ? 1 : 0) });
      assert.equal(told, 1, "the page says that it was not linked");
      assert.equal(again.host(), "bank");
      assert.equal(await again.text("#local-account"), second);
      assert.equal(await again.page.locator("#concord-state.good").count(), 0, await again.text("main"));
      await again.leave();
    });

    await step("story: signed out of the bank, back in the same account without a password or a page", async () => {
      await wera.press("sign-out");
      assert.equal(await wera.page.locator("#local-account").count(), 0);
      await wera.press("concord");
      assert.equal(wera.host(), "bank");
      assert.equal(await wera.text("#local-account"), account);
    });

    let panel;
    await step("story: let the bank read the loyalty tier; only that is asked; the session expires in the middle", async () => {
      panel = (await wera.page.locator('[id^="share-"]').first().getAttribute("id")).slice("share-".length);
      await wera.press(`share-${panel}`);
      const asked = await wera.page.locator("input[name=item]").count();
      assert.ok(asked >= 1 && asked <= 3, `asked for ${asked} things`);
      assert.equal(await wera.page.locator("input[name=item]:checked").count(), 0, "nothing is ticked in advance");
      const here = wera.path();
      await wera.context.clearCookies({ name: /session/, domain: "id.localhost" });
      await wera.press("accept");
      assert.match(wera.path(), /^\/login\?flow=/, "who is nobody decides nothing");
      const seen = await wera.through();
      assert.ok(seen.includes(here), `asked again: ${seen.join(" -> ")}`);
      assert.equal(wera.host(), "bank");
      assert.ok((await wera.page.locator(`#panel-${panel} dl`).count()) > 0, await wera.text(`#panel-${panel}`));
    });

    await step("story: withdraw it; the bank no longer sees it, and goes on", async () => {
      const own = await wera.tab();
      await wera.go("id", "/account/privacy", own);
      const row = own.locator("li", { hasText: "Aurora Bank" }).filter({ has: own.locator('button[id^="withdraw-"]') });
      await wera.follow(row.locator('button[id^="withdraw-"]').first(), own);
      assert.equal(await own.locator("#notice").count(), 1, await wera.text("main", own));
      await own.close();
      await until(wera.page, async () => (await wera.page.locator(`#panel-${panel} dl`).count()) === 0, "the bank still sees it");
      assert.equal(await wera.text("#local-account"), account);
    });

    await step("story: end the bank's link; the bank's session is over, the cinema goes on", async () => {
      const own = await wera.tab();
      await wera.go("id", "/account/links", own);
      const row = own.locator("li", { hasText: "Aurora Bank" });
      await wera.follow(row.locator('[id^="undo-"], [id^="end-"]').first(), own);
      if (await wera.has("confirm", own)) await wera.press("confirm", own);
      assert.equal(await own.locator("#notice").count(), 1, await wera.text("main", own));
      await own.close();
      await until(wera.page, async () => (await wera.page.locator("#local-account").count()) === 0, "still signed in at the bank");
      await wera.go("cinema");
      assert.equal(await wera.page.locator("#local-account").count(), 1, await wera.text("main"));
    });

    await step("story: from an account page through signing in back to that page, without JavaScript and in Russian", async () => {
      const plain = await Visitor.arrive(browser, program, email, { javaScriptEnabled: false, locale: "ru-RU" });
      await plain.go("id", "/account/sessions");
      assert.equal(await plain.page.getAttribute("html", "lang"), "ru");
      while ((await plain.due()) && !(await plain.has("end-others"))) await plain.answer(await plain.due());
      assert.equal(plain.path(), "/account/sessions");
      await plain.press("end-others");
      assert.equal(await plain.page.locator("#notice").count(), 1, await plain.text("main"));
      await plain.go("cinema");
      await plain.press("concord");
      assert.equal(plain.host(), "cinema");
      assert.ok(await plain.text("#local-account"));
      await plain.leave();
    });

    await step("story: a session ended elsewhere asks for signing in, and the flow goes on", async () => {
      await until(wera.page, async () => (await wera.page.locator("#local-account").count()) === 0, "the cinema did not hear of it");
      await wera.press("concord");
      assert.match(wera.path(), /^\/login\?flow=/);
      await wera.through();
      assert.equal(wera.host(), "cinema");
    });

    await step("story: sign out at Concord; the cinema hears of it", async () => {
      await wera.go("id", "/account/sign-out");
      await wera.press("sign-out");
      await wera.go("cinema");
      await until(wera.page, async () => (await wera.page.locator("#local-account").count()) === 0, "still signed in at the cinema");
      await wera.leave();
    });

    await step("story: with nothing but a keyboard", () => keyboard());

    await step("story: no page broke its policy, logged an error or missed a file", async () => assert.deepEqual(faults, []));
  },
  async () => {
    await browser?.close();
    await program?.stop();
  },
);

/** Signs in at the cinema by Tab, typing and Enter; whatever has the focus must be seen to have it. */
async function keyboard() {
  const typist = await Visitor.arrive(browser, program, email);
  const { page } = typist;
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.className || document.activeElement?.tagName);
  const shown = () =>
    page.evaluate(() => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
      return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
    });
  const tabTo = async (wanted) => {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press("Tab");
      const id = await focused();
      assert.ok(await shown(), `the focus cannot be seen on ${id} at ${page.url()}`);
      if (id === wanted) return;
    }
    assert.fail(`${wanted} cannot be reached at ${page.url()}`);
  };
  const enter = () => arrived(page, () => page.keyboard.press("Enter"));
  await typist.go("cinema");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "skip", "the first stop leads to the content");
  await tabTo("concord");
  await enter();
  assert.equal(await focused(), "identifier", "typing can begin at once");
  await page.keyboard.type(email);
  await enter();
  assert.equal(await focused(), "password");
  await page.keyboard.type("not the password");
  await enter();
  assert.ok(await typist.has("error-summary"), "what is wrong is said");
  assert.match(await page.title(), /^Error/);
  assert.equal(await focused(), "password");
  await page.keyboard.type(typist.password);
  await enter();
  assert.equal(typist.host(), "cinema");
  assert.ok(await typist.text("#local-account"));
  await typist.leave();
}
