// Just enough HTML to use plain forms: start tags, their attributes, the text behind them.

const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function unescape(text) {
  return text.replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, (whole, name) => {
    if (name.startsWith("#x")) return String.fromCodePoint(parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(parseInt(name.slice(1), 10));
    return entities[name] ?? whole;
  });
}

function tags(source) {
  const found = [];
  const cleaned = source.replace(/<!--[\s\S]*?-->/g, "").replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, "");
  for (const [, close, name, inner, text] of cleaned.matchAll(/<(\/?)([a-z][a-z0-9-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>([^<]*)/gi)) {
    const attributes = {};
    for (const [, key, , double, single, bare] of inner.matchAll(/([^\s=/"']+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)) {
      attributes[key.toLowerCase()] = unescape(double ?? single ?? bare ?? "");
    }
    found.push({ name: close + name.toLowerCase(), attributes, text: unescape(text) });
  }
  return found;
}

/** Forms with their fields as a browser would send them, buttons, and the links of a page. */
export function read(source) {
  const page = { forms: [], links: [], text: "" };
  const loose = []; // buttons that stand elsewhere and name their form
  let form = null;
  let button = null;
  let link = null;
  let select = null;
  for (const { name, attributes: a, text } of tags(source)) {
    page.text += ` ${text.trim()}`;
    if (name === "form") page.forms.push((form = { id: a.id, action: a.action ?? "", post: a.method?.toLowerCase() === "post", fields: [], buttons: [] }));
    if (name === "/form") form = null;
    if (name === "a" && a.href !== undefined) page.links.push((link = { href: a.href, text: "" }));
    if (link) link.text += text;
    if (name === "/a") link = null;
    if (button) button.text += text;
    if (name === "/button") button = null;
    if (name === "button") {
      button = { name: a.name, value: a.value ?? "", action: a.formaction, text };
      if (a.form !== undefined) loose.push([a.form, button]);
      else form?.buttons.push(button);
    }
    if (!form) continue;
    const type = (a.type ?? "text").toLowerCase();
    if (name === "input" && type === "submit") form.buttons.push({ name: a.name, value: a.value ?? "", action: a.formaction, text: a.value ?? "" });
    else if (name === "input" && a.name && a.disabled === undefined) {
      const box = type === "checkbox" || type === "radio";
      form.fields.push({ name: a.name, value: a.value ?? (box ? "on" : ""), type, hint: a.autocomplete ?? "", required: a.required !== undefined, sent: !box || a.checked !== undefined });
    } else if (name === "textarea" && a.name) form.fields.push({ name: a.name, value: text, type: "textarea", hint: "", sent: true });
    else if (name === "select" && a.name) form.fields.push((select = { name: a.name, value: "", type: "select", hint: "", sent: true, empty: true }));
    else if (name === "option" && select && (select.empty || a.selected !== undefined)) Object.assign(select, { value: a.value ?? text.trim(), empty: false });
    else if (name === "/select") select = null;
  }
  for (const [id, button] of loose) page.forms.find((form) => form.id === id)?.buttons.push(button);
  page.text = page.text.replace(/\s+/g, " ").trim();
  return page;
}
