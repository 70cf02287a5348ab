//! Files that nobody else may read or replace: the master key's, and the store.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

/// The mode's bit of a folder in which only its owner can rename or delete a file, such as `/tmp`.
const STICKY: u32 = 0o1000;
/// The most links that are followed, as in the kernel (path_resolution(7)).
const MOST_LINKS: usize = 40;
/// The longest key file, in bytes.
const LONGEST: u64 = 1 << 20;

/// Whom this process trusts with its files: itself and root.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
}

impl User {
    fn current() -> Self {
        Self { uid: rustix::process::geteuid().as_raw() }
    }

    fn trusts(self, uid: u32) -> bool {
        uid == self.uid || uid == 0
    }

    /// Whether anybody but this user and root can change a file or folder with this mode and group.
    ///
    /// A group whose number is the user's own counts as the user: distributions create one for each user, so that a umask of 002
    /// is safe.
    fn can_be_changed_by_others(self, found: &Metadata) -> bool {
        let by_group = found.mode() & 0o020 != 0 && found.gid() != self.uid;
        by_group || found.mode() & 0o002 != 0
    }
}

/// Who may read a file besides its owner and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// The group of a file that belongs to root, and nobody else. Root cannot have put a stranger into that group by mistake, and
    /// Kubernetes mounts secrets in this way.
    RootsGroup,
    /// Everybody.
    All,
}

impl Readers {
    /// The bits that the mode of a file with this owner must not have.
    fn forbidden(self, owner: u32) -> u32 {
        match self {
            Self::RootsGroup if owner == 0 => 0o037,
            Self::RootsGroup => 0o077,
            Self::All => 0o033,
        }
    }
}

