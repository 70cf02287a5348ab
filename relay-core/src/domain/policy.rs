//! What a project chooses: its policies, and one table that describes them.
//!
//! A new policy is a field of [`Policy`] and a row of [`Policy::FIELDS`]. Stores keep a policy as one JSON object, and the
//! command line and the APIs list the table, so that neither changes with it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A project's policies. [`Policy::default`] is the most permissive, and what a new project has.
///
/// As JSON it is one object with a member for each field in camelCase. A missing member is the default. Members that this
/// version does not know are kept, so that an older process changes nothing that a newer one stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Policy {
    /// Origins of pages that may register keys; empty: any. A token can narrow them.
    pub allowed_origins: Vec<String>,
    /// Whether [`Self::allowed_origins`] may have wildcards that reach the hosts of many owners: over a public suffix, such as
    /// `https://*.vercel.app`, or over every host (`https://*`). Otherwise such an entry matches nothing.
    pub allow_public_suffix: bool,
    /// Whether a parameter that would be dropped or adjusted is an error instead.
    pub strict_params: bool,
    /// Whether a forced tool choice becomes `auto`, and is named as adjusted, where a model can't force one. Otherwise it is
    /// an error.
    pub forced_tool_choice_auto: bool,
    /// Where the hosted page may send a user when they are done, each as a whole URL; empty: nowhere.
    pub return_urls: Vec<String>,
    /// Whether a key must be typed into Relay's own frame: what a page's own script sends is refused.
    pub frame_only: bool,
    /// Members that this version does not know.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// One row of [`Policy::FIELDS`].
#[derive(Clone, Copy, Debug)]
pub struct PolicyField {
    /// The field's name in snake_case.
    pub name: &'static str,
    /// What one value of it is called where it is given on a command line, in kebab-case: `origin`, `frame-only`.
    pub flag: &'static str,
    /// What the flag means, in one or two sentences for people.
    pub help: &'static str,
    /// Its type, and how to reach it.
    pub kind: PolicyKind,
}

/// What a policy field holds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PolicyKind {
    /// On or off.
    Switch {
        /// The flag of the list that it belongs to: given with that list only, and off again when the list is replaced without it.
        list: Option<&'static str>,
        /// Reads it.
        get: fn(&Policy) -> bool,
        /// Changes it.
        set: fn(&mut Policy, bool),
    },
    /// A list of texts. Its flag gives one entry.
    List {
        /// The flag that empties it: `any-origin`.
        clear: &'static str,
        /// Reads it.
        get: fn(&Policy) -> &[String],
        /// Changes it.
        set: fn(&mut Policy, Vec<String>),
    },
}

/// A row for a `bool`, which may belong to a list.
macro_rules! switch {
    ($field:ident, $flag:literal, $list:expr, $help:literal) => {
        PolicyField {
            name: stringify!($field),
            flag: $flag,
            help: $help,
            kind: PolicyKind::Switch {
                list: $list,
                get: |policy| policy.$field,
                set: |policy, value| policy.$field = value,
            },
        }
    };
}

/// A row for a list of texts.
macro_rules! list {
    ($field:ident, $flag:literal, $clear:literal, $help:literal) => {
        PolicyField {
            name: stringify!($field),
            flag: $flag,
            help: $help,
            kind: PolicyKind::List {
                clear: $clear,
                get: |policy| &policy.$field,
                set: |policy, value| policy.$field = value,
            },
        }
    };
}

impl Policy {
    /// Every field, in the order in which they are shown.
    pub const FIELDS: &'static [PolicyField] = &[
        list!(
            allowed_origins,
            "origin",
            "any-origin",
            "An origin whose pages may register keys, such as `https://app.example.com`, or a wildcard for all subdomains, such \
             as `https://*.preview.example.com`. None: any"
        ),
        switch!(
            allow_public_suffix,
            "allow-public-suffix",
            Some("origin"),
            "Allow origins such as `https://*.vercel.app`, below which anyone can get a host"
        ),
        switch!(
            strict_params,
            "strict-params",
            None,
            "Refuse calls with parameters that a provider does not support, instead of dropping and naming them"
        ),
        switch!(
            forced_tool_choice_auto,
            "forced-tool-choice-auto",
            None,
            "Send `auto` where a model can't be forced to call a tool, and name it as adjusted, instead of refusing the call"
        ),
        list!(
            return_urls,
            "return-url",
            "no-return-urls",
            "Where the hosted page may send users when they are done: a whole `https:` address, or one of an app \
             (`myapp://done`). None: nowhere"
        ),
        switch!(frame_only, "frame-only", None, "Take keys from Relay's own frame only, not from a page's script"),
    ];
}

impl PolicyField {
    /// What a policy has here, as JSON.
    pub fn value(&self, policy: &Policy) -> Value {
        match self.kind {
            PolicyKind::Switch { get, .. } => get(policy).into(),
            PolicyKind::List { get, .. } => get(policy).into(),
        }
    }

    /// The name in JSON: `frame_only` is `frameOnly`.
    pub fn json_name(&self) -> String {
        let mut words = self.name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |mut name, word| {
            let mut letters = word.chars();
            name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
            name.push_str(letters.as_str());
            name
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_has_each_field_once_under_its_name_in_json() {
        let Value::Object(members) = serde_json::to_value(Policy::default()).unwrap() else { panic!("no object") };
        let names: Vec<String> = Policy::FIELDS.iter().map(PolicyField::json_name).collect();
        assert_eq!(members.keys().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
    }

    #[test]
    fn each_row_reads_and_changes_its_own_field() {
        let mut policy = Policy::default();
        for field in Policy::FIELDS {
            match field.kind {
                PolicyKind::Switch { get, set, .. } => {
                    assert!(!get(&policy), "{}", field.name);
                    set(&mut policy, true);
                    assert!(get(&policy), "{}", field.name);
                }
                PolicyKind::List { get, set, .. } => {
                    assert!(get(&policy).is_empty(), "{}", field.name);
                    set(&mut policy, vec![field.name.to_owned()]);
                    assert_eq!(get(&policy), [field.name]);
                }
            }
        }
        assert_eq!(
            serde_json::to_value(policy).unwrap(),
            json!({
                "allowedOrigins": ["allowed_origins"],
                "allowPublicSuffix": true,
                "strictParams": true,
                "forcedToolChoiceAuto": true,
                "returnUrls": ["return_urls"],
                "frameOnly": true,
            })
        );
    }

    #[test]
    fn a_missing_member_is_the_default_and_an_unknown_one_is_kept() {
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::default());
        let stored = json!({ "frameOnly": true, "fromTheFuture": { "limit": 3 } });
        let mut policy: Policy = serde_json::from_value(stored).unwrap();
        policy.frame_only = false;
        let stored = serde_json::to_value(policy).unwrap();
        assert_eq!((&stored["frameOnly"], &stored["fromTheFuture"]), (&json!(false), &json!({ "limit": 3 })));
    }
}
