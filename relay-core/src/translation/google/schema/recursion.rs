//! Recursive schemas: Gemini takes them only if each way back leads through a property that is not required.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

/// Members whose values are data, not schemas.
const DATA: &[&str] = &["default", "enum", "required", "propertyOrdering"];

/// Takes properties that lead back to their own schema out of `required`, and breaks the circles that lead through no property.
pub(super) fn break_cycles(schema: &mut Map<String, Value>) {
    release_recursion(schema);
    cut_circles(schema);
}

/// Takes properties that lead back to their own schema out of `required`.
fn release_recursion(schema: &mut Map<String, Value>) {
    let graph = Graph::new(schema, true);
    if graph.links.iter().all(Vec::is_empty) {
        return;
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
}

/// Replaces references that lead back without any property between: a value that holds itself, such as any JSON value.
fn cut_circles(schema: &mut Map<String, Value>) {
    let graph = Graph::new(schema, false);
    if graph.links.iter().all(Vec::is_empty) {
        return;
    }
    let groups = graph.groups();
    let leads_to_itself: Vec<bool> = graph.links.iter().enumerate().map(|(at, links)| links.contains(&at)).collect();
    let leads_back = |from: usize, target: &str| {
        let Some(to) = node_of(target, &graph.nodes) else { return false };
        groups.get(from) == groups.get(to) && (from != to || leads_to_itself.get(from) == Some(&true))
    };
    let definitions = schema.get_mut("$defs").map(Value::take);
    cut(schema, &|target| leads_back(0, target));
    let Some(Value::Object(mut definitions)) = definitions else { return };
    for (at, definition) in definitions.values_mut().enumerate() {
        if let Value::Object(members) = definition {
            cut(members, &|target| leads_back(at + 1, target));
        }
    }
    schema.insert("$defs".to_owned(), Value::Object(definitions));
}

fn cut(members: &mut Map<String, Value>, leads_back: &impl Fn(&str) -> bool) {
    if let Some(target) = members.get("$ref").and_then(Value::as_str).filter(|target| leads_back(target)) {
        let name = target.rsplit('/').next().unwrap_or_default();
        let words = if name == "#" { "the same as the whole".to_owned() } else { format!("another {name}") };
        *members = Map::from_iter([("description".to_owned(), json!(words))]);
        return;
    }
    for (key, value) in members.iter_mut() {
        match value {
            _ if key == "properties" || DATA.contains(&key.as_str()) => {}
            Value::Object(inner) => cut(inner, leads_back),
            Value::Array(items) => {
                items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| cut(item, leads_back))
            }
            _ => {}
        }
    }
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
    /// `properties`: whether ways through properties count.
    fn new(schema: &Map<String, Value>, properties: bool) -> Self {
        let definitions = schema.get("$defs").and_then(Value::as_object);
        let names = definitions.into_iter().flat_map(Map::keys);
        let nodes: HashMap<String, usize> = names.cloned().zip(1..).collect();
        let links_of = |value: &Map<String, Value>| {
            let mut found = Vec::new();
            collect(value, properties, &nodes, &mut found);
            found
        };
        let mut links = vec![links_of(schema)];
        links.extend(
            definitions
                .into_iter()
                .flat_map(Map::values)
                .map(|schema| schema.as_object().map(links_of).unwrap_or_default()),
        );
        Self { nodes, links }
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

fn collect(members: &Map<String, Value>, properties: bool, nodes: &HashMap<String, usize>, found: &mut Vec<usize>) {
    for (key, value) in members {
        match (key.as_str(), value) {
            ("$ref", Value::String(target)) => found.extend(node_of(target, nodes)),
            ("$defs", _) => {}
            ("properties", Value::Object(named)) if properties => {
                named.values().filter_map(Value::as_object).for_each(|property| collect(property, true, nodes, found));
            }
            ("properties", _) => {}
            (key, _) if DATA.contains(&key) => {}
            (_, Value::Object(inner)) => collect(inner, properties, nodes, found),
            (_, Value::Array(items)) => {
                items.iter().filter_map(Value::as_object).for_each(|item| collect(item, properties, nodes, found));
            }
            _ => {}
        }
    }
}

/// The node of a reference; `None` for an unknown name.
fn node_of(target: &str, nodes: &HashMap<String, usize>) -> Option<usize> {
    match target.strip_prefix("#/$defs/") {
        None => Some(0),
        Some(name) => nodes.get(name).copied(),
    }
}
