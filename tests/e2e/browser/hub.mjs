// The hub of the demo in Chromium: its buttons make somebody of everybody, its outbox shows mails, its log shows what was said.
import assert from "node:assert/strict";
import { demo } from "../lib/program.mjs";
import { step, story } from "../lib/report.mjs";
import { launch } from "./chromium.mjs";
import { Visitor, faults } from "./visitor.mjs";

let program;
let browser;

await story(
  async () => {
    let handles;
    await step("hub: it opens, in each language, with its services, steps and personas", async () => {
      program = await demo();
      browser = await launch();
      const visitor = await Visitor.arrive(browser, program, "gast@example.org");
      await visitor.go("demo");
      for (const [language, tag] of [["ru", "ru"], ["zh", "zh-Hans"], ["en", "en"]]) {
        await visitor.press(`lang-${language}`);
        assert.equal(await visitor.page.getAttribute("html", "lang"), tag);
        assert.equal(await visitor.page.locator(".try li").count(), 6);
        assert.doesNotMatch(await visitor.text("main"), /Unknown localization|\{ ?\$/);
      }
      handles = await visitor.page.locator('button[id^="persona-"]').evaluateAll((all) => all.map((one) => one.id));
      assert.ok(handles.length >= 3, handles.join(" "));
      await visitor.leave();
    });

    await step("hub: every persona's button signs in, each in a browser of its own", async () => {
      const names = new Set();
      for (const id of handles) {
        const visitor = await Visitor.arrive(browser, program, "gast@example.org");
        await visitor.go("demo");
        await visitor.press(id);
        await visitor.page.waitForURL((url) => url.pathname === "/account");
        assert.equal(visitor.host(), "id", id);
        const name = await visitor.text("h1"); // each persona reads in their own language
        assert.ok(name && !names.has(name), `${id}: ${name}`);
        assert.match(await visitor.text("main"), /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]/, "a customer id");
        await visitor.go("id", "/account/sessions");
        assert.ok((await visitor.page.locator("main li").count()) >= 1);
        names.add(name);
        await visitor.leave();
      }
      assert.equal(names.size, handles.length);
    });

    const gast = await step("hub: the outbox shows the mail with its code, and can be emptied", async () => {
      const visitor = await Visitor.arrive(browser, program, "gast@example.org");
      await visitor.go("cinema");
      await visitor.press("concord");
      let shown = 0;
      const look = async () => {
        const hub = await visitor.tab();
        await visitor.go("demo", "/", hub);
        const mine = hub.locator(".mails li", { hasText: visitor.email }).first();
        for (const end = Date.now() + 20_000; !(await mine.count()); await hub.reload()) assert.ok(Date.now() < end, "no mail came");
        const code = (await mine.locator(".bigcode").innerText()).replace(/\D/g, "");
        assert.match(code, /^\d{6}$/);
        await mine.locator("summary").click();
        const body = await mine.locator("pre").innerText();
        assert.ok(body.replace(/\D/g, "").includes(code), "the mail says the code");
        shown += 1;
        await hub.close();
      };
      await visitor.through({ register: true, code: look });
      assert.equal(shown, 1);
      assert.equal(visitor.host(), "cinema");
      const hub = await visitor.tab();
      await visitor.go("demo", "/", hub);
      await visitor.press("clear", hub);
      assert.equal(await hub.locator(".mails li").count(), 0);
      await hub.close();
      return visitor;
    });

    await step("hub: the log shows the sign-in with its token taken apart, without its secrets", async () => {
      await gast.go("demo");
      assert.ok(await gast.page.locator(".try li.done").count(), "the first step is done");
      // Older entries are folded away: their text counts as well.
      const entries = await gast.page.locator(".log .entry").allTextContents();
      const said = entries.find((text) => text.includes("POST /oauth2/token"));
      assert.ok(said, entries.join("\n---\n"));
      assert.match(said, /"iss": "http:\/\/id\.localhost/, "the ID token's claims can be read");
      assert.match(said, /"sub": "/);
      assert.match(said, /"alg":"RS256"/, "and its header");
      const all = entries.join("\n");
      for (const secret of [/eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}/, /code_verifier=[\w-]{40,}/, new RegExp(gast.password)]) {
        assert.doesNotMatch(all, secret, "secrets are cut short");
      }
      await gast.leave();
    });

    await step("hub: no page broke its policy, logged an error or missed a file", async () => assert.deepEqual(faults, []));
  },
  async () => {
    await browser?.close();
    await program?.stop();
  },
);
