//! Runs small shell programs.

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

fn sh(script: &str) -> Command {
    Command::new("sh", LIMIT).args(["-c", script])
}

#[tokio::test]
async fn output_lines_and_input_go_where_they_belong() {
    let mut command = sh("cat; printf 'one\\ntwo\\r\\nthree' >&2");
    command.stdin = Some(b"given".to_vec());
    let mut lines = Vec::new();
    let output = run_with(&command, &mut |line| lines.push(line.to_owned()))
        .await
        .unwrap();
    assert_eq!(output.text(), "given");
    assert_eq!(lines, ["one", "two", "three"]);
    assert_eq!(output.log, lines);
}

#[tokio::test]
async fn programs_speak_english_and_read_nothing() {
    let output = run(&sh("cat; echo $LC_ALL $NO_COLOR $EXTRA"))
        .await
        .unwrap();
    assert_eq!(output.text(), "C 1\n");
    let mut command = sh("echo $EXTRA");
    command.env.push(("EXTRA".into(), "set".into()));
    assert_eq!(run(&command).await.unwrap().text(), "set\n");
}

#[tokio::test]
async fn a_failure_names_command_status_and_last_lines_but_no_secret() {
    let mut command = sh("for i in $(seq 60); do echo $i sesame >&2; done; exit 3").arg("sesame");
    command.masked.push("sesame".into());
    let failure = run(&command).await.unwrap_err();
    assert!(matches!(failure.ending, Ending::Exit(3)));
    assert_eq!(failure.log.len(), 40);
    assert_eq!(failure.log[39], "60 ***");
    let text = failure.to_string();
    assert!(text.ends_with("exited with status 3"), "{text}");
    assert!(!text.contains("sesame"), "{text}");
}

#[tokio::test]
async fn signals_and_missing_programs_are_told_apart() {
    let failure = run(&sh("kill -9 $$")).await.unwrap_err();
    assert!(matches!(failure.ending, Ending::Signal(9)));
    assert!(failure.was_killed());
    assert!(failure.hint().unwrap().0.contains("memory"));

    let failure = run(&Command::new("nix-of-nowhere", LIMIT))
        .await
        .unwrap_err();
    assert_eq!(failure.to_string(), "`nix-of-nowhere` was not found");
    assert!(failure.hint().unwrap().0.contains("install Nix"));
}

/// The pipe closes only when the last process of the group is gone.
async fn ends_with_its_children(stop: impl AsyncFnOnce(Command)) {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    run(&Command::new("mkfifo", LIMIT).arg(fifo.to_str().unwrap()))
        .await
        .unwrap();
    let script = format!("(exec sleep 1000 > {0}) & wait", fifo.display());
    let cat = Command::new("cat", LIMIT).arg(fifo.to_str().unwrap());
    let reader = run(&cat);
    let writer = async {
        stop(sh(&script)).await;
    };
    let (read, ()) = futures::future::join(reader, writer).await;
    read.expect("cat ends when the background sleep is gone");
}

#[tokio::test]
async fn the_limit_ends_the_whole_group() {
    ends_with_its_children(async |mut command| {
        command.limit = Duration::from_millis(300);
        let failure = run(&command).await.unwrap_err();
        assert!(failure.to_string().ends_with("took longer than 0.3 s"));
    })
    .await;
}

#[tokio::test]
async fn dropping_ends_the_whole_group() {
    ends_with_its_children(async |command| {
        let late = tokio::time::timeout(Duration::from_millis(300), run(&command)).await;
        assert!(late.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_child_in_the_background_does_not_hold_the_program_back() {
    let output = run(&sh("sleep 3 & echo done")).await.unwrap();
    assert_eq!(output.text(), "done\n");
}

#[test]
fn words_are_shown_as_one_would_type_them() {
    assert_eq!(failure::shown("path:/a#b.c"), "path:/a#b.c");
    assert_eq!(failure::shown("it's"), r"'it'\''s'");
    assert_eq!(failure::shown(""), "''");
    assert!(failure::shown(&"x".repeat(500)).chars().count() < 70);
}
