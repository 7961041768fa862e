//! Pages as a simple browser sees them: text, links and forms. No script, no layout.

/// A start tag with its attributes and the text up to the next tag.
#[derive(Clone, Debug)]
struct Tag {
    /// In lower case; with a slash in front when it closes.
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// A page that was read.
#[derive(Clone, Debug, Default)]
pub struct Page {
    tags: Vec<Tag>,
}

/// A form, filled as the page filled it.
#[derive(Clone, Debug, Default)]
pub struct Form {
    pub id: Option<String>,
    pub action: String,
    pub post: bool,
    pub fields: Vec<(String, String)>,
    /// Names that can be filled or ticked, whether or not they are sent now.
    pub names: Vec<String>,
    /// Boxes that can be ticked: name and value.
    pub boxes: Vec<(String, String)>,
    pub buttons: Vec<Button>,
}

#[derive(Clone, Debug, Default)]
pub struct Button {
    pub name: Option<String>,
    pub value: String,
    pub text: String,
    /// `formaction`, where a button goes elsewhere.
    pub action: Option<String>,
}

impl Page {
    pub fn parse(source: &str) -> Self {
        Self { tags: scan(source) }
    }

    /// What a person reads, white space folded; scripts and styles left out.
    pub fn text(&self) -> String {
        let mut words = Vec::new();
        for tag in &self.tags {
            if !matches!(tag.name.as_str(), "script" | "style" | "title" | "template") {
                words.extend(tag.text.split_whitespace().map(str::to_owned));
            }
        }
        words.join(" ")
    }

    pub fn title(&self) -> String {
        self.inner(|t| t.name == "title").unwrap_or_default()
    }

    /// The main heading.
    pub fn heading(&self) -> String {
        self.inner(|t| t.name == "h1").unwrap_or_default()
    }

    /// The language the page says it is in.
    pub fn language(&self) -> Option<&str> {
        self.tags.iter().find(|t| t.name == "html")?.get("lang")
    }

    /// The text inside the first element with this id.
    pub fn by_id(&self, id: &str) -> Option<String> {
        self.inner(|t| t.get("id") == Some(id))
    }

    /// The value of an attribute of the first element with this id.
    pub fn attribute(&self, id: &str, name: &str) -> Option<&str> {
        self.tags.iter().find(|t| t.get("id") == Some(id))?.get(name)
    }

    /// Every `href` with its text.
    pub fn links(&self) -> Vec<(String, String)> {
        let starts = self.tags.iter().enumerate().filter(|(_, t)| t.name == "a");
        starts.filter_map(|(at, t)| Some((t.get("href")?.to_owned(), self.inside(at)))).collect()
    }

    fn inner(&self, wanted: impl Fn(&Tag) -> bool) -> Option<String> {
        self.tags.iter().position(wanted).map(|at| self.inside(at))
    }

    fn inside(&self, at: usize) -> String {
        let name = &self.tags[at].name;
        let closing = format!("/{name}");
        let mut depth = 0_usize;
        let mut words = Vec::new();
        for tag in &self.tags[at..] {
            if tag.name == *name {
                depth += 1;
            } else if tag.name == closing {
                depth -= 1;
            }
            if depth == 0 {
                break;
            }
            words.extend(tag.text.split_whitespace());
        }
        words.join(" ")
    }

