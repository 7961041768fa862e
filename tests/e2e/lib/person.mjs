// A person with a browser that knows forms and cookies and nothing else: signs in, registers, agrees, by what the pages ask.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { read } from "./html.mjs";
import { used } from "./report.mjs";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Person {
  constructor({ email, name, password, mail, language = "en" }) {
    Object.assign(this, { email, name, password, mail, language, cookies: new Map(), used: new Set() });
  }

  /** One request with this person's cookies; a redirect is left alone. */
  async request(url, { method = "GET", body } = {}) {
    const { host, origin } = new URL(url);
    const jar = this.cookies.get(host) ?? new Map();
    const headers = { "accept-language": this.language, accept: "text/html" };
    if (jar.size) headers.cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    if (method === "POST") Object.assign(headers, { origin, "sec-fetch-site": "same-origin" });
    const answer = await fetch(url, { method, body, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim());
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      used(value.length >= 20 && value);
      if (value === "" || attributes.some((a) => /^max-age=(0|-)/i.test(a))) jar.delete(name);
      else jar.set(name, value);
    }
    this.cookies.set(host, jar);
    return answer;
  }

  /** Opens an address and does what the pages ask, until the browser is sent to an address that begins with `end`. */
  async walk(url, end) {
    const trail = [];
    let next = { url };
    for (let steps = 0; steps < 40; steps += 1) {
      const answer = await this.request(next.url, next);
      trail.push(`${next.method ?? "GET"} ${next.url.split("?")[0]} ${answer.status}`);
      const location = answer.headers.get("location");
      if (location && answer.status >= 300 && answer.status < 400) {
        const target = new URL(location, next.url).href;
        if (target.startsWith(end)) return new URL(target);
        next = { url: target };
        continue;
      }
      const page = read(await answer.text());
      assert.ok(answer.status < 500, `${answer.status}: ${page.text}\n${trail.join("\n")}`);
      next = await this.answer(page, next.url, trail);
    }
    assert.fail(`walked in circles:\n${trail.join("\n")}`);
  }

  /** Decides what to do on a page: which form, filled with what, which button. */
  async answer(page, at, trail) {
    const forms = page.forms.filter((form) => form.post);
    for (const form of forms) {
      const values = await this.values(form);
      if (values) return this.send(form, values, this.button(form), at);
    }
    for (const form of forms) {
      const button = form.buttons.find((b) => ["accept", "continue", "confirm", "select", "sign-out"].includes(b.value));
      if (button) return this.send(form, {}, button, at);
    }
    assert.fail(`nothing to do on a page that says: ${page.text}\n${trail.join("\n")}`);
  }

  /** Who is new here says so once; everybody else goes on. */
  button(form) {
    const register = form.buttons.find((b) => b.value === "register");
    if (register && !this.registered) {
      this.registered = true;
      return register;
    }
    return form.buttons.find((b) => b.value === "continue") ?? form.buttons[0];
  }

  /** Values for the fields this person recognises; null when there is none. */
  async values(form) {
    const values = {};
    for (const { name, type, hint } of form.fields) {
      if (hint === "one-time-code" || name === "code") values[name] = await this.code();
      else if (type === "password") values[name] = this.password;
      else if (type === "hidden") continue;
      else if (type === "email" || ["identifier", "email"].includes(name) || hint.startsWith("username")) values[name] = this.email;
      else if (hint === "nickname" || ["nickname", "name"].includes(name)) values[name] = this.name;
    }
    return Object.keys(values).length ? values : null;
  }

  send(form, values, button, at) {
    const sent = new URLSearchParams();
    for (const field of form.fields) {
      if (field.name in values) continue;
      // Whatever may be ticked is: this person shares all that is asked for.
      if (field.sent || field.type === "checkbox") sent.append(field.name, field.value);
    }
    for (const [name, value] of Object.entries(values)) sent.append(name, value);
    if (button?.name) sent.append(button.name, button.value);
    return { url: new URL(button?.action ?? form.action, at).href, method: "POST", body: sent };
  }

  /** The newest code in this person's mail that was not used yet. */
  async code() {
    for (let tries = 0; tries < 100; tries += 1, await pause(100)) {
      for (const text of mails(this.mail).filter((m) => m.includes(this.email))) {
        const code = text.match(/(?<![\w-])(\d{3})[ \u00a0\u2009]?(\d{3})(?![\w-])/);
        if (code && !this.used.has(text)) {
          this.used.add(text);
          return code[1] + code[2];
        }
      }
    }
    assert.fail(`no mail with a code for this person in ${this.mail}`);
  }
}

/** All mails in a folder, the newest first. */
function mails(folder) {
  let names = [];
  try {
    names = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  } catch {
    return []; // not made yet
  }
  const files = names.map((path) => ({ path, info: statSync(path) })).filter(({ info }) => info.isFile());
  files.sort((a, b) => b.info.mtimeMs - a.info.mtimeMs || (a.path < b.path ? 1 : -1));
  return files.map(({ path }) => readFileSync(path, "utf8"));
}
