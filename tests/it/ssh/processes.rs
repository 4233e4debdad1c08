//! Commands on a host: their words, input, output and end.

use bytes::Bytes;
use phoenix::adapter::ssh::{Output, RemoteProcess, SshError};
use phoenix::model::ProblemKind;
use tokio::io::AsyncWriteExt;

use super::friends;
use super::home::reach;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn output_errors_and_status_arrive() {
    let (home, server, _) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    let mut process = connection.exec(&["hello", "a b", "$x"]).await.unwrap();
    let mut seen = Vec::new();
    while let Some(output) = process.next().await.unwrap() {
        seen.push(output);
    }
    assert_eq!(
        seen,
        [
            Output::Stdout(Bytes::from_static(b"out")),
            Output::Stderr(Bytes::from_static(b"err")),
            Output::Exit { status: 3 }
        ]
    );
    assert_eq!(process.next().await.unwrap(), None);
    assert_eq!(server.seen.lock().unwrap().commands, ["hello 'a b' '$x'"]);
}

#[tokio::test]
async fn several_processes_share_a_connection() {
    let (home, server, _) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    let run = async |word: &str| {
        connection
            .exec(&[word])
            .await
            .unwrap()
            .finish()
            .await
            .unwrap()
    };
    let (one, two) = tokio::join!(run("hello"), run("count"));
    assert_eq!(
        (one.status, one.stdout, one.stderr),
        (Some(3), b"out".to_vec(), b"err".to_vec())
    );
    assert_eq!((two.status, two.stdout), (Some(0), b"0".to_vec()));
}

#[tokio::test]
async fn a_command_that_is_refused_or_vanishes_is_an_error() {
    let (home, server, _) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    for (word, what) in [
        ("refuse", "was refused"),
        ("vanish", "ended without a status"),
    ] {
        let failed = connection
            .exec(&[word])
            .await
            .unwrap()
            .finish()
            .await
            .unwrap_err();
        assert!(failed.to_string().contains(what), "{failed}");
        assert_eq!(failed.kind(), ProblemKind::Failed);
    }
    connection
        .exec(&["hello"])
        .await
        .unwrap()
        .finish()
        .await
        .unwrap();
}

#[tokio::test]
async fn much_goes_both_ways_at_once() {
    let (home, server, _) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    let (mut stdin, mut events) = connection.exec(&["cat"]).await.unwrap().split();
    let block: Vec<u8> = (0..MIB).map(|index| (index % 251) as u8).collect();
    let write = async {
        for _ in 0..16 {
            stdin.write_all(&block).await.unwrap();
            stdin.send(Bytes::from(block.clone())).await.unwrap();
        }
        stdin.shutdown().await.unwrap();
    };
    let twice = block.repeat(2);
    let read = async {
        let mut at = 0;
        let mut status = None;
        while let Some(output) = events.next().await.unwrap() {
            match output {
                Output::Stdout(bytes) => {
                    assert_eq!(bytes, twice[at % MIB..][..bytes.len()]);
                    at += bytes.len();
                }
                Output::Exit { status: code } => status = Some(code),
                other => panic!("{other:?}"),
            }
        }
        (at, status)
    };
    let ((), (bytes, status)) = tokio::join!(write, read);
    assert_eq!((bytes, status), (32 * MIB, Some(0)));
}

#[tokio::test]
async fn a_writer_waits_for_a_slow_reader() {
    let (home, server, _) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    let (mut stdin, events) = connection.exec(&["hang"]).await.unwrap().split();
    // The server's program reads nothing, so no more than its window and buffers go out.
    let write = async {
        let mut sent = 0;
        while sent < 64 * MIB {
            sent += stdin.write(&[0; 65536]).await.unwrap();
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_millis(150), write).await;
    assert!(waited.is_err());
    drop(events);
    for _ in 0..2 {
        assert!(stdin.write_all(b"x").await.is_err());
        assert!(stdin.send(Bytes::from_static(b"x")).await.is_err());
    }
}

#[tokio::test]
async fn a_cut_wire_is_told_from_an_end() {
    let (home, server, host) = friends().await;
    let (port, wire) = server.wire().await;
    home.know(&[(&host, port)]);
    let connection = home.open(&reach(&[port])).await.unwrap();
    let (mut stdin, mut events) = connection.exec(&["hang"]).await.unwrap().split();
    assert!(matches!(
        events.next().await.unwrap(),
        Some(Output::Stdout(_))
    ));
    let fill = async { while stdin.write_all(&[0; 65536]).await.is_ok() {} };
    let cut = async {
        drop(wire);
        events.next().await
    };
    let ((), end) = tokio::join!(fill, cut);
    let lost = end.unwrap_err();
    assert!(matches!(lost, SshError::Lost { .. }), "{lost:?}");
    assert!(matches!(events.next().await, Err(SshError::Lost { .. })));
    assert_eq!(lost.kind(), ProblemKind::Lost);
    assert!(matches!(
        connection.exec(&["hello"]).await,
        Err(SshError::Lost { .. })
    ));
    assert!(matches!(connection.lost().await, SshError::Lost { .. }));
}

#[tokio::test]
async fn a_dropped_process_closes_its_channel_and_no_other() {
    let (home, server, _) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    let start = async |words: &[&str]| -> RemoteProcess { connection.exec(words).await.unwrap() };
    let mut hung = start(&["hang"]).await;
    assert!(hung.next().await.unwrap().is_some());
    let other = start(&["count"]).await;
    drop(hung);
    drop(start(&["spew", "400"]).await);
    assert_eq!(other.finish().await.unwrap().stdout, b"0");
    while server.seen.lock().unwrap().closed == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_process_outlives_the_connection_it_came_from() {
    let (home, server, _) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    let process = connection.exec(&["spew", "64"]).await.unwrap();
    drop(connection);
    assert_eq!(process.finish().await.unwrap().stdout.len(), 64 * 64 * 1024);
}
