//! The flags of a project's policy: for each row of `Policy::FIELDS` one that sets it, and for a change one that takes it back.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, Error, FromArgMatches};
use relay_core::domain::{Logo, Policy, PolicyField, PolicyKind};

/// The policy flags that were given.
#[derive(Clone, Debug, Default)]
pub struct PolicyFlags(Vec<(&'static PolicyField, Setting)>);

/// What a flag asks for.
#[derive(Clone, Debug)]
enum Setting {
    Switch(bool),
    List(Vec<String>),
    Image(Option<Logo>),
}

/// The changes to a project: its name and its policy. At least one flag must be given; a list replaces the previous list.
#[derive(Clone, Debug, Default)]
pub struct ProjectChange {
    /// Its new name.
    pub name: Option<String>,
    /// The changes to its policy.
    pub policy: PolicyFlags,
}

impl PolicyFlags {
    /// Sets in `policy` what was asked for. What was not named stays, but for a switch that belongs to a list: it goes with
    /// each new list.
    pub fn apply(&self, policy: &mut Policy) {
        for (field, setting) in &self.0 {
            if let (PolicyKind::List { set, .. }, Setting::List(entries)) = (field.kind, setting) {
                set(policy, entries.clone());
                for switch in Policy::FIELDS.iter().filter(|other| belongs_to(other, field)) {
                    if let PolicyKind::Switch { set, .. } = switch.kind {
                        set(policy, false);
                    }
                }
            }
        }
        for (field, setting) in &self.0 {
            match (field.kind, setting) {
                (PolicyKind::Switch { set, .. }, Setting::Switch(on)) => set(policy, *on),
                (PolicyKind::Image { set, .. }, Setting::Image(logo)) => set(policy, logo.clone()),
                _ => {}
            }
        }
    }

    fn read(matches: &ArgMatches) -> Self {
        Self(Policy::FIELDS.iter().filter_map(|field| Some((field, setting(field, matches)?))).collect())
    }
}

/// Whether `field` is a switch that belongs to this list.
fn belongs_to(field: &PolicyField, list: &PolicyField) -> bool {
    matches!(field.kind, PolicyKind::Switch { list: Some(flag), .. } if flag == list.flag)
}

fn setting(field: &PolicyField, matches: &ArgMatches) -> Option<Setting> {
    let is_given = |flag: &str| matches.try_get_one::<bool>(flag).ok().flatten().copied().unwrap_or_default();
    match field.kind {
        PolicyKind::List { clear, .. } if is_given(clear) => Some(Setting::List(Vec::new())),
        PolicyKind::List { .. } => {
            let entries = matches.try_get_many::<String>(field.flag).ok().flatten()?;
            Some(Setting::List(entries.cloned().collect()))
        }
        PolicyKind::Image { clear, .. } if is_given(clear) => Some(Setting::Image(None)),
        PolicyKind::Image { .. } => {
            let logo = matches.try_get_one::<Logo>(field.flag).ok().flatten()?;
            Some(Setting::Image(Some(logo.clone())))
        }
        PolicyKind::Switch { .. } if is_given(field.flag) => Some(Setting::Switch(true)),
        PolicyKind::Switch { .. } => is_given(&opposite(field)).then_some(Setting::Switch(false)),
        _ => None,
    }
}

/// Reads the file of an image.
fn read_logo(path: &str) -> Result<Logo, String> {
    // One byte more than is allowed, so that a large file is not read whole.
    let limit = u64::try_from(Logo::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit), &mut bytes).map_err(|error| error.to_string())?;
    Logo::parse(&bytes).map_err(|error| error.to_string())
}

/// The flag that turns a switch off.
fn opposite(field: &PolicyField) -> String {
    format!("no-{}", field.flag)
}

/// The flag that sets a field.
fn set_flag(field: &PolicyField) -> Arg {
    let flag = Arg::new(field.flag).long(field.flag);
    match field.kind {
        PolicyKind::List { .. } => {
            let value = field.flag.rsplit('-').next().unwrap_or(field.flag).to_ascii_uppercase();
            flag.value_name(value).action(ArgAction::Append).help(format!("{}. Repeat it for more", field.help))
        }
        PolicyKind::Image { .. } => flag.value_name("FILE").value_parser(read_logo).help(field.help),
        PolicyKind::Switch { list: Some(list), .. } => flag.action(ArgAction::SetTrue).help(field.help).requires(list),
        PolicyKind::Switch { .. } => flag.action(ArgAction::SetTrue).help(field.help),
        _ => flag,
    }
}

/// The flag that takes a field back. A switch that belongs to a list has none: it goes with the list.
fn clear_flag(field: &PolicyField) -> Option<Arg> {
    let (flag, help) = match field.kind {
        PolicyKind::List { clear, .. } => (clear.to_owned(), format!("Empty the list of --{}", field.flag)),
        PolicyKind::Image { clear, .. } => (clear.to_owned(), format!("Remove what --{} set", field.flag)),
        PolicyKind::Switch { list: None, .. } => (opposite(field), format!("Turn --{} off", field.flag)),
        _ => return None,
    };
    // A switch that belongs to a list goes with new entries, not with none.
    let with_list = Policy::FIELDS.iter().filter(|other| belongs_to(other, field)).map(|other| other.flag);
    let conflicts = std::iter::once(field.flag).chain(with_list);
    Some(Arg::new(flag.clone()).long(flag).action(ArgAction::SetTrue).conflicts_with_all(conflicts).help(help))
}

impl Args for PolicyFlags {
    fn augment_args(command: Command) -> Command {
        command.args(Policy::FIELDS.iter().map(set_flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PolicyFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self::read(matches))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::read(matches);
        Ok(())
    }
}

impl Args for ProjectChange {
    fn augment_args(command: Command) -> Command {
        let name = Arg::new("name").long("name").value_name("NAME").help("Its name; users see it in the widget");
        let flags = Policy::FIELDS.iter().flat_map(|field| [Some(set_flag(field)), clear_flag(field)]).flatten();
        let all: Vec<Arg> = std::iter::once(name).chain(flags).collect();
        let group = ArgGroup::new("change").args(all.iter().map(Arg::get_id)).multiple(true).required(true);
        command.args(all).group(group)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ProjectChange {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { name: matches.get_one("name").cloned(), policy: PolicyFlags::read(matches) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command, ProjectsCommand};

    fn changed(line: &str) -> Result<Policy, Error> {
        let line = format!("relay projects update x {line}");
        let command = Cli::try_parse_from(line.split_whitespace())?.command;
        let Command::Projects(ProjectsCommand::Update { change, .. }) = command else { panic!("another command") };
        let mut policy = Policy::default();
        change.policy.apply(&mut policy);
        Ok(policy)
    }

    #[test]
    fn every_field_can_be_set_and_taken_back() {
        let image = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(image.path(), b"\xff\xd8\xff\xe0").unwrap();
        let image = image.path().to_str().unwrap();
        for field in Policy::FIELDS {
            let (with, clear) = match field.kind {
                PolicyKind::List { clear, .. } => (format!("--{} one", field.flag), clear.to_owned()),
                PolicyKind::Image { clear, .. } => (format!("--{} {image}", field.flag), clear.to_owned()),
                PolicyKind::Switch { list: Some(list), .. } => {
                    (format!("--{list} one --{}", field.flag), String::new())
                }
                _ => (format!("--{}", field.flag), opposite(field)),
            };
            assert_ne!(field.value(&changed(&with).unwrap()), field.value(&Policy::default()), "{with}");
            if !clear.is_empty() {
                assert_eq!(changed(&format!("--{clear}")).unwrap(), Policy::default());
                assert!(changed(&format!("{with} --{clear}")).is_err(), "{with} --{clear}");
            }
        }
    }

    #[test]
    fn an_image_that_is_none_is_refused_with_the_reason() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "<svg/>").unwrap();
        let refused = changed(&format!("--logo {}", file.path().display())).unwrap_err().to_string();
        assert!(refused.contains("PNG, JPEG or WebP"), "{refused}");
        std::fs::write(file.path(), vec![0xff; Logo::MAX_BYTES + 1]).unwrap();
        assert!(changed(&format!("--logo {}", file.path().display())).unwrap_err().to_string().contains("32 KiB"));
        assert!(changed("--logo /no/such/file").is_err());
    }

    #[test]
    fn a_switch_of_a_list_goes_with_the_list() {
        assert!(changed("--allow-public-suffix").is_err());
        let mut policy = changed("--origin https://a.example --allow-public-suffix").unwrap();
        let again = Setting::List(vec!["https://b.example".to_owned()]);
        let origins = Policy::FIELDS.iter().find(|field| field.flag == "origin").unwrap();
        PolicyFlags(vec![(origins, again)]).apply(&mut policy);
        assert_eq!((policy.allowed_origins, policy.allow_public_suffix), (vec!["https://b.example".to_owned()], false));
    }
}
