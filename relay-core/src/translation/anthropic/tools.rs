//! `tools`, `tool_choice`, the deprecated `functions`, and the server's web search.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::blocks::Marker;
use super::models::ModelFamily;
use super::names::Names;
use super::parts;
use super::schema::{self, Compiled, Use};
use crate::error::RelayError;
use crate::translation::json::Object;
use crate::translation::surface::refusals::{self, ToolNames};
use crate::translation::{Call, Notes, TranslationOptions, Work};

/// The tools of a request.
#[derive(Debug, Default)]
pub(super) struct Tools<'a> {
    /// What is offered to the model.
    pub(super) list: Vec<Tool<'a>>,
    /// Whether and which one it must call.
    pub(super) choice: Option<Choice<'a>>,
    /// Whether the caller used the deprecated `functions`.
    pub(super) legacy: bool,
    /// Names of properties that were changed.
    pub(super) names: Names,
}

/// One tool.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Tool<'a> {
    /// The caller runs it.
    Function {
        name: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<Cow<'a, str>>,
        input_schema: InputSchema<'a>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        strict: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Marker<'a>>,
    },
    /// Anthropic runs it.
    WebSearch {
        r#type: &'static str,
        name: &'static str,
        max_uses: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_location: Option<Location<'a>>,
    },
}

/// A tool's parameters.
#[derive(Debug)]
pub(super) struct InputSchema<'a> {
    /// A hint to the model.
    hint: Cow<'a, RawValue>,
    /// What Anthropic compiles, for a strict tool.
    compiled: Option<Compiled>,
}

impl Serialize for InputSchema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.compiled.as_ref().map_or(self.hint.as_ref(), |compiled| &compiled.schema).serialize(serializer)
    }
}

impl<'a> Tool<'a> {
    /// The schema that Anthropic compiles, of a strict tool.
    pub(super) fn compiled(&self) -> Option<&Compiled> {
        match self {
            Tool::Function { input_schema, .. } => input_schema.compiled.as_ref(),
            Tool::WebSearch { .. } => None,
        }
    }

    /// Makes the schema a hint.
    pub(super) fn relax(&mut self) {
        if let Tool::Function { input_schema, strict, .. } = self {
            *strict = false;
            input_schema.compiled = None;
        }
    }

    /// Its cache marker's place; a server tool gets none.
    pub(super) fn marker_mut(&mut self) -> Option<&mut Option<Marker<'a>>> {
        match self {
            Tool::Function { cache_control, .. } => Some(cache_control),
            Tool::WebSearch { .. } => None,
        }
    }
}

/// Where the user is, roughly.
#[derive(Debug, Serialize)]
pub(super) struct Location<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<Cow<'a, str>>,
}

/// Anthropic's `tool_choice`.
#[derive(Debug, Serialize)]
pub(super) struct Choice<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disable_parallel_tool_use: bool,
}

impl<'a> Choice<'a> {
    fn new(kind: &'static str) -> Self {
        Choice { r#type: kind, name: None, disable_parallel_tool_use: false }
    }

    /// Whether the model must call a tool.
    pub(super) fn is_forced(&self) -> bool {
        matches!(self.r#type, "any" | "tool")
    }
}

/// Reads all members that are about tools.
///
/// # Errors
/// Tools and choices that Anthropic, or this model, has no counterpart for.
pub(super) fn read<'a>(call: &Call<'a>, family: &ModelFamily, notes: &mut Notes) -> Result<Tools<'a>, RelayError> {
    let (request, options, work) = (call.request, call.options, call.work);
    let (mut tools, mut seen) = (Tools::default(), ToolNames::default());
    for tool in request.objects("tools")?.unwrap_or_default() {
        let tool = tool_of(&tool, &mut tools.names, notes, work)?;
        if let Tool::Function { name, .. } = &tool {
            seen.add(name.clone())?;
        }
        tools.list.push(tool);
    }
    if tools.list.is_empty() {
        for function in request.objects("functions")?.unwrap_or_default() {
            let tool = function_of(&function, (None, false), &mut tools.names, notes, work)?;
            tools.list.push(tool);
            tools.legacy = true;
        }
    } else if request.get("functions").is_some() {
        notes.drop("functions");
    }
    let (param, other) = if tools.legacy { ("function_call", "tool_choice") } else { ("tool_choice", "function_call") };
    if request.get(other).is_some() {
        notes.drop(other);
    }
    if let Some(options) = request.object("web_search_options")? {
        tools.list.push(web_search(&options)?);
    }
    tools.choice = choice(request, param, &mut tools.list)?;
    check_choice(&mut tools, param, family, options, notes)?;
    if tools.legacy || request.flag("parallel_tool_calls")? == Some(false) {
        call_one_at_a_time(&mut tools);
    }
    Ok(tools)
}

