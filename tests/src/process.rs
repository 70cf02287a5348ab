//! The built programs, as processes.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use serde_json::Value;
use tempfile::TempDir;

use crate::api::Api;

/// A built program (`relay`, `relay-server`): beside this test's own, built if it is missing or older than its sources.
///
/// `cargo test --workspace` builds both programs; a test run of this package alone does not.
pub fn program(name: &'static str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let own = std::env::current_exe().unwrap();
    let profile = own.ancestors().nth(2).unwrap();
    let program = |name: &str| profile.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    BUILT.get_or_init(|| {
        if ["relay", "relay-server"].iter().all(|name| is_current(&program(name))) {
            return;
        }
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([
            "build",
            "--quiet",
            "-p",
            "relay-cli",
            "-p",
            "relay-server",
            "--all-features",
            "--bins",
            "--target-dir",
        ]);
        cargo.arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the programs can't be built");
    });
    program(name)
}

/// Whether a program is there and no source file is newer.
fn is_current(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    let Some(built) = changed(program) else { return false };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<PathBuf> =
        ["relay-core", "relay-adapters", "relay-server", "relay-cli"].map(|name| root.join(name).join("src")).into();
    folders.extend([root.join("relay-adapters/mock/src"), root.join("relay-server/assets")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if changed(&path).is_some_and(|changed| changed > built) => return false,
                false => {}
            }
        }
    }
    true
}

/// A folder that `relay init` set up.
#[derive(Debug)]
pub struct Folder {
    dir: TempDir,
    /// The first Relay key.
    pub key: String,
    /// The first project.
    pub project: String,
}

impl Folder {
    /// Sets up a folder; the server listens on any free port.
    pub fn init() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(program("relay"));
        let output = without_settings(&mut command)
            .args(["init", "--json", "--listen", "127.0.0.1:0", "--dir"])
            .arg(dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let made: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { dir, key: text(&made["relayKey"]), project: text(&made["project"]["id"]) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The master key, as its file has it.
    pub fn master_key(&self) -> String {
        std::fs::read_to_string(self.path().join("master.key")).unwrap().trim().to_owned()
    }

    /// The command that serves it. Providers are simulated unless a variable says otherwise.
    pub fn serve(&self) -> Command {
        self.serve_with(program("relay"), &["serve"])
    }

    /// The same with another program.
    pub fn serve_with(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        without_settings(&mut command).args(arguments).arg("--config").arg(self.path().join("relay.toml"));
        command.env("RELAY_MOCK", "true");
        command
    }

    /// A database connection of one's own.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path().join("relay.db")).unwrap()
    }
}

/// Takes away what the environment says about some other relay.
pub fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RELAY_") {
            command.env_remove(name);
        }
    }
    command
}

type Output = Arc<Mutex<Vec<u8>>>;

/// A server in a process of its own, which ends with this value at the latest.
#[derive(Debug)]
pub struct Process {
    /// Talks to it.
    pub api: Api,
    child: Child,
    output: [Output; 2],
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Process {
    /// Starts a server and waits until it listens.
    ///
    /// # Panics
    /// When it ends before that; see [`Self::try_start`].
    pub fn start(command: Command, key: &str) -> Self {
        Self::try_start(command, key).unwrap_or_else(|ended| panic!("it ended before it served: {ended:?}"))
    }

    /// Starts a server and waits until it listens, or ends.
    ///
    /// # Errors
    /// How it ended, and what it said.
    pub fn try_start(mut command: Command, key: &str) -> Result<Self, Ended> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = [Output::default(), Output::default()];
        let (sender, address) = mpsc::channel();
        let readers = vec![
            keep(child.stdout.take().unwrap(), Arc::clone(&output[0]), Some(sender)),
            keep(child.stderr.take().unwrap(), Arc::clone(&output[1]), None),
        ];
        let address = address.recv();
        let api = Api::new(format!("http://{}", address.as_deref().unwrap_or_default()), key.to_owned());
        let process = Self { api, child, output, readers };
        if address.is_err() { Err(process.wait()) } else { Ok(process) }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote so far to standard output and standard error.
    pub fn said(&self) -> [Vec<u8>; 2] {
        self.output.each_ref().map(|output| output.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Kills it.
    pub fn kill(mut self) -> Ended {
        let _ = self.child.kill();
        self.wait()
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended.
    pub fn wait(mut self) -> Ended {
        let status = self.child.wait().unwrap();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        let [stdout, stderr] = self.said();
        Ended { status, stdout, stderr }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process that has ended.
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// All of its standard error.
    pub stderr: Vec<u8>,
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [stdout, stderr] = [&self.stdout, &self.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        write!(f, "{}\n{stdout}\n{stderr}", self.status)
    }
}

/// Keeps what comes, and passes on the address in the line that says where the server listens.
fn keep(
    mut from: impl Read + Send + 'static,
    into: Output,
    mut address: Option<mpsc::Sender<String>>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut piece = [0; 65536];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(piece.get(..read).unwrap_or_default());
            if let Some(found) = address.as_ref().and_then(|_| listening(&kept)) {
                let _ = address.take().map(|sender| sender.send(found));
            }
        }
    })
}

fn listening(log: &[u8]) -> Option<String> {
    let log = String::from_utf8_lossy(log);
    let line = log.lines().find(|line| line.contains("\"message\":\"serving\"") && line.ends_with('}'))?;
    let line: Value = serde_json::from_str(line).ok()?;
    line["listen"].as_str().map(str::to_owned)
}
