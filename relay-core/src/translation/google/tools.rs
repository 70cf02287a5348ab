//! Tools and the choice among them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::parts::{Words, raw_text};
use super::schema::{self, Owner, Rigor};
use crate::error::RelayError;
use crate::translation::context::Renames;
use crate::translation::json::Object;
use crate::translation::surface::refusals::{self, ToolNames};
use crate::translation::{Notes, Work};

/// The most declarations that Gemini takes.
const MAX_TOOLS: usize = 512;

/// One entry of `tools`: all functions, or the search.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Tool<'a> {
    FunctionDeclarations(Vec<Declaration<'a>>),
    GoogleSearch {},
}

/// A function, as the model sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Declaration<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Words<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<Box<RawValue>>,
}

/// `toolConfig`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    function_calling_config: CallingConfig<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CallingConfig<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_function_names: Vec<Cow<'a, str>>,
}

/// What a request says about tools.
#[derive(Debug, Default)]
pub(super) struct Tools<'a> {
    pub(super) declarations: Vec<Declaration<'a>>,
    pub(super) config: Option<ToolConfig<'a>>,
    /// Names that Gemini refuses: the caller's, by what is sent. Found when all names are known.
    pub(super) renamed: Renames,
    /// Whether the deprecated `functions` were used.
    pub(super) legacy: bool,
    /// Whether the answer can only be a call.
    pub(super) forced: bool,
    /// Whether a function asked for `strict`.
    strict: bool,
    /// The names so far.
    known: ToolNames<'a>,
}

/// Reads `tools` and `tool_choice`, or the deprecated `functions` and `function_call`.
///
/// # Errors
/// Tools that are no functions, bad names and schemas, and choices of what is not there.
pub(super) fn read<'a>(request: &Object<'a>, notes: &mut Notes, work: &Work) -> Result<Tools<'a>, RelayError> {
    let mut tools = Tools::default();
    let (own, functions) = (declared(request, "tools")?, declared(request, "functions")?);
    for (i, tool) in own.iter().enumerate() {
        if tool.text("type")?.is_some_and(|kind| kind != "function") {
            let why = "Gemini only knows tools of type `function`";
            return Err(RelayError::unsupported_value(format!("tools[{i}].type"), why));
        }
        let function = required_object(tool, "function")?;
        tools.declare(&function, work)?;
    }
    if !functions.is_empty() && !tools.declarations.is_empty() {
        notes.drop("functions");
    } else {
        tools.legacy = !functions.is_empty();
        functions.iter().try_for_each(|function| tools.declare(function, work))?;
    }
    let other = if tools.legacy { "tool_choice" } else { "function_call" };
    if request.get(other).is_some() {
        notes.drop(other);
    }
    let (name, read): (_, fn(&RawValue, &Object<'a>, &Tools<'a>) -> _) =
        if tools.legacy { ("function_call", legacy_choice) } else { ("tool_choice", choice) };
    let chosen = request.get(name).map(|raw| read(raw, request, &tools)).transpose()?.unwrap_or(Choice::AUTO);
    tools.choose(chosen);
    Ok(tools)
}

/// `tools` or `functions`; not too many, since each is compared with all others.
fn declared<'a>(request: &Object<'a>, name: &'static str) -> Result<Vec<Object<'a>>, RelayError> {
    let all = request.objects(name)?.unwrap_or_default();
    if all.len() > MAX_TOOLS {
        return Err(RelayError::invalid_value(name, format!("Gemini takes at most {MAX_TOOLS} functions")));
    }
    Ok(all)
}

/// Whether a character may stand in a name, though perhaps not at its beginning.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte)
}

/// A member that must be there, as an object.
pub(super) fn required_object<'a>(parent: &Object<'a>, name: &str) -> Result<Object<'a>, RelayError> {
    parent.object(name)?.ok_or_else(|| {
        let path = parent.path(name);
        RelayError::invalid_value(path.clone(), format!("`{path}` is missing"))
    })
}

/// A member that must be there, as text that is not empty.
pub(super) fn required_text<'a>(parent: &Object<'a>, name: &str) -> Result<Cow<'a, str>, RelayError> {
    parent.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| {
        let path = parent.path(name);
        RelayError::invalid_value(path.clone(), format!("`{path}` is missing or empty"))
    })
}

