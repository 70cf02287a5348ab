//! Renders the OpenAPI description as one page of HTML: what `/docs` shows. Nothing in it is a caller's.

use std::fmt::Write as _;

use serde_json::Value;

use crate::routes::document::document;
use crate::routes::health::OPENAPI;

/// The methods of a path, in the order in which they are shown. `HEAD` is `GET` without a body.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// How deep schemas are shown.
const MOST_LEVELS: usize = 4;

/// The page. `base`: the path before all routes.
pub(super) fn page(base: &str) -> String {
    let all: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
    let description = Description { all: &all };
    let (mut list, mut body) = (String::new(), String::new());
    for tag in description.tags() {
        let name = text(tag, "/name");
        let _ = writeln!(list, "<li><b>{}</b><ul>", escaped(name));
        let _ = writeln!(body, "<h2>{}</h2>\n<p>{}</p>", escaped(name), inline(text(tag, "/description")));
        for (path, method, operation) in description.operations(name) {
            let id = escaped(text(operation, "/operationId"));
            let (method, summary) = (method.to_uppercase(), inline(text(operation, "/summary")));
            let _ = writeln!(list, "<li><a href=\"#{id}\"><code>{method}</code> {}</a></li>", escaped(path));
            let _ = write!(
                body,
                "<section id=\"{id}\">\n<h3><code>{method}</code> {base}{}</h3>\n<p>{summary}.</p>\n",
                escaped(path)
            );
            description.operation(operation, &mut body);
            body.push_str("</section>\n");
        }
        list.push_str("</ul></li>\n");
    }
    let info = inline(text(&all, "/info/summary"));
    let version = escaped(text(&all, "/info/version"));
    document(
        "Relay: API reference",
        &format!(
            "<nav><a href=\"{base}/\"><b>Relay</b></a><ul>\n{list}</ul></nav>\n<main><h1>API reference</h1>\n<p class=\"lead\">\
             {info}</p>\n<p>Version {version}. For tools: <a href=\"{base}/openapi.json\">openapi.json</a>.</p>\n{body}</main>"
        ),
    )
}

/// An OpenAPI document.
struct Description<'a> {
    all: &'a Value,
}

