//! Reads the store's database, read-only.
//!
//! Its tables (`ValidPaths`, `Refs`, `DerivationOutputs`) are Nix's schema 10, the same since Nix 2.0
//! (`src/libstore/schema.sql`, `ca-specific-schema.sql`).

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};
use thiserror::Error;

use crate::model::{NarHash, NarHashError, PathInfo, StorePath, StorePathError};

/// Paths, given as a list in JSON, and all that they refer to, by their numbers. `cross join` has
/// SQLite begin with what is on its left: it might go through the whole store otherwise.
const CLOSURE: &str = "with recursive closure(id) as (
    select id from ValidPaths where path in (select value from json_each(?1))
    union
    select reference from closure cross join Refs on referrer = id
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

/// All that is known of the closure of some paths; nothing of those that the store does not hold.
pub(super) fn closure(file: &Path, roots: &[StorePath]) -> Result<Vec<PathInfo>, DatabaseError> {
    let database = open(file)?;
    // One look for both questions.
    let look = database.unchecked_transaction()?;
    let roots = list(roots);
    let mut infos = HashMap::new();
    let mut ask = look.prepare(&format!(
        "{CLOSURE} select v.id, path, hash, narSize, deriver, sigs, ca from closure c cross join ValidPaths v on v.id = c.id"
    ))?;
    let mut rows = ask.query([&roots])?;
    while let Some(row) = rows.next()? {
        infos.insert(row.get::<_, i64>(0)?, info(row)?);
    }
    let mut ask = look.prepare(&format!(
        "{CLOSURE} select referrer, reference from closure cross join Refs on referrer = id"
    ))?;
    let mut rows = ask.query([&roots])?;
    while let Some(row) = rows.next()? {
        let path = infos.get(&row.get(1)?).map(|info| info.path.clone());
        let referrer = infos.get_mut(&row.get(0)?);
        if let (Some(path), Some(referrer)) = (path, referrer) {
            referrer.references.insert(path);
        }
    }
    Ok(infos.into_values().collect())
}

/// What was built of a derivation and of all that it needs, and is in the store.
pub(super) fn built(file: &Path, derivation: &StorePath) -> Result<Vec<StorePath>, DatabaseError> {
    let database = open(file)?;
    let mut ask = database.prepare(&format!(
        "{CLOSURE} select distinct v.path from DerivationOutputs o
         join closure c on o.drv = c.id join ValidPaths v on v.path = o.path"
    ))?;
    let mut rows = ask.query([list(std::slice::from_ref(derivation))])?;
    let mut paths = Vec::new();
    while let Some(row) = rows.next()? {
        paths.push(StorePath::new(row.get::<_, String>(0)?)?);
    }
    Ok(paths)
}

fn open(file: &Path) -> Result<Connection, DatabaseError> {
    // Not `immutable`: that would pass over what Nix has written to the log and not yet to the
    // database itself, which is most of what was built lately.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(file, flags)?)
}

