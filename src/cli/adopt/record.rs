//! Writes what was agreed on to `hosts/<name>/` beside fleet.toml.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::fleet::{self, Fleet};
use crate::model::{HostName, Identity, Problem, ProblemKind};

/// Writes the identity, and the pinned key if there is one, and returns the files' names
/// below the fleet's folder.
///
/// # Errors
/// A [`Problem`] that names the file which could not be written.
pub(super) fn write(
    fleet: &Fleet,
    host: &HostName,
    identity: &Identity,
    remark: &str,
    pin: Option<(String, String)>,
) -> Result<Vec<String>, Problem> {
    let own = Path::new("hosts").join(host.as_str());
    let text = fleet::identity_text(identity, remark);
    let mut files = vec![("identity.toml".to_owned(), text)];
    files.extend(pin);
    let mut written = Vec::new();
    for (name, text) in files {
        let shown = own.join(name);
        replace(&fleet.folder.join(&shown), &text).map_err(|error| {
            let message = format!("could not write {}", shown.display());
            Problem::new(ProblemKind::Failed, message)
                .because(error.to_string())
                .with_hint("mend that and adopt the host again: nothing else is missing")
        })?;
        written.push(shown.display().to_string());
    }
    Ok(written)
}

/// Replaces a file as a whole: a reader finds the old one or the new one. Everybody who works
/// with the fleet may read it.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    new.as_file().sync_all()?;
    new.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_everybody_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hosts/web1/identity.toml");
        for text in ["one", "two"] {
            replace(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o644
        );
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }
}