impl<'a> Description<'a> {
    fn tags(&self) -> &'a [Value] {
        list(self.all, "/tags")
    }

    /// The operations with this tag: path, method and description.
    fn operations(&self, tag: &'a str) -> impl Iterator<Item = (&'a str, &'static str, &'a Value)> {
        let paths = self.all.get("paths").and_then(Value::as_object).into_iter().flatten();
        let of_path = |(path, item): (&'a String, &'a Value)| {
            METHODS.into_iter().filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
        };
        paths
            .flat_map(of_path)
            .filter(move |(_, _, operation)| list(operation, "/tags").iter().any(|found| found.as_str() == Some(tag)))
    }

    /// What a reference stands for, or the value itself.
    fn resolved(&self, value: &'a Value) -> &'a Value {
        let pointer = value.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
        pointer.and_then(|pointer| self.all.pointer(pointer)).unwrap_or(value)
    }

    fn operation(&self, operation: &'a Value, out: &mut String) {
        if let Some(more) = operation.get("description").and_then(Value::as_str) {
            let _ = writeln!(out, "<p>{}</p>", inline(more));
        }
        let credentials = list(operation, "/security").iter().filter_map(Value::as_object).flat_map(|one| one.keys());
        for name in credentials {
            let scheme = self.all.pointer(&format!("/components/securitySchemes/{name}")).unwrap_or(&Value::Null);
            let (form, about) = (escaped(text(scheme, "/bearerFormat")), inline(text(scheme, "/description")));
            let _ = writeln!(out, "<p><code>Authorization: Bearer {form}</code> {about}</p>");
        }
        let parameters: Vec<_> = list(operation, "/parameters").iter().map(|one| self.resolved(one)).collect();
        if !parameters.is_empty() {
            out.push_str("<p class=\"caption\"><b>Parameters</b></p>\n<table>\n");
            for one in parameters {
                let schema = one.get("schema").unwrap_or(&Value::Null);
                let place = text(one, "/in");
                let required = one.get("required") == Some(&Value::Bool(true));
                self.row(0, text(one, "/name"), place, required, schema, text(one, "/description"), out);
            }
            out.push_str("</table>\n");
        }
        if let Some(content) = operation.pointer("/requestBody/content") {
            self.content("Body", content, out);
        }
        for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
            let response = self.resolved(response);
            let status = if status == "default" { "Otherwise" } else { status.as_str() };
            let about = inline(text(response, "/description"));
            let _ = writeln!(out, "<p class=\"answer\"><code>{}</code> {about}</p>", escaped(status));
            if let Some(content) = response.get("content").filter(|_| status != "Otherwise") {
                self.content("Answer", content, out);
            }
        }
    }

    /// The members of a body's JSON; of other types their names.
    fn content(&self, caption: &str, content: &'a Value, out: &mut String) {
        for (media, body) in content.as_object().into_iter().flatten() {
            let schema = body.get("schema").unwrap_or(&Value::Null);
            let about = inline(text(self.resolved(schema), "/description"));
            let _ = writeln!(out, "<p class=\"caption\"><b>{caption}</b> <code>{}</code> {about}</p>", escaped(media));
            let mut rows = String::new();
            self.members(0, schema, &mut rows);
            if !rows.is_empty() {
                let _ = writeln!(out, "<table>\n{rows}</table>");
            }
        }
    }

    /// A row for each member of an object, or of the objects in an array.
    fn members(&self, level: usize, schema: &'a Value, out: &mut String) {
        let schema = self.resolved(schema);
        let object = schema.get("items").map_or(schema, |items| self.resolved(items));
        let required = list(object, "/required");
        for (name, member) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let is_required = required.iter().any(|one| one.as_str() == Some(name));
            self.row(level, name, "", is_required, member, text(self.resolved(member), "/description"), out);
            if level + 1 < MOST_LEVELS {
                self.members(level + 1, member, out);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the cells of a row")]
    fn row(
        &self,
        level: usize,
        name: &str,
        place: &str,
        required: bool,
        schema: &'a Value,
        about: &str,
        out: &mut String,
    ) {
        let (name, kind, about) = (escaped(name), self.kind(schema), inline(about));
        let place = if place.is_empty() { String::new() } else { format!("<br><i>{}</i>", escaped(place)) };
        let required = if required { " <b title=\"required\">*</b>" } else { "" };
        let _ = writeln!(
            out,
            "<tr><td class=\"l{level}\"><code>{name}</code>{required}{place}</td><td>{kind}</td><td>{about}</td></tr>"
        );
    }

    /// A schema in a few words.
    fn kind(&self, schema: &'a Value) -> String {
        let schema = self.resolved(schema);
        let any = list(schema, "/anyOf");
        if !any.is_empty() && schema.get("type").is_none() {
            return any.iter().map(|one| self.kind(one)).collect::<Vec<_>>().join(" or ");
        }
        let values = |values: &[Value]| {
            values.iter().map(|one| format!("<code>{}</code>", escaped(&one.to_string()))).collect::<Vec<_>>().join(" ")
        };
        if let Some(one) = schema.get("const") {
            return values(std::slice::from_ref(one));
        }
        if let Some(all) = schema.get("enum").and_then(Value::as_array) {
            return values(all);
        }
        let mut kind = match schema.get("type") {
            Some(Value::String(name)) => name.clone(),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
            _ => "any".to_owned(),
        };
        if let Some(items) = schema.get("items") {
            let _ = write!(kind, " of {}", self.kind(items));
        }
        if let Some(format) = schema.get("format").and_then(Value::as_str) {
            let _ = write!(kind, " ({})", escaped(format));
        }
        for (member, sign) in [("minimum", "≥"), ("maximum", "≤"), ("default", "default")] {
            if let Some(limit) = schema.get(member) {
                let _ = write!(kind, ", {sign} {}", escaped(&limit.to_string()));
            }
        }
        kind
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text in which backticks enclose code.
fn inline(text: &str) -> String {
    let mut html = String::new();
    for (number, part) in text.split('`').enumerate() {
        let part = escaped(part);
        html.push_str(&if number % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_on_the_page() {
        let all: Value = serde_json::from_str(OPENAPI).unwrap();
        let page = page("/relay");
        let mut operations = 0;
        for (path, item) in all["paths"].as_object().unwrap() {
            for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
                let (upper, id) = (method.to_uppercase(), item[*method]["operationId"].as_str().unwrap());
                assert!(page.contains(&format!("<h3><code>{upper}</code> /relay{path}</h3>")), "{upper} {path}");
                assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
                operations += 1;
            }
        }
        assert!(operations > 20);
        assert!(page.contains("<code>expiresInSeconds</code>") && page.contains("≤ 3600"), "members of bodies");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(inline("a `<b>` & \"c\""), "a <code>&lt;b&gt;</code> &amp; &quot;c&quot;");
    }
}
