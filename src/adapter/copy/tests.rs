//! The depot under takers of every pace.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Depot;
use super::depot::Taking;
use super::encode::{Base, End, Form};
use crate::archive::Dump;
use crate::model::{NarHash, PathInfo};

/// A path of the real store's shape, but in a folder of the test's own.
fn path(folder: &Path, name: &str, bytes: &[u8]) -> Arc<PathInfo> {
    let file = folder.join(format!("{}-{name}", "a".repeat(32)));
    fs::write(&file, bytes).unwrap();
    let mut nar = Vec::new();
    Dump::of(&file).fill(&mut nar, usize::MAX).unwrap();
    Arc::new(PathInfo {
        nar_hash: NarHash::new(Sha256::digest(&nar).into()),
        nar_size: nar.len() as u64,
        ..PathInfo::sample(name, &[])
    })
}

/// Bytes that nothing packs.
fn noise(length: usize) -> Vec<u8> {
    crate::archive::noise(length, 7)
}

async fn rest(taking: &mut Taking) -> (Vec<u8>, End) {
    let mut all = Vec::new();
    loop {
        match taking.next().await {
            Ok(bytes) => all.extend_from_slice(&bytes),
            Err(end) => return (all, end),
        }
    }
}

#[tokio::test]
async fn what_two_take_at_once_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let info = path(folder.path(), "big", &noise(5 << 20));
    let depot = Arc::new(Depot::in_folder(folder.path(), usize::MAX));
    let mut first = depot.take(&info, Form::Packed(1));
    let mut second = depot.take(&info, Form::Packed(1));
    let (one, two) = tokio::join!(rest(&mut first), rest(&mut second));
    assert!(one == two && one.1 == End::Whole);
    assert_eq!(depot.read(), info.nar_size);
    // And by some who come later, for whom it is nearly as good.
    for form in [Form::Plain, Form::Packed(3)] {
        let mut later = depot.take(&info, form);
        assert_eq!(later.form(), &Form::Packed(1));
        assert_eq!(rest(&mut later).await.1, End::Whole);
    }
    assert_eq!(depot.read(), info.nar_size);
    // A slow link is worth packing anew, and what is done then is taken by all who pack.
    let mut slow = depot.take(&info, Form::Packed(9));
    assert_eq!(rest(&mut slow).await.1, End::Whole);
    assert_eq!(depot.read(), 2 * info.nar_size, "level 9 is not there yet");
    let mut last = depot.take(&info, Form::Packed(1));
    assert_eq!(last.form(), &Form::Packed(9), "what is done is taken");
    assert_eq!(rest(&mut last).await.1, End::Whole);
    assert_eq!(depot.read(), 2 * info.nar_size);
}

#[tokio::test]
async fn one_who_comes_too_late_gets_the_same_and_reads_it_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let info = path(folder.path(), "big", &noise(20 << 20));
    let base = Arc::new(Base {
        path: path(folder.path(), "old", &noise(19 << 20)).path.clone(),
        nar_size: 19 << 20,
    });
    for form in [Form::Plain, Form::Packed(1), Form::After(base)] {
        let depot = Arc::new(Depot::in_folder(folder.path(), 1 << 20));
        let mut fast = depot.take(&info, form.clone());
        let mut slow = depot.take(&info, form.clone());
        let mut late = slow.next().await.unwrap().to_vec();
        let (all, end) = rest(&mut fast).await;
        assert_eq!(end, End::Whole);
        let read = depot.read();
        let (more, end) = rest(&mut slow).await;
        late.extend_from_slice(&more);
        assert!(late == all && end == End::Whole, "{form:?}");
        assert!(
            depot.read() <= read + info.nar_size,
            "{form:?}: more than once"
        );
    }
}

#[tokio::test]
async fn what_all_hosts_of_the_run_have_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let info = path(folder.path(), "big", &noise(5 << 20));
    let depot = Arc::new(Depot::in_folder(folder.path(), usize::MAX));
    depot.expect_host();
    depot.expect_host();
    let all = rest(&mut depot.take(&info, Form::Plain)).await;
    assert!(rest(&mut depot.take(&info, Form::Plain)).await == all);
    assert_eq!(depot.read(), info.nar_size);
    // A path that was refused goes once more.
    assert!(rest(&mut depot.take(&info, Form::Plain)).await == all);
    assert_eq!(depot.read(), 2 * info.nar_size);
}

#[tokio::test]
async fn what_nobody_takes_to_its_end_gives_its_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let old = path(folder.path(), "old", &noise(30 << 20));
    let new = path(folder.path(), "new", &noise(30 << 20));
    let base = Arc::new(Base {
        path: old.path.clone(),
        nar_size: old.nar_size,
    });
    let depot = Arc::new(Depot::in_folder(folder.path(), usize::MAX));
    for _ in 0..20 {
        let mut taking = depot.take(&new, Form::After(Arc::clone(&base)));
        assert_eq!(taking.form(), &Form::After(Arc::clone(&base)));
        taking.next().await.unwrap();
    }
}

#[tokio::test]
async fn without_room_for_a_difference_all_share_one_packing() {
    let folder = tempfile::tempdir().unwrap();
    let depot = Arc::new(Depot::in_folder(folder.path(), usize::MAX));
    let info = path(folder.path(), "new", &noise(1 << 20));
    let base = Arc::new(Base {
        path: info.path.clone(),
        nar_size: u64::MAX,
    });
    let big = |name: &str| path(folder.path(), name, &noise(30 << 20));
    let held: Vec<Taking> = ["a", "b", "c", "d"]
        .map(|name| depot.take(&big(name), Form::After(Arc::clone(&base))))
        .into();
    let mut takings = [0, 1].map(|_| depot.take(&info, Form::After(Arc::clone(&base))));
    for taking in &mut takings {
        assert_eq!(taking.form(), &Form::Packed(3));
        assert_eq!(rest(taking).await.1, End::Whole);
    }
    assert_eq!(depot.read(), info.nar_size);
    drop(held);
}

#[tokio::test]
async fn what_could_not_be_read_is_read_again_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let info = path(folder.path(), "gone", b"here");
    let depot = Arc::new(Depot::in_folder(folder.path(), usize::MAX));
    let file = folder.path().join(format!("{}-gone", "a".repeat(32)));
    fs::remove_file(&file).unwrap();
    let (_, end) = rest(&mut depot.take(&info, Form::Plain)).await;
    assert!(matches!(end, End::Damaged(_)));
    fs::write(&file, b"here").unwrap();
    let (_, end) = rest(&mut depot.take(&info, Form::Plain)).await;
    assert_eq!(end, End::Whole);
}
