//! A project's policy, and one table that describes its fields.
//!
//! A new policy is a field of [`Policy`] and a row of [`Policy::FIELDS`]. Stores store a policy as one JSON object, and
//! the command line and the APIs read the table, so none of them changes with a new field.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::domain::logo::Logo;

/// A project's policy. [`Policy::default`] is the most permissive one, and the policy of a new project.
///
/// Its JSON is one object with a member for each field, in camelCase. A missing member means the default. Members that
/// this version does not know are preserved, so an older process does not lose what a newer one stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Policy {
    /// Origins of pages that may register keys; empty: any. A token can narrow the list.
    pub allowed_origins: Vec<String>,
    /// Whether [`Self::allowed_origins`] may have wildcards that match hosts of many owners: over a public suffix, such
    /// as `https://*.vercel.app`, or over every host (`https://*`). Otherwise such an entry matches nothing.
    pub allow_public_suffix: bool,
    /// Whether a parameter that would be dropped or adjusted is an error instead.
    pub strict_params: bool,
    /// Whether a forced tool choice becomes `auto`, and is reported as adjusted, if the model does not support forcing.
    /// Otherwise it is an error.
    pub forced_tool_choice_auto: bool,
    /// The complete URLs to which the hosted page may send a user afterwards; empty: none.
    pub return_urls: Vec<String>,
    /// Whether a key must be typed into Relay's own frame. A key that a script of the page sends is refused.
    pub frame_only: bool,
    /// The image that Relay's own pages show beside the project's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    /// Members that this version does not know.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// One row of [`Policy::FIELDS`].
#[derive(Clone, Copy, Debug)]
pub struct PolicyField {
    /// The field's name in snake_case.
    pub name: &'static str,
    /// The name of its command line option, in kebab-case and singular: `origin`, `frame-only`.
    pub flag: &'static str,
    /// A one-line description.
    pub help: &'static str,
    /// Its type, with functions that read and change it.
    pub kind: PolicyKind,
}

/// The type of a policy field.
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
    /// A list of strings. Its flag gives one entry.
    List {
        /// The flag that empties it: `any-origin`.
        clear: &'static str,
        /// Reads it.
        get: fn(&Policy) -> &[String],
        /// Changes it.
        set: fn(&mut Policy, Vec<String>),
    },
    /// An image. Its flag names a file.
    Image {
        /// The flag that removes it: `no-logo`.
        clear: &'static str,
        /// Reads it.
        get: fn(&Policy) -> Option<&Logo>,
        /// Changes it.
        set: fn(&mut Policy, Option<Logo>),
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

/// A row for a list of strings.
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
    /// Every field, in display order.
    pub const FIELDS: &'static [PolicyField] = &[
        list!(
            allowed_origins,
            "origin",
            "any-origin",
            "An origin whose pages may register keys, such as `https://app.example.com`, or a wildcard for all subdomains, such \
             as `https://*.preview.example.com`. Default: any"
        ),
        switch!(
            allow_public_suffix,
            "allow-public-suffix",
            Some("origin"),
            "Allow origins such as `https://*.vercel.app`, under which anyone can get a host"
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
            "Send `auto` if a model can't be forced to call a tool, and report `tool_choice` as adjusted, instead of refusing the call"
        ),
        list!(
            return_urls,
            "return-url",
            "no-return-urls",
            "A URL to which the hosted page may send users afterwards: a complete `https:` URL, or one of an app \
             (`myapp://done`). Default: none"
        ),
        switch!(frame_only, "frame-only", None, "Accept keys only from Relay's own frame, not from a page's script"),
        PolicyField {
            name: "logo",
            flag: "logo",
            help: "A PNG, JPEG or WebP file of at most 32 KiB, which Relay's pages show beside the project's name. Default: none",
            kind: PolicyKind::Image {
                clear: "no-logo",
                get: |policy| policy.logo.as_ref(),
                set: |policy, logo| policy.logo = logo,
            },
        },
    ];
}

impl PolicyField {
    /// The field's value in a policy, as JSON. Of an image: its type and its size in bytes.
    pub fn value(&self, policy: &Policy) -> Value {
        match self.kind {
            PolicyKind::Switch { get, .. } => get(policy).into(),
            PolicyKind::List { get, .. } => get(policy).into(),
            PolicyKind::Image { get, .. } => get(policy)
                .map_or(Value::Null, |logo| json!({ "type": logo.media_type(), "bytes": logo.bytes().len() })),
        }
    }

    /// The field's name in JSON: `frame_only` is `frameOnly`.
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
    use super::*;

    fn logo() -> Logo {
        Logo::parse(b"\xff\xd8\xff").unwrap()
    }

    #[test]
    fn the_table_has_each_field_once_under_its_name_in_json() {
        let policy = Policy { logo: Some(logo()), ..Policy::default() };
        let Value::Object(members) = serde_json::to_value(policy).unwrap() else { panic!("no object") };
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
                PolicyKind::Image { get, set, .. } => {
                    assert_eq!((get(&policy), field.value(&policy)), (None, Value::Null), "{}", field.name);
                    set(&mut policy, Some(logo()));
                    assert_eq!(get(&policy), Some(&logo()));
                    assert_eq!(field.value(&policy), json!({ "type": "image/jpeg", "bytes": 3 }));
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
                "logo": "image/jpeg;base64,/9j/",
            })
        );
    }

    #[test]
    fn a_missing_member_is_the_default_and_an_unknown_one_is_preserved() {
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::default());
        let stored = json!({ "frameOnly": true, "fromTheFuture": { "limit": 3 } });
        let mut policy: Policy = serde_json::from_value(stored).unwrap();
        policy.frame_only = false;
        let stored = serde_json::to_value(policy).unwrap();
        assert_eq!((&stored["frameOnly"], &stored["fromTheFuture"]), (&json!(false), &json!({ "limit": 3 })));
    }
}
