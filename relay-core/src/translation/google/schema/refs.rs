//! References inside a JSON Schema: to definitions only, and recursive only through what is not required.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// A `$ref` as it is sent: `definitions` is called `$defs` there.
///
/// # Errors
/// A reference to anything but `#` or a definition.
pub(super) fn rewritten(target: &Value) -> Result<Value, String> {
    let text = target.as_str().unwrap_or_default();
    let name = text.strip_prefix("#/$defs/").or_else(|| text.strip_prefix("#/definitions/"));
    match name {
        _ if text == "#" => Ok(target.clone()),
        Some(name) if !name.contains('/') => Ok(Value::String(format!("#/$defs/{name}"))),
        _ => Err(format!("the reference `{}` leads neither to `#` nor to a definition", shortened(text))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Takes properties that lead back to their own schema out of `required`: Gemini refuses such a schema.
///
/// # Errors
/// A reference to a definition that is not there.
pub(super) fn release_recursion(schema: &mut Map<String, Value>) -> Result<(), String> {
    let graph = Graph::new(schema)?;
    if graph.links.iter().all(Vec::is_empty) {
        return Ok(());
    }
    let groups = graph.groups();
    let group = |node: usize| groups.get(node).copied().unwrap_or(node);
    let recursive = |node: usize| {
        let (nodes, group) = (&graph.nodes, &group);
        move |target: &str| node_of(target, nodes).is_some_and(|other| group(other) == group(node))
    };
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        for (at, definition) in definitions.values_mut().enumerate() {
            release(definition, &recursive(at + 1));
        }
    }
    let definitions = schema.get_mut("$defs").map(Value::take);
    release_members(schema, &recursive(0));
    if let (Some(slot), Some(definitions)) = (schema.get_mut("$defs"), definitions) {
        *slot = definitions;
    }
    Ok(())
}

/// Walks a schema; returns whether it leads back (`recursive`) through nothing but what must be there.
fn release(value: &mut Value, recursive: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(members) => release_members(members, recursive),
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= release(item, recursive);
            }
            found
        }
        _ => false,
    }
}

fn release_members(members: &mut Map<String, Value>, recursive: &impl Fn(&str) -> bool) -> bool {
    let mut found = members.get("$ref").and_then(Value::as_str).is_some_and(recursive);
    let mut freed: HashSet<String> = HashSet::new();
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties.iter_mut() {
                    if release(property, recursive) {
                        freed.insert(name.clone());
                    }
                }
            }
            (_, value) => found |= release(value, recursive),
        }
    }
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| !name.as_str().is_some_and(|name| freed.contains(name)));
    }
    found
}

/// The root (0) and its definitions (from 1 on), and which refers to which.
struct Graph {
    nodes: HashMap<String, usize>,
    links: Vec<Vec<usize>>,
}

impl Graph {
    fn new(schema: &Map<String, Value>) -> Result<Self, String> {
        let definitions = schema.get("$defs").and_then(Value::as_object);
        let names = definitions.into_iter().flat_map(Map::keys);
        let nodes: HashMap<String, usize> = names.cloned().zip(1..).collect();
        let mut root = Vec::new();
        for (key, value) in schema {
            match (key.as_str(), value) {
                ("$defs", _) => {}
                ("$ref", Value::String(target)) => root.extend(linked(target, &nodes)?),
                (_, value) => collect(value, &nodes, &mut root)?,
            }
        }
        let mut links = vec![root];
        for definition in definitions.into_iter().flat_map(Map::values) {
            let mut found = Vec::new();
            collect(definition, &nodes, &mut found)?;
            links.push(found);
        }
        Ok(Self { nodes, links })
    }

    /// Numbers the nodes so that two have the same number if each leads to the other (Kosaraju's algorithm).
    fn groups(&self) -> Vec<usize> {
        let mut back = vec![Vec::new(); self.links.len()];
        for (from, targets) in self.links.iter().enumerate() {
            for to in targets {
                if let Some(sources) = back.get_mut(*to) {
                    sources.push(from);
                }
            }
        }
        let mut seen = vec![false; self.links.len()];
        let mut order = Vec::with_capacity(self.links.len());
        for start in 0..self.links.len() {
            visit(start, &self.links, &mut seen, &mut |node| order.push(node));
        }
        let mut groups = vec![0; self.links.len()];
        let mut seen = vec![false; self.links.len()];
        for start in order.into_iter().rev() {
            visit(start, &back, &mut seen, &mut |node| {
                if let Some(group) = groups.get_mut(node) {
                    *group = start;
                }
            });
        }
        groups
    }
}

/// Depth first, without recursion; calls `leave` for each new node after all that it leads to.
fn visit(start: usize, links: &[Vec<usize>], seen: &mut [bool], leave: &mut impl FnMut(usize)) {
    let mut enter = |node: usize| seen.get_mut(node).is_some_and(|seen| !std::mem::replace(seen, true));
    if !enter(start) {
        return;
    }
    let mut path = vec![(start, 0)];
    while let Some((node, next)) = path.last_mut() {
        match links.get(*node).and_then(|targets| targets.get(*next)) {
            Some(target) => {
                *next += 1;
                if enter(*target) {
                    path.push((*target, 0));
                }
            }
            None => {
                leave(*node);
                path.pop();
            }
        }
    }
}

fn collect(value: &Value, nodes: &HashMap<String, usize>, found: &mut Vec<usize>) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("$ref", Value::String(target)) => found.extend(linked(target, nodes)?),
                    ("properties", Value::Object(named)) => {
                        named.values().try_for_each(|property| collect(property, nodes, found))?;
                    }
                    (_, value) => collect(value, nodes, found)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, nodes, found)),
        _ => Ok(()),
    }
}

fn linked(target: &str, nodes: &HashMap<String, usize>) -> Result<Option<usize>, String> {
    match node_of(target, nodes) {
        None if !target.contains('%') => Err(format!("there is no definition for `{}`", shortened(target))),
        node => Ok(node),
    }
}

/// The node of a reference; `None` for an unknown name.
fn node_of(target: &str, nodes: &HashMap<String, usize>) -> Option<usize> {
    match target.strip_prefix("#/$defs/") {
        None => Some(0),
        Some(name) => nodes.get(name).or_else(|| nodes.get(&name.replace("~1", "/").replace("~0", "~"))).copied(),
    }
}