impl<'a> Tools<'a> {
    /// All names: of the declarations, and in the choice.
    pub(super) fn names(&self) -> impl Iterator<Item = &Cow<'a, str>> {
        let chosen = self.config.iter().flat_map(|config| &config.function_calling_config.allowed_function_names);
        self.declarations.iter().map(|declaration| &declaration.name).chain(chosen)
    }

    /// As [`Self::names`], to change them.
    pub(super) fn names_mut(&mut self) -> impl Iterator<Item = &mut Cow<'a, str>> {
        let chosen =
            self.config.iter_mut().flat_map(|config| &mut config.function_calling_config.allowed_function_names);
        self.declarations.iter_mut().map(|declaration| &mut declaration.name).chain(chosen)
    }

    fn declare(&mut self, function: &Object<'a>, work: &Work) -> Result<(), RelayError> {
        let name = required_text(function, "name")?;
        if name.len() > 128 || !name.bytes().all(is_plain) {
            let why = "a function name has at most 128 letters, digits, `_`, `.`, `:` and `-`";
            return Err(RelayError::invalid_value(function.path("name"), why));
        }
        self.known.add(name.clone())?;
        let is_strict = function.flag("strict")?.unwrap_or(false);
        if is_strict {
            refusals::strict_tool(function, &name, work)?;
        }
        self.strict |= is_strict;
        let (parameters_json_schema, words) = parameters(function, &name, is_strict, work)?;
        let description = match (function.text("description")?, words) {
            (_, None) => raw_text(function, "description")?,
            (own, Some(words)) => {
                let own = own.unwrap_or_default();
                let separator = if own.is_empty() { "" } else { " " };
                Some(Words::Own(format!("{own}{separator}{words}").into()))
            }
        };
        self.declarations.push(Declaration { name, description, parameters_json_schema });
        Ok(())
    }

    /// Turns a choice into `toolConfig`. `auto` is the default and not sent, unless a tool is strict.
    fn choose(&mut self, choice: Choice<'a>) {
        self.forced = choice.mode == "ANY" && !self.declarations.is_empty();
        let mode = match choice.mode {
            _ if self.declarations.is_empty() => return,
            "AUTO" if self.strict => "VALIDATED",
            "AUTO" => return,
            mode => mode,
        };
        self.config =
            Some(ToolConfig { function_calling_config: CallingConfig { mode, allowed_function_names: choice.names } });
    }

    fn declared(&self, name: Cow<'a, str>, param: &'static str) -> Result<Cow<'a, str>, RelayError> {
        if self.declarations.iter().any(|known| known.name == name) {
            return Ok(name);
        }
        let shown: String = name.chars().take(128).collect();
        Err(RelayError::invalid_value(param, format!("`{param}` names `{shown}`, which is not among the tools")))
    }
}

/// A choice in Gemini's words; names only go with `ANY` and `VALIDATED`.
struct Choice<'a> {
    mode: &'static str,
    names: Vec<Cow<'a, str>>,
}

impl Choice<'_> {
    const AUTO: Self = Self { mode: "AUTO", names: Vec::new() };
}

/// The modes that are one word in OpenAI's schema.
fn mode(word: &str, tools: &Tools<'_>, param: &'static str) -> Result<&'static str, RelayError> {
    match word {
        "auto" => Ok("AUTO"),
        "none" => Ok("NONE"),
        "required" if tools.declarations.is_empty() => {
            Err(RelayError::invalid_value(param, format!("`{param}` forces a call, and there are no tools")))
        }
        "required" => Ok("ANY"),
        _ => Err(RelayError::invalid_value(param, format!("`{param}` must be auto, none, required or an object"))),
    }
}

/// `tool_choice`.
fn choice<'a>(raw: &RawValue, request: &Object<'a>, tools: &Tools<'a>) -> Result<Choice<'a>, RelayError> {
    const PARAM: &str = "tool_choice";
    if raw.get().starts_with('"') {
        let word = request.text(PARAM)?.unwrap_or_default();
        return Ok(Choice { mode: mode(&word, tools, PARAM)?, names: Vec::new() });
    }
    let object = required_object(request, PARAM)?;
    match required_text(&object, "type")?.as_ref() {
        "function" => {
            let name = required_text(&required_object(&object, "function")?, "name")?;
            Ok(Choice { mode: "ANY", names: vec![tools.declared(name, PARAM)?] })
        }
        "allowed_tools" => allowed(&required_object(&object, "allowed_tools")?, tools),
        _ => Err(RelayError::unsupported_value(PARAM, "Gemini only knows choices among functions")),
    }
}

