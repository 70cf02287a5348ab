//! Writes the golden cases as the fuzzer's first inputs.

use std::path::{Path, PathBuf};

use relay_fuzz::fuzz::{TARGETS, seeds};

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        TARGETS.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(());
    };
    for (i, seed) in seeds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).into_iter().enumerate() {
        let folder = folder.join(seed.target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{}-{i}", seed.name)), seed.data)?;
    }
    Ok(())
}
