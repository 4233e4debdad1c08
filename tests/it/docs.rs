//! Holds the documents together: front matter, links, and the router docs/README.md, which is
//! made from the front matter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::rules::tree::{self, File};

const ROUTER: &str = "docs/README.md";
const FIELDS: [&str; 5] = ["id", "title", "summary", "tags", "related"];
const ARCHITECTURE_LINES: usize = 150;

/// What the front matter of a document says.
#[derive(Debug, PartialEq, Eq)]
struct Front {
    id: String,
    summary: String,
    tags: Vec<String>,
    related: Vec<String>,
}

fn documents() -> Vec<File> {
    let mut files = tree::files("docs");
    files.retain(|file| file.path.ends_with(".md"));
    files
}

/// Reads front matter: `---`, the five fields in their order, `---`. The fields are YAML that
/// means the same to every reader: plain text without `: ` and ` #`, and `[lists, of, words]`.
fn front(text: &str) -> Result<Front, String> {
    let body = text
        .strip_prefix("---\n")
        .ok_or("does not begin with `---`")?;
    let (head, _) = body
        .split_once("\n---\n")
        .ok_or("no `---` ends its front matter")?;
    let mut fields = BTreeMap::new();
    let mut names = Vec::new();
    for line in head.lines() {
        let (name, value) = line
            .split_once(": ")
            .ok_or(format!("`{line}` is no field"))?;
        names.push(name);
        fields.insert(name, value.trim());
    }
    if names != FIELDS {
        return Err(format!(
            "its fields are {names:?}, and should be {FIELDS:?}"
        ));
    }
    plain(fields["title"])?;
    Ok(Front {
        id: plain(fields["id"])?,
        summary: plain(fields["summary"])?,
        tags: list(fields["tags"])?,
        related: list(fields["related"])?,
    })
}

fn plain(value: &str) -> Result<String, String> {
    let odd = value.starts_with(|c: char| !c.is_alphanumeric() && c != '~' && c != '/');
    if odd || value.is_empty() || value.contains(": ") || value.contains(" #") {
        return Err(format!("`{value}` is no plain YAML text"));
    }
    Ok(value.to_owned())
}

fn list(value: &str) -> Result<Vec<String>, String> {
    let inner = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.ok_or(format!("`{value}` is no [list]"))?;
    let parts = inner
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(plain).collect()
}

/// Every document's front matter, by path.
fn fronts() -> BTreeMap<String, Front> {
    let mut found = BTreeMap::new();
    let mut wrong = Vec::new();
    for file in documents() {
        match front(&file.text) {
            Ok(front) => _ = found.insert(file.path, front),
            Err(why) => wrong.push(format!("{}: {why}", file.path)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    found
}

#[test]
fn every_document_says_what_it_is_and_what_is_near() {
    let fronts = fronts();
    let mut ids = BTreeSet::new();
    for (path, front) in &fronts {
        let expected = path.trim_start_matches("docs/").trim_end_matches(".md");
        assert_eq!(front.id, expected, "{path}: a document's id is its path");
        ids.insert(&front.id);
    }
    let lost: Vec<String> = fronts
        .iter()
        .flat_map(|(path, front)| front.related.iter().map(move |id| (path, id)))
        .filter(|(_, id)| !ids.contains(id))
        .map(|(path, id)| format!("{path}: related to `{id}`, which no document has as its id"))
        .collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// The router as the front matter would have it: what lies directly in docs first, then folder
/// by folder.
fn router(fronts: BTreeMap<String, Front>) -> String {
    let is_below = |path: &str| path.matches('/').count() > 1;
    let mut fronts: Vec<(String, Front)> = fronts.into_iter().collect();
    fronts.sort_by_cached_key(|(path, _)| (is_below(path), path.clone()));
    let mut text = String::from(
        "---\nid: README\ntitle: Documents\nsummary: Every document of phoenix with what it \
         answers\ntags: [index]\nrelated: []\n---\n\n# Documents\n\nMade from the front matter of \
         each document by `UPDATE_DOCS=1 cargo test --test it docs`.\n",
    );
    let mut folder = "";
    for (path, front) in fronts.iter().filter(|(path, _)| path != ROUTER) {
        let inner = path.strip_prefix("docs/").unwrap_or(path);
        let section = inner
            .split_once('/')
            .map_or("overview", |(folder, _)| folder);
        if section != folder {
            folder = section;
            text += &format!("\n## {folder}\n\n| id | summary | tags |\n|---|---|---|\n");
        }
        let tags = front.tags.join(", ");
        text += &format!("| [{}]({inner}) | {} | {tags} |\n", front.id, front.summary);
    }
    text
}

#[test]
fn the_router_lists_every_document() {
    let expected = router(fronts());
    if update() {
        fs::write(tree::root().join(ROUTER), &expected).expect("the checkout can be written");
    }
    let found = fs::read_to_string(tree::root().join(ROUTER)).unwrap_or_default();
    assert!(
        found == expected,
        "{ROUTER} is not what the front matter says; run: UPDATE_DOCS=1 cargo test --test it docs"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "asked for by a person, in a test"
)]
fn update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

#[test]
fn links_lead_somewhere() {
    let mut files = documents();
    for path in ["README.md", "CHANGELOG.md"] {
        files.push(File {
            path: path.to_owned(),
            text: tree::text(path),
        });
    }
    let lost: Vec<String> = files.iter().flat_map(lost_links).collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

fn lost_links(file: &File) -> Vec<String> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    links(&file.text)
        .into_iter()
        .filter(|link| !link.contains("://") && !link.starts_with(['#', '<']))
        .filter(|link| {
            let path = link.split('#').next().unwrap_or(link);
            !tree::root().join(plain_path(&folder.join(path))).exists()
        })
        .map(|link| format!("{}: {link} leads nowhere", file.path))
        .collect()
}

/// The targets of `[text](target)` outside code.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        let prose = line.split('`').step_by(2).filter(|_| !in_code);
        for part in prose {
            let targets = part.split("](").skip(1);
            found.extend(
                targets
                    .filter_map(|rest| rest.split_once(')'))
                    .map(|(to, _)| to),
            );
        }
    }
    found
}

/// Takes `..` out of a path.
fn plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn the_architecture_can_be_read_in_one_go() {
    let lines = tree::text("docs/architecture.md").lines().count();
    assert!(
        lines <= ARCHITECTURE_LINES,
        "docs/architecture.md has {lines} lines"
    );
}

#[test]
fn wrong_front_matter_is_refused() {
    let good = "---\nid: a\ntitle: A\nsummary: What a is\ntags: [x, y]\nrelated: []\n---\n# A\n";
    assert_eq!(
        front(good).map(|front| front.tags),
        Ok(vec!["x".to_owned(), "y".to_owned()])
    );
    for (from, to) in [
        ("---\nid", "id"),
        ("id: a\n", ""),
        ("What a is", "What: a is"),
        ("[x, y]", "x, y"),
        ("tags", "tag"),
    ] {
        assert!(
            front(&good.replacen(from, to, 1)).is_err(),
            "{from} -> {to}"
        );
    }
}

#[test]
fn links_are_found_outside_code_only() {
    let text = "see [a](b.md#c), [d](e) and `[f](g)`\n```\n[h](i)\n```\n[j](k)";
    assert_eq!(links(text), ["b.md#c", "e", "k"]);
}
