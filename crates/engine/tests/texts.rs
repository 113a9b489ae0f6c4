//! Components that are checked in as text and as bytes, for those who cannot assemble: the bytes are what the text says.
//! `BROOD_ASSEMBLE=1 cargo test -p brood-engine --test texts` writes them.

use std::fs;
use std::path::{Path, PathBuf};

/// The checkout's folders that have such components.
const FOLDERS: &[&str] = &["crates/engine/tests/corpus", "examples/docsite/renderers"];

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "wasm") {
            found.push(path);
        }
    }
}

#[test]
fn the_bytes_of_a_component_are_those_of_its_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut binaries = Vec::new();
    for folder in FOLDERS {
        below(&root.join(folder), &mut binaries);
    }
    assert!(!binaries.is_empty(), "there are some");
    for binary in binaries {
        let text = binary.with_extension("wat");
        let assembled = wat::parse_file(&text).expect("the text of a component");
        if std::env::var_os("BROOD_ASSEMBLE").is_some() {
            fs::write(&binary, &assembled).expect("the bytes");
        }
        let found = fs::read(&binary).expect("the bytes");
        assert!(
            found == assembled,
            "{} is not what {} says",
            binary.display(),
            text.display()
        );
    }
}