/// `{"mode": "auto" | "required", "tools": [..]}`.
fn allowed<'a>(allowed: &Object<'a>, tools: &Tools<'a>) -> Result<Choice<'a>, RelayError> {
    const PARAM: &str = "tool_choice";
    let mode = match required_text(allowed, "mode")?.as_ref() {
        "auto" => "VALIDATED",
        "required" => "ANY",
        _ => return Err(RelayError::invalid_value(PARAM, "the mode of `allowed_tools` must be auto or required")),
    };
    let mut names = Vec::new();
    for tool in allowed.objects("tools")?.unwrap_or_default() {
        if tool.text("type")?.is_some_and(|kind| kind != "function") {
            return Err(RelayError::unsupported_value(PARAM, "Gemini only knows tools of type `function`"));
        }
        names.push(tools.declared(required_text(&required_object(&tool, "function")?, "name")?, PARAM)?);
    }
    if names.is_empty() {
        return Err(RelayError::invalid_value(PARAM, "`allowed_tools` names no tool"));
    }
    Ok(Choice { mode, names })
}

/// The deprecated `function_call`: `auto`, `none` or `{"name"}`.
fn legacy_choice<'a>(raw: &RawValue, request: &Object<'a>, tools: &Tools<'a>) -> Result<Choice<'a>, RelayError> {
    const PARAM: &str = "function_call";
    if raw.get().starts_with('"') {
        let word = request.text(PARAM)?.unwrap_or_default();
        return Ok(Choice { mode: mode(&word, tools, PARAM)?, names: Vec::new() });
    }
    let name = required_text(&required_object(request, PARAM)?, "name")?;
    Ok(Choice { mode: "ANY", names: vec![tools.declared(name, PARAM)?] })
}

/// What is sent of a function's parameters: the schema, and words that have no place in one.
type Parameters = (Option<Box<RawValue>>, Option<String>);

/// A function's `parameters`, of which the root must be an object. Unless the function is strict, they are a hint. Gemini takes
/// no object without properties; what such a root says goes into the function's description.
fn parameters(function: &Object<'_>, name: &str, is_strict: bool, work: &Work) -> Result<Parameters, RelayError> {
    let Some(raw) = function.get("parameters").filter(|raw| !matches!(raw.get(), "true" | "false")) else {
        return Ok((None, None));
    };
    let param = function.path("parameters");
    let owner = Owner { param: &param, owner: &format!("the tool `{name}`") };
    let mut root = schema::convert(raw, owner, if is_strict { Rigor::Strict } else { Rigor::Hint }, work)?;
    match root.get("type") {
        None => root = [("type".to_owned(), json!("object"))].into_iter().chain(root).collect(),
        Some(kind) if kind == "object" => {}
        Some(_) if is_object(function)? => drop(root.insert("type".to_owned(), json!("object"))),
        Some(_) => {
            return Err(RelayError::invalid_value(param, "the root of a function's parameters must be an object"));
        }
    }
    if takes_nothing(&root) {
        return Ok((None, schema::in_words(root)));
    }
    let schema = to_raw_value(&root).map_err(|error| RelayError::invalid_value(param, error.to_string()))?;
    Ok((Some(schema), None))
}

/// Whether `parameters` say themselves that they are an object, among other types or by saying nothing.
fn is_object(function: &Object<'_>) -> Result<bool, RelayError> {
    let Some(parameters) = function.object("parameters")? else { return Ok(true) };
    let kind = parameters.get("type");
    Ok(kind.is_none_or(|kind| kind.get().contains("\"object\"")))
}

fn takes_nothing(root: &Map<String, Value>) -> bool {
    let open = root.get("additionalProperties").is_some_and(|more| more != &Value::Bool(false));
    let named = root.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty());
    !open && !named && !["anyOf", "oneOf"].iter().any(|key| root.contains_key(*key))
}