/// As JSON. No store path has a character that would have to be escaped.
fn list(paths: &[StorePath]) -> String {
    let quoted = paths.iter().map(|path| format!("\"{path}\""));
    format!("[{}]", quoted.collect::<Vec<_>>().join(","))
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
        // Nix writes no size for 0, and says 0 where there is none.
        nar_size: row
            .get::<_, Option<i64>>(3)?
            .unwrap_or_default()
            .unsigned_abs(),
        references: Default::default(),
        signatures: signatures.split_whitespace().map(str::to_owned).collect(),
        content_address: filled(text(6)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Nix 2.8 to 2.34 make it.
    const SCHEMA: &str = "
        pragma journal_mode = wal;
        create table ValidPaths (
            id integer primary key autoincrement not null, path text unique not null,
            hash text not null, registrationTime integer not null, deriver text,
            narSize integer, ultimate integer, sigs text, ca text
        );
        create table Refs (
            referrer integer not null, reference integer not null,
            primary key (referrer, reference)
        );
        create table DerivationOutputs (
            drv integer not null, id text not null, path text not null, primary key (drv, id)
        );
        create index IndexReferrer on Refs(referrer);
        create index IndexReference on Refs(reference);
    ";

    fn path(name: &str) -> StorePath {
        StorePath::new(format!("/nix/store/{}-{name}", "a".repeat(32))).unwrap()
    }

    fn insert(database: &Connection, id: u32, name: &str, rest: &str) {
        let hash = format!("sha256:{}", "0f".repeat(32));
        let sql = format!(
            "insert into ValidPaths (id, path, hash, registrationTime, narSize, deriver, sigs, ca)
             values ({id}, '{}', '{hash}', 1, {rest})",
            path(name)
        );
        database.execute_batch(&sql).unwrap();
    }

    fn refer(database: &Connection, pairs: &[(u32, u32)]) {
        for pair in pairs {
            let sql = "insert into Refs values (?1, ?2)";
            database.execute(sql, *pair).unwrap();
        }
    }

    fn made() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let database = Connection::open(folder.path().join("db.sqlite")).unwrap();
        database.execute_batch(SCHEMA).unwrap();
        (folder, database)
    }

    fn names(folder: &tempfile::TempDir, root: &str) -> Vec<String> {
        let infos = closure(&folder.path().join("db.sqlite"), &[path(root)]).unwrap();
        let names = infos.iter().map(|info| info.path.name().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn empty_and_absent_mean_the_same() {
        let (folder, database) = made();
        insert(&database, 1, "absent", "null, null, null, null");
        insert(&database, 2, "empty", "0, '', '', ''");
        let whole = format!("7, '{}', 'a:1 b:2', 'fixed:r:sha256:0'", path("x.drv"));
        insert(&database, 3, "whole", &whole);
        for name in ["absent", "empty", "whole"] {
            let infos = closure(&folder.path().join("db.sqlite"), &[path(name)]).unwrap();
            let is_whole = name == "whole";
            let expected = PathInfo {
                path: path(name),
                deriver: is_whole.then(|| path("x.drv")),
                nar_hash: NarHash::new([0x0f; 32]),
                nar_size: if is_whole { 7 } else { 0 },
                references: Default::default(),
                signatures: ["a:1", "b:2"].map(str::to_owned)[..if is_whole { 2 } else { 0 }]
                    .into(),
                content_address: is_whole.then(|| "fixed:r:sha256:0".to_owned()),
            };
            assert_eq!(infos, [expected]);
        }
    }

    #[test]
    fn a_closure_is_all_that_is_referred_to_and_no_more() {
        let (folder, database) = made();
        for (id, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")] {
            insert(&database, id, name, "1, null, null, null");
        }
        // To itself, in a circle, twice the same, and from elsewhere.
        refer(&database, &[(1, 1), (1, 2), (2, 3), (3, 2), (1, 3), (5, 1)]);
        assert_eq!(names(&folder, "a"), ["a", "b", "c"]);
        assert_eq!(names(&folder, "e"), ["a", "b", "c", "e"]);
        assert_eq!(names(&folder, "nowhere"), [""; 0]);
    }

    #[test]
    fn what_is_built_of_a_derivation_is_all_of_its_outputs_that_are_there() {
        let (folder, database) = made();
        for (id, name) in [(1, "a.drv"), (2, "b.drv"), (3, "b"), (4, "c.drv"), (5, "c")] {
            insert(&database, id, name, "1, null, null, null");
        }
        refer(&database, &[(1, 2)]);
        for (drv, output) in [(1, "a"), (2, "b"), (2, "b-dev"), (4, "c")] {
            let sql = "insert into DerivationOutputs values (?1, ?2, ?3)";
            let row = (drv, output, path(output).as_str().to_owned());
            database.execute(sql, row).unwrap();
        }
        let file = folder.path().join("db.sqlite");
        assert_eq!(built(&file, &path("a.drv")).unwrap(), [path("b")]);
        assert_eq!(built(&file, &path("nowhere.drv")).unwrap(), []);
    }

    /// While Nix writes, what it has finished counts, also where it is in the log only.
    #[test]
    fn what_is_being_written_is_not_waited_for() {
        let (folder, database) = made();
        insert(&database, 1, "a", "1, null, null, null");
        database.execute_batch("begin immediate").unwrap();
        insert(&database, 2, "b", "1, null, null, null");
        assert_eq!(names(&folder, "a"), ["a"]);
        assert_eq!(names(&folder, "b"), [""; 0]);
        database.execute_batch("commit").unwrap();
        assert_eq!(names(&folder, "b"), ["b"]);
    }

    #[test]
    fn what_is_no_database_of_a_store_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("db.sqlite");
        for content in ["", "this is not a database, however long it may be"] {
            std::fs::write(&file, content).unwrap();
            assert!(closure(&file, &[path("a")]).is_err(), "{content:?}");
        }
        let (folder, database) = made();
        insert(&database, 1, "a", "1, '/nix/store/unknown', null, null");
        let found = closure(&folder.path().join("db.sqlite"), &[path("a")]);
        assert!(matches!(found, Err(DatabaseError::Path(_))), "{found:?}");
    }
}
