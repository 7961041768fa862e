"""A person with a browser that knows forms and cookies and nothing else; does what the pages ask."""

import pathlib
import re
import time
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests


class Page(HTMLParser):
    """Forms, their fields and buttons, and what a page says."""

    def __init__(self, source):
        super().__init__()
        self.forms, self.words = [], []
        self._loose = []  # buttons that stand elsewhere and name their form
        self._form = self._skipped = None
        self.feed(source)
        for owner, button in self._loose:
            for form in self.forms:
                if form["id"] == owner:
                    form["buttons"].append(button)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag in ("script", "style"):
            self._skipped = tag
        if tag == "form":
            self._form = {"id": a.get("id"), "action": a.get("action") or "", "post": (a.get("method") or "").lower() == "post", "fields": [], "buttons": []}
            self.forms.append(self._form)
        kind = (a.get("type") or "text").lower()
        if tag == "button" or (tag == "input" and kind == "submit"):
            button = {"name": a.get("name"), "value": a.get("value") or "", "action": a.get("formaction")}
            if a.get("form"):
                self._loose.append((a["form"], button))
            elif self._form is not None:
                self._form["buttons"].append(button)
        if self._form is None:
            return
        if tag == "input" and kind != "submit" and a.get("name") and "disabled" not in a:
            # Whatever may be ticked is: this person shares all that is asked for.
            box = kind in ("checkbox", "radio")
            self._form["fields"].append({
                "name": a["name"], "value": a.get("value", "on" if box else "") or "", "type": kind,
                "hint": a.get("autocomplete") or "", "sent": kind != "radio" or "checked" in a,
            })

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == self._skipped:
            self._skipped = None

    def handle_data(self, data):
        if not self._skipped:
            self.words.extend(data.split())


class Person:
    def __init__(self, email, name, password, mail):
        self.email, self.name, self.password, self.mail = email, name, password, pathlib.Path(mail)
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.browser.headers["Accept-Language"] = "en"
        self.used = set()
        self.registered = False

    def walk(self, url, end):
        """Opens an address and does what the pages ask, until the browser is sent to an address that begins with `end`."""
        trail = []
        request = {"method": "GET", "url": url}
        for _ in range(40):
            answer = self.browser.request(**request, allow_redirects=False, timeout=30)
            trail.append(f"{request['method']} {request['url'].split('?')[0]} {answer.status_code}")
            if answer.is_redirect:
                target = urljoin(request["url"], answer.headers["Location"])
                if target.startswith(end):
                    return target
                request = {"method": "GET", "url": target}
                continue
            page = Page(answer.text)
            assert answer.status_code < 500, (trail, " ".join(page.words))
            request = self._answer(page, request["url"], trail)
        raise AssertionError("walked in circles: " + "\n".join(trail))

    def _answer(self, page, at, trail):
        forms = [form for form in page.forms if form["post"]]
        for form in forms:
            values = self._values(form)
            if values:
                return self._send(form, values, self._button(form), at)
        for form in forms:
            for button in form["buttons"]:
                if button["value"] in ("accept", "continue", "confirm", "select", "sign-out"):
                    return self._send(form, {}, button, at)
        raise AssertionError("nothing to do on a page that says: " + " ".join(page.words) + "\n" + "\n".join(trail))

    def _button(self, form):
        """Who is new here says so once; everybody else goes on."""
        buttons = {button["value"]: button for button in reversed(form["buttons"])}
        if "register" in buttons and not self.registered:
            self.registered = True
            return buttons["register"]
        return buttons.get("continue") or (form["buttons"] or [None])[0]

    def _values(self, form):
        values = {}
        for field in form["fields"]:
            name, kind, hint = field["name"], field["type"], field["hint"]
            if hint == "one-time-code" or name == "code":
                values[name] = self._code()
            elif kind == "password":
                values[name] = self.password
            elif kind == "hidden":
                continue
            elif kind == "email" or name in ("identifier", "email") or hint.startswith("username"):
                values[name] = self.email
            elif hint == "nickname" or name in ("nickname", "name"):
                values[name] = self.name
        return values

    def _send(self, form, values, button, at):
        sent = [(f["name"], f["value"]) for f in form["fields"] if f["sent"] and f["name"] not in values]
        sent += list(values.items())
        if button and button["name"]:
            sent.append((button["name"], button["value"]))
        origin = "/".join(at.split("/")[:3])
        target = urljoin(at, (button or {}).get("action") or form["action"])
        return {"method": "POST", "url": target, "data": sent, "headers": {"Origin": origin, "Sec-Fetch-Site": "same-origin"}}

    def _code(self):
        for _ in range(100):
            files = [f for f in self.mail.rglob("*") if f.is_file()] if self.mail.exists() else []
            for file in sorted(files, key=lambda f: (f.stat().st_mtime, str(f)), reverse=True):
                text = file.read_text()
                found = re.search(r"(?<![\w-])(\d{3})[ \u00a0\u2009]?(\d{3})(?![\w-])", text)
                if self.email in text and found and text not in self.used:
                    self.used.add(text)
                    return found[1] + found[2]
            time.sleep(0.1)
        raise AssertionError(f"no mail with a code for this person in {self.mail}")
