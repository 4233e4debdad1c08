//! Reads the store's database, read-only.
//!
//! Its tables (`ValidPaths`, `Refs`) are Nix's schema 10, the same since Nix 2.0
//! (`src/libstore/schema.sql`, `ca-specific-schema.sql`).

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};
use thiserror::Error;

use crate::model::{NarHash, NarHashError, PathInfo, StorePath, StorePathError};

/// A path and all that it refers to, by their numbers.
const CLOSURE: &str = "with recursive closure(id) as (
    select id from ValidPaths where path = ?1
    union
    select reference from Refs join closure on referrer = id
) ";

/// Why the database tells nothing.
#[derive(Debug, Error)]
pub(super) enum DatabaseError {
    /// It cannot be read.
    #[error("could not read the store's database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It holds what is no store path.
    #[error("the store's database: {0}")]
    Path(#[from] StorePathError),
    /// It holds what is no hash.
    #[error("the store's database: {0}")]
    Hash(#[from] NarHashError),
}

/// All that is known of a closure; nothing when the store does not hold its root.
pub(super) fn closure(file: &Path, root: &StorePath) -> Result<Vec<PathInfo>, DatabaseError> {
    // Not `immutable`: that would pass over what Nix has written to the log and not yet to the
    // database itself, which is most of what was built lately.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(file, flags)?;
    // One look for both questions.
    let look = database.unchecked_transaction()?;
    let mut infos = HashMap::new();
    let mut ask = look.prepare(&format!(
        "{CLOSURE} select v.id, path, hash, narSize, deriver, sigs, ca from ValidPaths v join closure c on v.id = c.id"
    ))?;
    let mut rows = ask.query([root.as_str()])?;
    while let Some(row) = rows.next()? {
        infos.insert(row.get::<_, i64>(0)?, info(row)?);
    }
    let mut ask = look.prepare(&format!(
        "{CLOSURE} select referrer, reference from Refs join closure on referrer = id"
    ))?;
    let mut rows = ask.query([root.as_str()])?;
    while let Some(row) = rows.next()? {
        let path = infos.get(&row.get(1)?).map(|info| info.path.clone());
        let referrer = infos.get_mut(&row.get(0)?);
        if let (Some(path), Some(referrer)) = (path, referrer) {
            referrer.references.insert(path);
        }
    }
    Ok(infos.into_values().collect())
}

fn info(row: &Row<'_>) -> Result<PathInfo, DatabaseError> {
    let text = |column: usize| row.get::<_, Option<String>>(column);
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let deriver = filled(text(4)?).map(StorePath::new).transpose()?;
    let signatures = filled(text(5)?).unwrap_or_default();
    Ok(PathInfo {
        path: StorePath::new(row.get::<_, String>(1)?)?,
        deriver,
        nar_hash: NarHash::read(&row.get::<_, String>(2)?)?,
        nar_size: row.get::<_, i64>(3)?.unsigned_abs(),
        references: Default::default(),
        signatures: signatures.split_whitespace().map(str::to_owned).collect(),
        content_address: filled(text(6)?),
    })
}
