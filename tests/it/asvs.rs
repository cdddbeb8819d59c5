//! What the page on the verification standard points to is there.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below, with its text.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

#[test]
fn every_evidence_on_the_page_is_there() {
    let root = root();
    let mut all = Vec::new();
    for folder in ["api", "client-cli", "tests"] {
        sources(&root.join(folder), &mut all);
    }
    let is_test = |named: &str| {
        let (module, name) = named.rsplit_once("::").unwrap();
        all.iter().any(|(path, text)| {
            path.file_stem().is_some_and(|stem| stem == module)
                && (text.contains(&format!("    fn {name}()"))
                    || text.contains(&format!("\nfn {name}()"))
                    || text.contains(&format!("async fn {name}()")))
        })
    };
    let page = std::fs::read_to_string(root.join("docs/asvs.md")).unwrap();
    let (mut tests, mut files) = (0, 0);
    for named in page.split('`').skip(1).step_by(2).filter(|named| *named != "file::test") {
        if named.contains("::") {
            assert!(is_test(named), "there is no test {named}");
            tests += 1;
        } else if [".rs", ".md", ".toml", ".json", ".conf", ".lock", "Dockerfile"]
            .iter()
            .any(|end| named.ends_with(end))
        {
            assert!(root.join(named).is_file(), "there is no file {named}");
            files += 1;
        }
    }
    assert!(tests > 80 && files > 30, "{tests} tests, {files} files");
    // A line that claims something says by what.
    for line in page.lines().filter(|line| line.starts_with("| ") && line.contains("| met |")) {
        let evidence = line.split('|').nth(3).unwrap().trim();
        assert!(!evidence.is_empty(), "{line}");
    }
}
