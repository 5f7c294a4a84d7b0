//! What the README shows is what the project has.

use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2);
    root.expect("this crate lies two folders below the root")
        .to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).expect("the file can be read")
}

#[test]
fn the_application_in_the_readme_is_the_example_that_is_compiled() {
    let example = read("crates/tokio/examples/echo.rs");
    assert!(read("README.md").contains(&format!("```rust\n{example}```\n")));
    let lines = example.lines().count();
    assert!(lines < 40, "an echo takes {lines} lines");
}

#[test]
fn every_file_that_the_documents_link_to_exists() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ] {
        let text = read(document);
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let is_file = !link.contains("://") && !link.starts_with('#');
            assert!(
                !is_file || workspace().join(link).exists(),
                "{document} links to {link}"
            );
        }
    }
}

#[test]
fn every_example_that_the_readme_runs_exists() {
    let readme = read("README.md");
    let named: Vec<_> = readme
        .split("--example ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    assert!(!named.is_empty());
    for name in named {
        let main = workspace().join("examples").join(name).join("main.rs");
        assert!(main.exists(), "{name}");
    }
}
