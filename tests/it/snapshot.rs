//! Compares text with a file; `UPDATE_SNAPSHOTS=1` writes the file instead.

use std::fs;
use std::path::Path;

/// Fails when `found` is not what `path` holds.
pub(crate) fn check(path: &Path, found: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no command line of their own"
    )]
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    if update {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == found,
        "{} is out of date; run the test with UPDATE_SNAPSHOTS=1 and read the difference\n--- expected\n{expected}\n--- found\n{found}",
        path.display()
    );
}