/// Reads a file that nobody but this user and root can replace, and only `readers` can read.
///
/// # Errors
/// What is wrong, and what to do, as the end of a sentence that begins with a setting's name.
pub(super) fn read_private(path: &Path, readers: Readers) -> Result<Zeroizing<String>, String> {
    let user = User::current();
    let shown = path.display();
    let unreadable = |cause: io::Error| format!("names {shown}, which could not be read ({cause})");
    let found = resolve(user, path).map_err(|problem| match problem {
        Problem::Io(cause) => unreadable(cause),
        Problem::Unsafe(why) => format!("names {shown}, {why}"),
    })?;
    if !std::fs::symlink_metadata(&found).map_err(unreadable)?.is_file() {
        return Err(format!("names {shown}, which is not a file"));
    }
    let file = File::open(&found).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.mode() & 0o777;
    if !user.trusts(metadata.uid()) {
        let (owner, uid) = (metadata.uid(), user.uid);
        return Err(format!(
            "names {shown}, which belongs to another user (uid {owner}), who could replace the secret; run: chown {uid} {shown}"
        ));
    }
    if mode & readers.forbidden(metadata.uid()) != 0 {
        let may = if mode & 0o022 != 0 { "change" } else { "read" };
        return Err(format!(
            "names {shown}, which other users may {may} (mode {mode:04o}); run: chmod 600 {shown} (on Kubernetes set \
             `defaultMode: 0440` and `fsGroup`; on a volume whose modes cannot be set, `master_key.allow_readable_file`)"
        ));
    }
    // Allocated at once, so that growing does not leave a copy behind.
    let length = metadata.len().min(LONGEST);
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(length + 1).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Checks who else can read or change the store's files. Returns a warning if others can read them, or could replace them.
///
/// The owner and the folder are not refused: the store may belong to the service's user while root runs a command, and container
/// platforms mount volumes as folders that a group can write to.
///
/// # Errors
/// If every user of the machine can change a file of the store: they could give themselves a Relay key.
pub fn check_store(path: &Path) -> Result<Option<String>, String> {
    let user = User::current();
    let mut readable = None;
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let file = PathBuf::from(name);
        let Ok(found) = std::fs::metadata(&file) else { continue };
        let (shown, mode) = (file.display(), found.mode() & 0o777);
        if mode & 0o002 != 0 {
            return Err(format!(
                "every user of this machine may change {shown} (mode {mode:04o}); run: chmod 600 {shown}"
            ));
        }
        if mode & 0o077 != 0 {
            readable.get_or_insert(format!("other users may read {shown} (mode {mode:04o}); run: chmod 600 {shown}"));
        }
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(readable.or_else(|| {
        let found = std::fs::metadata(folder).ok()?;
        let open = found.mode() & STICKY == 0 && user.can_be_changed_by_others(&found);
        let (shown, mode) = (folder.display(), found.mode() & 0o7777);
        open.then(|| format!("other users may replace the store, because they may write to {shown} (mode {mode:04o}); run: chmod go-w {shown}"))
    }))
}

/// Why a path cannot be used.
enum Problem {
    Io(io::Error),
    /// Who could replace the file, and what to do.
    Unsafe(String),
}

impl From<io::Error> for Problem {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

/// The path without links, if nobody but this user and root could put another file in its place: neither in a folder on
/// the way, nor by changing a link on the way.
fn resolve(user: User, path: &Path) -> Result<PathBuf, Problem> {
    let (mut at, mut links) = (PathBuf::from("/"), 0);
    check_folder(user, &at)?;
    let mut rest = components(&std::path::absolute(path)?);
    while let Some(component) = rest.pop_front() {
        let next = match &component {
            Step::Root => PathBuf::from("/"),
            Step::Up => at.parent().unwrap_or(&at).to_owned(),
            Step::Into(name) => at.join(name),
        };
        let found = std::fs::symlink_metadata(&next)?;
        if found.is_symlink() {
            links += 1;
            if links > MOST_LINKS {
                return Err(Problem::Io(io::Error::other("too many links")));
            }
            if !user.trusts(found.uid()) {
                return Err(Problem::Unsafe(format!(
                    "but the link {} belongs to another user (uid {}), who could let it lead to another file; name the file itself",
                    next.display(),
                    found.uid()
                )));
            }
            let target = std::fs::read_link(&next)?;
            rest = components(&target).into_iter().chain(rest).collect();
            continue;
        }
        at = next;
        if found.is_dir() {
            check_folder(user, &at)?;
        }
    }
    Ok(at)
}

/// A step of a path.
enum Step {
    Root,
    Up,
    Into(OsString),
}

fn components(path: &Path) -> VecDeque<Step> {
    path.components()
        .filter_map(|component| match component {
            Component::RootDir => Some(Step::Root),
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Into(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

fn check_folder(user: User, folder: &Path) -> Result<(), Problem> {
    let (found, shown) = (std::fs::symlink_metadata(folder)?, folder.display());
    if !user.trusts(found.uid()) {
        return Err(Problem::Unsafe(format!(
            "but the folder {shown} belongs to another user (uid {}), who could replace the file; move the file to a folder of your own",
            found.uid()
        )));
    }
    if found.mode() & STICKY == 0 && user.can_be_changed_by_others(&found) {
        let mode = found.mode() & 0o7777;
        return Err(Problem::Unsafe(format!(
            "but other users may write to the folder {shown} (mode {mode:04o}) and replace the file; run: chmod go-w {shown}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    /// The uid of somebody else.
    const STRANGER: u32 = 65_533;

    fn read(path: &Path) -> Result<Zeroizing<String>, String> {
        read_private(path, Readers::RootsGroup)
    }

    fn is_root() -> bool {
        User::current().uid == 0
    }

    fn mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// `folder/inner/master.key`, as it should be, and a link `folder/link` to it.
    fn site() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        create_dir(&inner).unwrap();
        mode(&inner, 0o700);
        let key = inner.join("master.key");
        write(&key, "the key").unwrap();
        mode(&key, 0o600);
        let link = folder.path().join("link");
        symlink("inner/../inner/master.key", &link).unwrap();
        (folder, key, link)
    }

    /// A change to the folder of [`site`], whether it needs root, and parts of the refusal; none if it is accepted.
    type Case = (&'static str, bool, fn(&Path), &'static [&'static str]);

    const CASES: &[Case] = &[
        ("as it should be", false, |_| {}, &[]),
        ("read-only", false, |site| mode(&site.join("inner/master.key"), 0o400), &[]),
        ("all read", false, |site| mode(&site.join("inner/master.key"), 0o604), &["may read", "chmod 600"]),
        ("a group writes", false, |site| mode(&site.join("inner/master.key"), 0o620), &["may change", "chmod 600"]),
        ("all write", false, |site| mode(&site.join("inner/master.key"), 0o602), &["may change", "chmod 600"]),
        ("all execute", false, |site| mode(&site.join("inner/master.key"), 0o601), &["chmod 600"]),
        ("another owner", true, |site| own(&site.join("inner/master.key")), &["another user", "chown"]),
        ("a folder for all", false, |site| mode(&site.join("inner"), 0o777), &["other users may write", "chmod go-w"]),
        ("a folder for all, hidden", false, |site| mode(&site.join("inner"), 0o733), &["other users may write"]),
        ("a sticky folder", false, |site| mode(&site.join("inner"), 0o1777), &[]),
        ("a group's folder", true, |site| group(&site.join("inner")), &["other users may write", "chmod go-w"]),
        ("another's folder", true, |site| own(&site.join("inner")), &["belongs to another user", "move the file"]),
        ("a folder above for all", false, |site| mode(site, 0o777), &["other users may write", "chmod go-w"]),
        ("another's folder above", true, own, &["belongs to another user"]),
    ];

    fn own(path: &Path) {
        chown(path, Some(STRANGER), None).unwrap();
    }

    fn group(path: &Path) {
        chown(path, None, Some(STRANGER)).unwrap();
        mode(path, 0o770);
    }

    #[test]
    fn a_key_that_others_can_read_or_replace_is_refused_also_through_a_link() {
        for (name, needs_root, spoil, says) in CASES {
            if *needs_root && !is_root() {
                println!("skipped without root: {name}");
                continue;
            }
            let (folder, key, link) = site();
            spoil(folder.path());
            for path in [&key, &link] {
                match read(path) {
                    Ok(text) => assert!(says.is_empty() && text.as_str() == "the key", "{name}: {}", path.display()),
                    Err(error) => {
                        assert!(!says.is_empty() && says.iter().all(|word| error.contains(word)), "{name}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_group_of_roots_file_may_read_it_and_with_the_setting_everybody() {
        let forbidden =
            [Readers::RootsGroup, Readers::All].map(|readers| [0, STRANGER].map(|owner| readers.forbidden(owner)));
        for (mode, [[roots, users], [any_roots, any_users]]) in [
            (0o600, [[true, true], [true, true]]),
            (0o440, [[true, false], [true, true]]),
            (0o444, [[false, false], [true, true]]),
            (0o460, [[false, false], [false, false]]),
            (0o446, [[false, false], [false, false]]),
            (0o450, [[false, false], [false, false]]),
        ] {
            let allowed = forbidden.map(|bits| bits.map(|bits| mode & bits == 0));
            assert_eq!(allowed, [[roots, users], [any_roots, any_users]], "{mode:o}");
        }
        let (_folder, key, _) = site();
        mode(&key, 0o444);
        assert!(read(&key).unwrap_err().contains("master_key.allow_readable_file"));
        assert!(read_private(&key, Readers::All).is_ok());
    }

    #[test]
    fn a_link_of_somebody_else_is_refused() {
        if !is_root() {
            println!("skipped without root");
            return;
        }
        let (folder, _, link) = site();
        std::os::unix::fs::lchown(&link, Some(STRANGER), None).unwrap();
        let error = read(&link).unwrap_err();
        assert!(error.contains("the link") && error.contains("belongs to another user"), "{error}");
        // Also a link to the folder.
        let inner = folder.path().join("to-inner");
        symlink(folder.path().join("inner"), &inner).unwrap();
        assert!(read(&inner.join("master.key")).is_ok());
        std::os::unix::fs::lchown(&inner, Some(STRANGER), None).unwrap();
        assert!(read(&inner.join("master.key")).unwrap_err().contains("the link"));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let (folder, _, link) = site();
        assert!(read(folder.path()).unwrap_err().contains("not a file"));
        assert!(read(&folder.path().join("none")).unwrap_err().contains("could not be read"));
        assert!(read(Path::new("/dev/null")).unwrap_err().contains("not a file"));
        std::fs::remove_file(&link).unwrap();
        symlink("link", &link).unwrap();
        assert!(read(&link).unwrap_err().contains("too many links"));
    }

    #[test]
    fn only_a_group_of_ones_own_may_write() {
        let (folder, key, _) = site();
        let inner = folder.path().join("inner");
        mode(&inner, 0o770);
        let found = std::fs::metadata(&inner).unwrap();
        let same = found.gid() == User::current().uid;
        assert_eq!(read(&key).is_ok(), same);
        assert!(User { uid: found.gid().wrapping_add(1) }.can_be_changed_by_others(&found));
    }

    #[test]
    fn a_store_that_all_may_change_is_refused_and_one_that_others_may_read_gets_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("relay.db");
        assert_eq!(check_store(&store), Ok(None), "none yet");
        for name in ["relay.db", "relay.db-wal", "relay.db-shm"] {
            let file = folder.path().join(name);
            write(&file, "").unwrap();
            for (bits, refused, warned) in [
                (0o600, false, false),
                (0o640, false, true),
                (0o644, false, true),
                (0o660, false, true),
                (0o602, true, false),
                (0o666, true, false),
            ] {
                mode(&file, bits);
                let found = check_store(&store);
                assert_eq!(found.is_err(), refused, "{name} {bits:o}");
                let warning = found.unwrap_or_else(Some);
                assert_eq!(warning.is_some(), refused || warned, "{name} {bits:o}");
                assert!(warning.is_none_or(|text| text.contains(name) && text.contains("chmod 600")));
            }
            mode(&file, 0o600);
        }
        mode(folder.path(), 0o777);
        assert!(check_store(&store).unwrap().is_some_and(|text| text.contains("chmod go-w")));
        mode(folder.path(), 0o1777);
        assert_eq!(check_store(&store), Ok(None));
    }
}
