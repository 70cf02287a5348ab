//! The examples of `docs/mock.md` for other languages run as they stand, against the built server.

use std::process::Command;

use relay_core::Provider;
use relay_tests::process::{Folder, Process, without_settings};

/// The first block of code in this language behind the heading.
fn example(language: &str) -> String {
    let page = include_str!("../../../docs/mock.md");
    let (_, section) = page.split_once("### Scripts and calls, from any language\n").unwrap();
    let (_, block) = section.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("\n```").unwrap().0.to_owned()
}

#[actix_web::test]
async fn examples_in_other_languages_run_as_they_stand() {
    let folder = Folder::init();
    let server = Process::start(folder.serve(), &folder.key);
    for provider in Provider::ALL {
        server.api.connect("ana", *provider, "good").await;
    }
    let programs: [(&str, &str, &[&str]); 3] = [
        ("sh", "bash", &["-euo", "pipefail", "-c"]),
        ("python", "python3", &["-c"]),
        ("js", "node", &["--input-type=module", "-e"]),
    ];
    for (language, program, arguments) in programs {
        let mut command = Command::new(program);
        without_settings(&mut command).args(arguments).arg(example(language));
        command.env("RELAY_BASE_URL", &server.api.url).env("RELAY_KEY", &folder.key).env_remove("http_proxy");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{language}: {output:?}");
    }
    // No key is in what the server wrote.
    let ended = server.kill();
    for written in [ended.stdout, ended.stderr] {
        assert!(!String::from_utf8_lossy(&written).contains("-good-"));
    }
}
