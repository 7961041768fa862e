//! A page as a very simple browser sees it: elements with their text, and forms.

/// A start or end tag with what follows it up to the next one.
#[derive(Debug)]
struct Tag {
    /// In lower case; with a slash in front when it closes.
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A page that was read.
#[derive(Debug, Default)]
pub struct Page(Vec<Tag>);

/// A button of a form.
#[derive(Clone, Debug)]
pub struct Button {
    /// Its id.
    pub id: String,
    /// Name and value that it sends.
    pub sends: (String, String),
    /// What it says.
    pub text: String,
}

/// A form, filled as the page filled it.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Names and values that would be sent.
    pub fields: Vec<(String, String)>,
    /// Check boxes: name and value, ticked or not.
    pub boxes: Vec<(String, String)>,
    /// Its buttons.
    pub buttons: Vec<Button>,
}

impl Form {
    /// Whether a field of this name can be filled.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }

    /// Fills a field.
    pub fn fill(&mut self, name: &str, value: &str) {
        for (known, old) in &mut self.fields {
            if known == name {
                value.clone_into(old);
            }
        }
    }

    /// Ticks every box.
    pub fn tick_all(&mut self) {
        for choice in &self.boxes {
            if !self.fields.contains(choice) {
                self.fields.push(choice.clone());
            }
        }
    }

    /// The button with an id.
    pub fn button(&self, id: &str) -> Option<&Button> {
        self.buttons.iter().find(|button| button.id == id)
    }
}

impl Page {
    /// Reads a page.
    pub fn read(source: &str) -> Self {
        Self(scan(source))
    }

    /// The text inside the element with an id.
    pub fn text_of(&self, id: &str) -> Option<String> {
        self.0.iter().position(|tag| tag.get("id") == Some(id)).map(|at| self.inside(at))
    }

    /// Everything there is to read.
    pub fn text(&self) -> String {
        self.0.iter().position(|tag| tag.name == "main").map(|at| self.inside(at)).unwrap_or_default()
    }

    /// Links with an id: id, address and text.
    pub fn links(&self) -> Vec<(String, String, String)> {
        let links = self.0.iter().enumerate().filter(|(_, tag)| tag.name == "a");
        links.filter_map(|(at, tag)| Some((tag.get("id")?.to_owned(), tag.get("href")?.to_owned(), self.inside(at)))).collect()
    }

    fn inside(&self, at: usize) -> String {
        let Some(first) = self.0.get(at) else { return String::new() };
        let closing = format!("/{}", first.name);
        let (mut depth, mut words) = (0_usize, Vec::new());
        for tag in self.0.iter().skip(at) {
            if tag.name == first.name {
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

    /// The forms that are posted.
    pub fn forms(&self) -> Vec<Form> {
        let mut forms: Vec<Form> = Vec::new();
        let mut inside = false;
        for (at, tag) in self.0.iter().enumerate() {
            match tag.name.as_str() {
                "form" => {
                    inside = tag.get("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
                    if inside {
                        forms.push(Form::default());
                    }
                }
                "/form" => inside = false,
                "input" | "button" => {
                    if let Some(form) = forms.last_mut().filter(|_| inside) {
                        if tag.name == "input" { add_input(form, tag) } else { form.buttons.push(self.button(at, tag)) }
                    }
                }
                _ => {}
            }
        }
        forms
    }

    fn button(&self, at: usize, tag: &Tag) -> Button {
        let text = |name: &str| tag.get(name).unwrap_or_default().to_owned();
        Button { id: text("id"), sends: (text("name"), text("value")), text: self.inside(at) }
    }
}

fn add_input(form: &mut Form, tag: &Tag) {
    let Some(name) = tag.get("name") else { return };
    let value = tag.get("value").unwrap_or_default();
    let pair = (name.to_owned(), value.to_owned());
    if matches!(tag.get("type"), Some("checkbox" | "radio")) {
        form.boxes.push(pair.clone());
        if tag.get("checked").is_none() {
            return;
        }
    }
    form.fields.push(pair);
}

fn scan(source: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') {
            continue;
        }
        let (tag, after) = read_tag(rest);
        let end = after.find('<').unwrap_or(after.len());
        tags.push(Tag { text: decode(after.get(..end).unwrap_or_default()), ..tag });
        rest = after.get(end..).unwrap_or_default();
    }
    tags
}

/// One tag, from behind its `<` to behind its `>`.
fn read_tag(source: &str) -> (Tag, &str) {
    let end = source.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(source.len());
    let name = source.get(..end).unwrap_or_default().trim_end_matches('/').to_ascii_lowercase();
    let mut rest = source.get(end..).unwrap_or_default();
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            let after = rest.get(1..).unwrap_or_default();
            return (Tag { name, attributes, text: String::new() }, after);
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        let attribute = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
        rest = rest.get(end.max(1)..).unwrap_or_default();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let (quote, from) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => (Some(quote), after.get(1..).unwrap_or_default()),
                _ => (None, after),
            };
            let end = match quote {
                Some(quote) => from.find(quote),
                None => from.find(|c: char| c.is_whitespace() || c == '>'),
            };
            let end = end.unwrap_or(from.len());
            value = from.get(..end).unwrap_or_default();
            rest = from.get(end + usize::from(quote.is_some())..).unwrap_or_default();
        }
        attributes.push((attribute, decode(value)));
    }
}

/// The character references that pages of ours use.
fn decode(text: &str) -> String {
    let mut plain = text.to_owned();
    for (reference, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(reference, character);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"<!doctype html><main id="main"><h1 id=h>Hello <b>you</b> &amp; me</h1>
        <form method="post"><input type="hidden" name="csrf" value="a&quot;b"><input name=email>
        <input type="checkbox" name="item" value="x"><input type="checkbox" name="item" value="y" checked>
        <button id="go" name="action" value="continue">Go <span>on</span></button></form>
        <form><input name="q"></form><a id="end-1" href="/x?a=1&amp;b=2">End: Bank</a></main>"#;

    #[test]
    fn a_page_is_read_like_a_person_would() {
        let page = Page::read(SOURCE);
        assert_eq!(page.text_of("h").as_deref(), Some("Hello you & me"));
        assert_eq!(page.links(), [("end-1".to_owned(), "/x?a=1&b=2".to_owned(), "End: Bank".to_owned())]);
        let mut forms = page.forms();
        assert_eq!(forms.len(), 1);
        let form = &mut forms[0];
        assert_eq!(form.button("go").map(|button| button.text.as_str()), Some("Go on"));
        form.fill("email", "a@b.test");
        form.tick_all();
        assert!(form.fields.contains(&("csrf".into(), "a\"b".into())) && form.fields.contains(&("item".into(), "x".into())));
        assert_eq!(form.fields.len(), 4);
        assert!(form.has("email") && !form.has("q"));
    }

    #[test]
    fn broken_pages_end_too() {
        for source in ["<", "<a", "<a href", "<a href=\"", "</", "<p x=>", "<b/></b>", "a < b"] {
            let _ = Page::read(source).forms();
        }
    }
}