fn tool_of<'a>(tool: &Object<'a>, names: &mut Names, notes: &mut Notes, work: &Work) -> Result<Tool<'a>, RelayError> {
    if tool.text("type")?.is_some_and(|kind| kind != "function") {
        let message = "Claude models take only tools of type `function`; for free text, use one string parameter";
        return Err(RelayError::unsupported_value(tool.path("type"), message));
    }
    let path = tool.path("function");
    let function = tool.object("function")?.ok_or_else(|| {
        let message = format!("`{path}` is missing");
        RelayError::invalid_value(path, message)
    })?;
    let strict = function.flag("strict")?.unwrap_or_default();
    function_of(&function, (parts::marker(tool), strict), names, notes, work)
}

/// The longest name of a tool, in bytes.
pub(super) const MAX_NAME: usize = 128;

/// Whether Anthropic takes a tool's name.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits)
}

fn function_of<'a>(
    function: &Object<'a>,
    (marker, strict): (Option<Marker<'a>>, bool),
    names: &mut Names,
    notes: &mut Notes,
    work: &Work,
) -> Result<Tool<'a>, RelayError> {
    let name = function.text("name")?.unwrap_or_default();
    if !is_name(&name) {
        let path = function.path("name");
        let message = format!("`{path}` must be 1 to 128 letters, digits, `_` and `-`");
        return Err(RelayError::invalid_value(path, message));
    }
    let path = function.path("parameters");
    let parameters = schema::parameters(function.get("parameters"), &path, work)?;
    names.add(&name, parameters.renamed);
    if strict {
        refusals::strict_tool(function, &name, work)?;
    }
    let hint = parameters.schema;
    let compiled = if strict { schema::compile(&hint, None, Use::Tool, work).ok() } else { None };
    work.check(&path, &format!("the tool `{name}`"))?;
    if strict && compiled.is_none() {
        notes.drop("tools.strict");
    }
    Ok(Tool::Function {
        name,
        description: function.text("description")?,
        strict: compiled.is_some(),
        input_schema: InputSchema { hint, compiled },
        cache_control: marker.or_else(|| parts::marker(function)),
    })
}

fn choice<'a>(
    request: &Object<'a>,
    param: &'static str,
    list: &mut Vec<Tool<'a>>,
) -> Result<Option<Choice<'a>>, RelayError> {
    let Some(raw) = request.get(param) else { return Ok(None) };
    if raw.get().starts_with('"') {
        return match request.text(param)?.as_deref() {
            Some("auto") => Ok(Some(Choice::new("auto"))),
            Some("none") => Ok(Some(Choice::new("none"))),
            Some("required") => Ok(Some(Choice::new("any"))),
            _ => Err(RelayError::invalid_value(param, format!("`{param}` must be auto, none, required or an object"))),
        };
    }
    let choice = request.object(param)?.unwrap_or_default();
    if param == "function_call" {
        return named_choice(choice.text("name")?.unwrap_or_default(), param, list).map(Some);
    }
    match choice.text("type")?.as_deref() {
        Some("function") => {
            let function = choice.object("function")?.unwrap_or_default();
            named_choice(function.text("name")?.unwrap_or_default(), param, list).map(Some)
        }
        Some("allowed_tools") => {
            let allowed = choice.object("allowed_tools")?.unwrap_or_default();
            allowed_tools(&allowed, list).map(Some)
        }
        _ => Err(RelayError::unsupported_value(param, "Claude models take `function` and `allowed_tools` here")),
    }
}

