// Somebody with a browser of their own at the demo ecosystem: opens pages, presses buttons, does what Concord's pages ask.
import assert from "node:assert/strict";

const password = "wide rivers carry slow boats";
/** How long anything may take on a busy machine. */
const patience = 20_000;

/** What went wrong in any browser: broken policies, errors in the console, answers that must not be. */
export const faults = [];

export class Visitor {
  /** `options` are those of a browser context. */
  static async arrive(browser, program, email, options = {}) {
    const context = await browser.newContext({ locale: "en-GB", ...options });
    context.setDefaultTimeout(patience);
    const visitor = new Visitor();
    Object.assign(visitor, { program, context, email, password });
    visitor.page = await visitor.tab();
    return visitor;
  }

  /** A tab that is watched. */
  async tab() {
    const opened = await this.context.newPage();
    opened.on("console", (message) => message.type() === "error" && faults.push(`${opened.url()}: ${message.text()}`));
    opened.on("pageerror", (error) => faults.push(`${opened.url()}: ${error}`));
    opened.on("response", (answer) => answer.status() >= 400 && faults.push(`${answer.status()}: ${answer.request().method()} ${answer.url()}`));
    return opened;
  }

  async leave() {
    await this.context.close();
  }

  at(host, path = "/") {
    return `http://${host}.localhost:${this.program.port}${path}`;
  }

  go(host, path = "/", on = this.page) {
    return on.goto(this.at(host, path));
  }

  /** The first label of the host where a tab is. */
  host(on = this.page) {
    return new URL(on.url()).host.split(".")[0];
  }

  /** The path where a tab is, with its query. */
  path(on = this.page) {
    const { pathname, search } = new URL(on.url());
    return pathname + search;
  }

  text(selector, on = this.page) {
    return on.locator(selector).innerText();
  }

  async has(id, on = this.page) {
    return (await on.locator(byId(id)).count()) > 0;
  }

  /** Presses a button, or follows a link, and waits until the browser has arrived. */
  async press(id, on = this.page) {
    await this.follow(on.locator(byId(id)), on);
  }

  async follow(locator, on = this.page) {
    await arrived(on, () => locator.click());
  }

  /** The newest code that the demo's outbox shows for this person and that was not used. */
  async code() {
    this.used ??= new Set();
    const hub = await this.tab();
    try {
      for (const end = Date.now() + patience; Date.now() < end; await hub.waitForTimeout(100)) {
        await this.go("id", "/demo", hub);
        const mails = hub.locator(".mails li", { hasText: this.email }).locator(".bigcode");
        const found = (await mails.count()) ? (await mails.first().innerText()).replace(/\D/g, "") : "";
        if (found && !this.used.has(found)) {
          this.used.add(found);
          return found;
        }
      }
    } finally {
      await hub.close();
    }
    throw new Error(`no code for ${this.email} in the outbox`);
  }

  /** Does what Concord's pages ask until the browser is at another host. `hooks` are called before a page's own button is pressed. */
  async through(hooks = {}) {
    const seen = [];
    for (let steps = 0; steps < 20 && this.host() === "id"; steps += 1) {
      seen.push(this.path());
      const due = await this.due();
      assert.ok(due, `nothing to do at ${this.page.url()}: ${await this.text("main")}`);
      await hooks[due]?.();
      await this.answer(due, hooks);
    }
    assert.notEqual(this.host(), "id", `stayed at Concord: ${seen.join(" -> ")}`);
    return seen;
  }

  /** The field or button by which the page is known. */
  async due() {
    for (const id of ["code", "new-password", "nickname", "email", "password", "identifier", "accept", "person-1", "continue"]) {
      // Of the two ways a page offers, the field counts and not the button that leads to the other.
      if ((await this.page.locator(`input${byId(id)}, button${byId(id)}:not(.text):not([form])`).count()) > 0) return id;
    }
    return null;
  }

  async answer(due, { register = false } = {}) {
    const { page } = this;
    if (due === "code") await page.fill("#code", await this.code());
    if (due === "new-password" || due === "password") await page.fill(`#${due}`, this.password);
    if (due === "nickname") await page.fill("#nickname", this.name ?? "Wera");
    if (due === "email" || due === "identifier") await page.fill(`#${due}`, this.email);
    if (due === "accept") for (const box of await page.locator("input[name=item]").all()) await box.check();
    if (due === "identifier" && register) return this.press("register");
    return this.press(["accept", "person-1"].includes(due) ? due : "continue");
  }

  /** Signs in at a service with one of the local accounts that its page offers to try. */
  async signInLocally(service, which = 0) {
    await this.go(service);
    const offered = await this.page.locator("#h-local ~ p code").allInnerTexts();
    await this.page.fill("#login", offered[2 * which]);
    await this.page.fill("#password", offered[2 * which + 1]);
    await this.press("sign-in");
    return this.text("#local-account");
  }
}

/** Does something that leads to another page, and waits until that is there. */
export async function arrived(on, work) {
  await Promise.all([on.waitForEvent("framenavigated", { timeout: patience }), work()]);
  await on.waitForLoadState("load");
}

const byId = (id) => `#${id.replace(/[^\w-]/g, (mark) => `\\${mark}`)}`;