    pub fn forms(&self) -> Vec<Form> {
        let mut forms: Vec<Form> = Vec::new();
        // Buttons that stand elsewhere and name their form.
        let mut loose: Vec<(String, Button)> = Vec::new();
        let mut inside = false;
        let mut select: Option<(String, Option<String>)> = None;
        for (at, tag) in self.tags.iter().enumerate() {
            if tag.name == "form" {
                inside = true;
                forms.push(Form {
                    id: tag.get("id").map(str::to_owned),
                    action: tag.get("action").unwrap_or_default().to_owned(),
                    post: tag.get("method").is_some_and(|m| m.eq_ignore_ascii_case("post")),
                    ..Form::default()
                });
            }
            if tag.name == "/form" {
                inside = false;
            }
            let button = (tag.name == "button").then(|| Button {
                name: tag.get("name").map(str::to_owned),
                value: tag.get("value").unwrap_or_default().to_owned(),
                text: self.inside(at),
                action: tag.get("formaction").map(str::to_owned),
            });
            if let (Some(button), Some(owner)) = (&button, tag.get("form")) {
                loose.push((owner.to_owned(), button.clone()));
                continue;
            }
            let Some(form) = forms.last_mut().filter(|_| inside) else { continue };
            form.buttons.extend(button);
            match tag.name.as_str() {
                "input" => form.input(tag),
                "textarea" => form.field(tag.get("name"), &tag.text),
                "select" => select = tag.get("name").map(|n| (n.to_owned(), None)),
                "option" => {
                    if let Some((_, chosen)) = &mut select
                        && (chosen.is_none() || tag.has("selected"))
                    {
                        *chosen = Some(tag.get("value").map_or_else(|| tag.text.trim().to_owned(), str::to_owned));
                    }
                }
                "/select" => {
                    if let Some((name, chosen)) = select.take() {
                        form.field(Some(&name), &chosen.unwrap_or_default());
                    }
                }
                _ => {}
            }
        }
        for (owner, button) in loose {
            if let Some(form) = forms.iter_mut().find(|f| f.id.as_ref() == Some(&owner)) {
                form.buttons.push(button);
            }
        }
        forms
    }

    /// The one form that has all these fields or buttons; says what there was when it is not exactly one.
    #[track_caller]
    pub fn form(&self, names: &[&str]) -> Form {
        let mut fitting: Vec<Form> = self.forms().into_iter().filter(|f| names.iter().all(|n| f.offers(n))).collect();
        assert_eq!(
            fitting.len(),
            1,
            "{} forms with {names:?} on a page that says: {}\nforms: {:#?}",
            fitting.len(),
            self.text(),
            self.forms().iter().map(|f| (&f.action, &f.names, &f.buttons)).collect::<Vec<_>>()
        );
        fitting.remove(0)
    }
}

impl Form {
    fn field(&mut self, name: Option<&str>, value: &str) {
        if let Some(name) = name {
            self.names.push(name.to_owned());
            self.fields.push((name.to_owned(), value.to_owned()));
        }
    }

    fn input(&mut self, tag: &Tag) {
        if tag.get("type") == Some("checkbox") {
            let value = tag.get("value").unwrap_or("on").to_owned();
            self.boxes.extend(tag.get("name").map(|name| (name.to_owned(), value)));
        }
        let kind = tag.get("type").unwrap_or("text").to_ascii_lowercase();
        let value = tag.get("value").unwrap_or(if kind == "checkbox" { "on" } else { "" });
        match kind.as_str() {
            _ if tag.has("disabled") => {}
            "checkbox" | "radio" if !tag.has("checked") => self.names.extend(tag.get("name").map(str::to_owned)),
            "submit" | "image" => self.buttons.push(Button {
                name: tag.get("name").map(str::to_owned),
                value: value.to_owned(),
                text: value.to_owned(),
                action: tag.get("formaction").map(str::to_owned),
            }),
            "button" | "reset" | "file" => {}
            _ => self.field(tag.get("name"), value),
        }
    }

    /// Whether it has a field of this name, or a button with this name, value, text, or `name=value`.
    pub fn offers(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name) || self.button(name).is_some()
    }

    fn button(&self, name: &str) -> Option<&Button> {
        self.buttons.iter().find(|b| {
            b.name.as_deref() == Some(name) && b.value.is_empty()
                || b.value == name
                || b.text == name
                || b.name.as_ref().is_some_and(|n| n == name || format!("{n}={}", b.value) == name)
        })
    }