fn named_choice<'a>(name: Cow<'a, str>, param: &'static str, list: &[Tool<'a>]) -> Result<Choice<'a>, RelayError> {
    let is_there = list.iter().any(|tool| matches!(tool, Tool::Function { name: known, .. } if *known == name));
    if !is_there {
        return Err(RelayError::invalid_value(
            param,
            format!("`{param}` names a function that is not among the tools"),
        ));
    }
    Ok(Choice { name: Some(name), ..Choice::new("tool") })
}

/// Narrows the list to the allowed tools.
fn allowed_tools<'a>(allowed: &Object<'a>, list: &mut Vec<Tool<'a>>) -> Result<Choice<'a>, RelayError> {
    let mut names = HashSet::new();
    for tool in allowed.objects("tools")?.unwrap_or_default() {
        let function = tool.object("function")?.unwrap_or_default();
        names.insert(function.text("name")?.unwrap_or_default());
    }
    let wanted = names.len();
    let mut found = HashSet::new();
    list.retain(|tool| match tool {
        Tool::Function { name, .. } => names.contains(name) && found.insert(name.clone()),
        Tool::WebSearch { .. } => true,
    });
    if found.len() < wanted {
        return Err(RelayError::invalid_value(
            "tool_choice",
            "`tool_choice` allows a function that is not among the tools",
        ));
    }
    match allowed.text("mode")?.as_deref() {
        Some("required") => Ok(Choice::new("any")),
        Some("auto") | None => Ok(Choice::new("auto")),
        _ => Err(RelayError::invalid_value("tool_choice", "`tool_choice.allowed_tools.mode` must be auto or required")),
    }
}

/// A choice without tools means nothing or is wrong; a forced one needs a model that can do it.
fn check_choice(
    tools: &mut Tools<'_>,
    param: &'static str,
    family: &ModelFamily,
    options: TranslationOptions,
    notes: &mut Notes,
) -> Result<(), RelayError> {
    let is_forced = tools.choice.as_ref().is_some_and(Choice::is_forced);
    if tools.list.is_empty() {
        tools.choice = None;
        if is_forced {
            return Err(RelayError::invalid_value(param, format!("`{param}` asks for a call, but there are no tools")));
        }
    } else if is_forced && !family.forced_tool {
        if !options.forced_tool_choice_auto {
            let message = "this model can't be forced to call a tool: use `auto` and say so in the prompt";
            return Err(RelayError::unsupported_value(param, message));
        }
        tools.choice = Some(Choice::new("auto"));
        notes.adjust(param);
    }
    Ok(())
}

fn call_one_at_a_time(tools: &mut Tools<'_>) {
    if tools.list.is_empty() {
        return;
    }
    let choice = tools.choice.get_or_insert_with(|| Choice::new("auto"));
    choice.disable_parallel_tool_use = choice.r#type != "none";
}

fn web_search<'a>(options: &Object<'a>) -> Result<Tool<'a>, RelayError> {
    let max_uses = match options.text("search_context_size")?.as_deref() {
        Some("low") => 1,
        Some("medium") | None => 5,
        Some("high") => 10,
        Some(_) => {
            let path = options.path("search_context_size");
            let message = format!("`{path}` must be low, medium or high");
            return Err(RelayError::invalid_value(path, message));
        }
    };
    let place = options.object("user_location")?.map(|location| location.object("approximate")).transpose()?.flatten();
    let location = |place: Object<'a>| -> Result<Location<'a>, RelayError> {
        Ok(Location {
            r#type: "approximate",
            city: place.text("city")?,
            region: place.text("region")?,
            country: place.text("country")?,
            timezone: place.text("timezone")?,
        })
    };
    let user_location = place.map(location).transpose()?;
    Ok(Tool::WebSearch { r#type: "web_search_20250305", name: "web_search", max_uses, user_location })
}
