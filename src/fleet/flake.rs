//! Where the configurations come from: flake references and attribute patterns.

use std::path::{Component, Path, PathBuf};

use super::parse::ParseContext;
use super::spec::AttributePattern;
use super::value::{Refusal, path};

const GAP: &str = "{host}";

/// Reads a flake reference; paths relative to fleet.toml's folder become absolute.
/// Forms: Nix manual, "Flake references".
pub(super) fn reference(text: &str, cx: &ParseContext<'_>) -> Result<String, Refusal> {
    if text.is_empty() || text.contains(|c: char| c.is_control()) || text.starts_with('-') {
        return Err(Refusal::new(format!("`{text}` is not a flake reference")));
    }
    if text.contains('#') {
        return Err(Refusal::new(format!("`{text}` holds an attribute"))
            .hint("a flake reference ends before the `#`; the rest belongs to `attribute`"));
    }
    for scheme in ["path:", "git+file:"] {
        if let Some(rest) = text.strip_prefix(scheme)
            && !rest.starts_with('/')
        {
            return Ok(format!("{scheme}{}", absolute(rest, cx)?));
        }
    }
    match text.chars().next() {
        Some('.' | '~') => absolute(text, cx),
        _ => Ok(text.to_owned()),
    }
}

/// Makes the path of `path?query` absolute.
fn absolute(text: &str, cx: &ParseContext<'_>) -> Result<String, Refusal> {
    let (place, query) = match text.find('?') {
        Some(mark) => text.split_at(mark),
        None => (text, ""),
    };
    let place = if place == "~" { "~/" } else { place };
    let whole = plain(&path(place, cx)?);
    match whole.to_str() {
        Some(whole) => Ok(format!("{whole}{query}")),
        None => Err(Refusal::new(
            "its folder's name is not UTF-8, which Nix needs",
        )),
    }
}

/// Takes out `.` and `..` by name, as Nix itself does.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Reads `nixosConfigurations.{host}.config…`; attributes with other characters are quoted.
pub(super) fn attribute(text: &str) -> Result<AttributePattern, Refusal> {
    let segments = segments(text)?;
    let gaps = segments.iter().filter(|segment| *segment == GAP).count();
    let refuse = |why: &str| {
        Refusal::new(format!("`{text}` {why}"))
            .hint("as in \"nixosConfigurations.{host}.config.system.build.toplevel\"")
    };
    match gaps {
        0 => {
            return Err(refuse(
                "does not say where the host's name goes, as `{host}`",
            ));
        }
        1 => {}
        _ => return Err(refuse("holds `{host}` more than once")),
    }
    let mut parts = segments.split(|segment| segment == GAP);
    let mut part = || parts.next().map(<[String]>::to_vec).unwrap_or_default();
    Ok(AttributePattern {
        before: part(),
        after: part(),
    })
}

fn segments(text: &str) -> Result<Vec<String>, Refusal> {
    let mut segments = Vec::new();
    let mut rest = Some(text);
    while let Some(here) = rest {
        let (segment, after) = segment(here)
            .ok_or_else(|| Refusal::new(format!("`{text}` is not an attribute path")))?;
        check_segment(segment, here)?;
        segments.push(segment.to_owned());
        rest = after;
    }
    Ok(segments)
}

/// Splits off one attribute, and what follows its dot if there is one.
fn segment(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (segment, rest) = quoted.split_once('"')?;
        return match rest {
            "" => Some((segment, None)),
            _ => Some((segment, Some(rest.strip_prefix('.')?))),
        };
    }
    match text.split_once('.') {
        Some((segment, rest)) => Some((segment, Some(rest))),
        None => Some((text, None)),
    }
}

fn check_segment(segment: &str, written: &str) -> Result<(), Refusal> {
    if segment.is_empty() {
        return Err(Refusal::new("an attribute of the path is empty"));
    }
    if segment == GAP {
        return Ok(());
    }
    if segment.contains(['{', '}']) {
        return Err(Refusal::new(format!(
            "`{segment}` is neither an attribute nor `{{host}}`"
        ))
        .hint("`{host}` is the only gap there is, and stands alone between dots"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_'-".contains(c);
    if !written.starts_with('"') && !segment.chars().all(allowed) {
        return Err(
            Refusal::new(format!("`{segment}` is not an attribute name"))
                .hint("quote an attribute that has other characters"),
        );
    }
    Ok(())
}