    /// Fills a field, or ticks a box.
    #[track_caller]
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        assert!(self.names.iter().any(|n| n == name), "no field `{name}` among {:?}", self.names);
        self.fields.retain(|(n, _)| n != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Chooses the button that sends the form.
    #[track_caller]
    pub fn press(mut self, name: &str) -> Self {
        let button = self.button(name).unwrap_or_else(|| panic!("no button `{name}` among {:?}", self.buttons)).clone();
        if let Some(name) = button.name {
            self.fields.push((name, button.value));
        }
        if let Some(action) = button.action {
            self.action = action;
        }
        self
    }
}

fn scan(source: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = source;
    while let Some(open) = rest.find('<') {
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some(mut tag) = start(&mut rest) else {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        // What is in a script or style is no markup.
        let end = match tag.name.as_str() {
            name @ ("script" | "style" | "textarea" | "title") => rest.to_ascii_lowercase().find(&format!("</{name}")),
            _ => rest.find('<'),
        };
        let end = end.unwrap_or(rest.len());
        tag.text = unescape(&rest[..end]);
        rest = &rest[end..];
        tags.push(tag);
    }
    tags
}

/// Reads `<name a=b c="d">` and moves behind it.
fn start(rest: &mut &str) -> Option<Tag> {
    let inner = &rest[1..];
    let name_end = inner.find(|c: char| c.is_whitespace() || c == '>' || (c == '/' && !inner.starts_with('/'))).unwrap_or(inner.len());
    let name = inner[..name_end].to_ascii_lowercase();
    if !name.trim_start_matches(['/', '!']).starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut at = &inner[name_end..];
    let mut attributes = Vec::new();
    loop {
        at = at.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if at.is_empty() || at.starts_with('>') {
            break;
        }
        let end = at.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(at.len());
        let key = at[..end.max(1)].to_ascii_lowercase();
        at = at[end.max(1)..].trim_start();
        let mut value = "";
        if let Some(after) = at.strip_prefix('=') {
            at = after.trim_start();
            let quote = at.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, at) = match quote {
                Some(quote) => at[1..].split_once(quote).unwrap_or((&at[1..], "")),
                None => at.split_at(at.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(at.len())),
            };
        }
        attributes.push((key, unescape(value)));
    }
    *rest = at.strip_prefix('>').unwrap_or_default();
    Some(Tag { name, attributes, text: String::new() })
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 8).unwrap_or(0);
        let character = match &rest[..end] {
            "&amp" => Some('&'),
            "&lt" => Some('<'),
            "&gt" => Some('>'),
            "&quot" => Some('"'),
            "&apos" => Some('\''),
            "&nbsp" => Some(' '),
            name => name.strip_prefix("&#").and_then(|n| {
                let number = n.strip_prefix(['x', 'X']).map_or_else(|| n.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
                number.and_then(char::from_u32)
            }),
        };
        match character {
            Some(c) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><html lang="en"><head><title>Sign in</title><script>if (a<b) "<form>"</script></head>
        <body><h1 id=top>Hello <b>you</b></h1><!-- <form> --><a href="/help?a=1&amp;b=2">Help</a>
        <form method="post" action="/login"><input type=hidden name=csrf value="x&#34;y"><input name="identifier" required>
        <input type="checkbox" name="keep" value="yes" checked><input type="checkbox" name="news"><input type="submit" value="Go" disabled>
        <select name="lang"><option value="en">E</option><option value="ru" selected>R</option></select><textarea name="note"> a </textarea>
        <button name="do" value="next">Go <i>on</i></button><button name="do" value="back" formaction="/back">Back</button>
        <button form="find" name="do" value="all">All</button></form>
        <form id="find" action="/search"><input name="q"></form></body></html>"#;

    #[test]
    fn a_page_is_read_as_a_person_reads_it() {
        let page = Page::parse(PAGE);
        assert_eq!((page.title().as_str(), page.language()), ("Sign in", Some("en")));
        assert_eq!(page.heading(), "Hello you");
        assert_eq!(page.by_id("top").as_deref(), Some("Hello you"));
        assert_eq!(page.links(), [("/help?a=1&b=2".to_owned(), "Help".to_owned())]);
        assert!(!page.text().contains("a<b"));
    }

    #[test]
    fn a_form_sends_what_a_browser_would_send() {
        let form = Page::parse(PAGE).form(&["identifier", "back"]).fill("identifier", "anna@example.org").press("do=next");
        assert!(form.post && form.action == "/login");
        let sent: Vec<_> = form.fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(sent, ["csrf=x\"y", "keep=yes", "lang=ru", "note= a ", "identifier=anna@example.org", "do=next"]);
        assert_eq!(Page::parse(PAGE).form(&["identifier"]).press("Back").action, "/back");
        assert!(!Page::parse(PAGE).form(&["q", "do=all"]).post);
        assert!(Page::parse(PAGE).form(&["news"]).names.contains(&"news".to_owned()));
    }
}
