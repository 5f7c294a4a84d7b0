//! No two modules of a crate import each other, be it by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The path of a module below its crate; the crate's root is empty.
type Module = Vec<String>;
type Imports = BTreeMap<Module, BTreeSet<Module>>;

fn crates() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here.parent().expect("this crate has siblings");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("src").is_dir())
        .collect()
}

/// The files of all modules that are no tests.
fn sources(folder: &Path, prefix: &[String], found: &mut BTreeMap<Module, PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.expect("names are ASCII").to_owned();
        if name.contains("test") {
            continue;
        }
        let mut module = prefix.to_vec();
        if !matches!(name.as_str(), "mod" | "lib" | "main") {
            module.push(name);
        }
        if path.is_dir() {
            sources(&path, &module, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(module, path);
        }
    }
}

fn imports(sources: &BTreeMap<Module, PathBuf>) -> Imports {
    let of = |module: &Module, path: &PathBuf| {
        let text = fs::read_to_string(path).expect("the source can be read");
        let code = without_comments_and_tests(&text);
        paths(&code, module)
            .into_iter()
            .filter_map(|path| nearest(path, sources))
            .filter(|imported| imported != module)
            .collect()
    };
    let all = sources.iter();
    all.map(|(module, path)| (module.clone(), of(module, path)))
        .collect()
}

fn without_comments_and_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = text.unwrap_or_default().lines();
    let code = lines.map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// What follows each `crate::` and `super::` in the code, as paths from the crate's root.
fn paths(code: &str, module: &Module) -> Vec<Module> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|character| is_word(character) || matches!(character, ':' | '$'))
            {
                continue;
            }
            let rest = &code[at..];
            let end = rest.find(|c| !is_word(c) && c != ':').unwrap_or(rest.len());
            let (stem, list) = (&rest[..end], rest[end..].strip_prefix('{'));
            let list = list.and_then(|list| list.split('}').next());
            for item in list.map_or(vec![""], |list| list.split(',').collect()) {
                found.push(resolve(
                    module,
                    stem.split("::").chain(item.trim().split("::")),
                ));
            }
        }
    }
    found
}

fn resolve<'a>(from: &Module, words: impl Iterator<Item = &'a str>) -> Module {
    let mut path = from.clone();
    for word in words {
        match word {
            "crate" => path.clear(),
            "super" => drop(path.pop()),
            "" | "self" => {}
            word => path.push(word.to_owned()),
        }
    }
    path
}

/// The module that a path to an item leads to.
fn nearest(mut path: Module, sources: &BTreeMap<Module, PathBuf>) -> Option<Module> {
    while !sources.contains_key(&path) {
        path.pop()?;
    }
    Some(path)
}

/// Everything that can be reached from a module.
fn reachable(from: &Module, imports: &Imports) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for next in imports.get(module).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}

/// The modules of a crate that import themselves by way of others.
fn circles(folder: &Path) -> Vec<String> {
    let mut found = BTreeMap::new();
    sources(&folder.join("src"), &[], &mut found);
    let imports = imports(&found);
    let circles = found.keys();
    circles
        .filter(|module| reachable(module, &imports).contains(*module))
        .map(|module| module.join("::"))
        .collect()
}

#[test]
fn no_module_imports_itself_by_way_of_others() {
    for folder in crates() {
        let circles = circles(&folder);
        assert!(circles.is_empty(), "{}: {circles:?}", folder.display());
    }
}

#[test]
fn imports_are_found_in_code_and_not_in_comments() {
    let module = vec!["wire".to_owned(), "init".to_owned()];
    let code = without_comments_and_tests(
        "use crate::ids::Tsn; // crate::other\nuse super::chunk::{Chunk, Data};\nlet x = super::super::rto();",
    );
    let found: Vec<String> = paths(&code, &module)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        found,
        ["ids::Tsn", "wire::chunk::Chunk", "wire::chunk::Data", "rto"]
    );
}
