//! The SSH client against a server in the same process, over loopback.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod agent;
mod home;
mod processes;
mod server;

use phoenix::adapter::ssh::{Connection, SshError};
use phoenix::model::ProblemKind;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::certificate::{Builder, CertType};
use russh::keys::ssh_key::{Cipher, Kdf, LineEnding};
use russh::keys::{Algorithm, Certificate, EcdsaCurve, PrivateKey};

use home::{Home, NOW, ed25519, reach};
use server::{Server, Spec};

/// A home, a server that lets its user in, and the server's key, known in the home.
async fn friends() -> (Home, Server, PrivateKey) {
    let (home, host) = (Home::new(), ed25519());
    let users = vec![home.key.public_key().clone()];
    let server = Server::start(Spec {
        keys: vec![host.clone()],
        users,
        ..Spec::default()
    })
    .await;
    home.know(&[(&host, server.port)]);
    (home, server, host)
}

fn fingerprint(key: &PrivateKey) -> String {
    key.fingerprint(russh::keys::HashAlg::Sha256).to_string()
}

/// The parts of a private key's file.
fn pem(key: &PrivateKey) -> String {
    key.to_openssh(LineEnding::LF).unwrap().to_string()
}

fn error(result: Result<Connection, SshError>) -> SshError {
    result.err().expect("no login should come about")
}

#[tokio::test]
async fn a_known_host_lets_a_known_user_in() {
    let (home, server, host) = friends().await;
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    assert_eq!(connection.host_key_fingerprint(), fingerprint(&host));
    assert_eq!(connection.address().port, Some(server.port));
    assert_eq!(server.seen.lock().unwrap().users, ["root"]);
    connection.close().await;
    assert_eq!(server.running(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_refused_and_says_where_to_pin_it() {
    let (home, server, host) = friends().await;
    home.know(&[]);
    let problem = error(home.open(&reach(&[server.port])).await).problem();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.message.contains("host key of web1"), "{problem:?}");
    assert_eq!(
        problem.causes[0],
        format!("it showed {}", fingerprint(&host))
    );
    assert!(
        problem.causes[1].starts_with("that is the key ssh-ed25519 AAAA"),
        "{problem:?}"
    );
    assert!(
        problem
            .hint
            .unwrap()
            .0
            .contains("hosts/web1/ssh_host_ed25519_key.pub")
    );
    assert!(server.seen.lock().unwrap().users.is_empty());
}

#[tokio::test]
async fn a_changed_key_is_refused_and_shows_both() {
    let (home, server, host) = friends().await;
    let old = ed25519();
    home.know(&[(&old, server.port)]);
    let problem = error(home.open(&reach(&[server.port])).await).problem();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert_eq!(
        problem.causes[0],
        format!("it showed {}", fingerprint(&host))
    );
    assert!(problem.causes[1].starts_with(&format!("expected {} (", fingerprint(&old))));
    assert!(problem.causes[1].ends_with("known_hosts:1)"));
}

#[tokio::test]
async fn a_pinned_key_needs_no_known_hosts_and_stands_above_them() {
    let (home, server, host) = friends().await;
    let pin = |key: &PrivateKey| home.write("pin.pub", &key.public_key().to_openssh().unwrap());
    let mut reach = reach(&[server.port]);
    reach.pinned_keys = vec![pin(&ed25519())];
    assert!(matches!(
        error(home.open(&reach).await),
        SshError::ChangedHostKey { .. }
    ));
    home.know(&[]);
    pin(&host);
    home.open(&reach).await.unwrap();
}

#[tokio::test]
async fn a_host_with_several_keys_shows_the_known_one() {
    let home = Home::new();
    let ecdsa = PrivateKey::random(
        &mut safe_rng(),
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
    )
    .unwrap();
    let users = vec![home.key.public_key().clone()];
    let server = Server::start(Spec {
        keys: vec![ed25519(), ecdsa.clone()],
        users,
        ..Spec::default()
    })
    .await;
    home.know(&[(&ecdsa, server.port)]);
    let connection = home.open(&reach(&[server.port])).await.unwrap();
    assert_eq!(connection.host_key_fingerprint(), fingerprint(&ecdsa));
}

#[tokio::test]
async fn a_refused_user_learns_which_keys_were_offered() {
    let (home, server, _) = friends().await;
    let stranger = ed25519();
    let file = home.write("stranger", &pem(&stranger));
    let mut reach = reach(&[server.port]);
    reach.identity_files = vec![file, home.write("rubbish", "rubbish")];
    let problem = error(home.open(&reach).await).problem();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.message.ends_with("does not let root in"));
    assert!(
        problem.causes[0].contains(&format!("stranger ({}): refused", fingerprint(&stranger))),
        "{problem:?}"
    );
    assert!(
        problem.causes[1].contains("rubbish: it holds no private key"),
        "{problem:?}"
    );
    assert_eq!(problem.causes[2], "the host takes publickey");
    assert!(problem.hint.unwrap().0.contains("authorized keys of root"));
}

#[tokio::test]
async fn a_host_that_hangs_up_after_too_many_keys_is_told_apart() {
    let (home, host) = (Home::new(), ed25519());
    let server = Server::start(Spec {
        keys: vec![host.clone()],
        tries: 2,
        ..Spec::default()
    })
    .await;
    home.know(&[(&host, server.port)]);
    let file = |index: usize| home.write(&format!("k{index}"), &pem(&ed25519()));
    let mut reach = reach(&[server.port]);
    reach.identity_files = (0..5).map(file).collect();
    let SshError::Auth {
        offered, hung_up, ..
    } = error(home.open(&reach).await)
    else {
        panic!()
    };
    assert!(hung_up && offered.len() < 5, "{offered:?}");
}

#[tokio::test]
async fn a_locked_key_is_unlocked_once_for_many_hosts_and_only_if_it_is_wanted() {
    let (home, host) = (Home::new(), ed25519());
    let kdf = Kdf::Bcrypt {
        salt: vec![1; 16],
        rounds: 1,
    };
    let locked = home
        .key
        .encrypt_with(Cipher::Aes256Ctr, kdf, 1, "secret")
        .unwrap();
    home.write(".ssh/id_ed25519", &pem(&locked));
    let start = async |users| {
        Server::start(Spec {
            keys: vec![host.clone()],
            users,
            ..Spec::default()
        })
        .await
    };
    let closed = start(Vec::new()).await;
    let open = start(vec![home.key.public_key().clone()]).await;
    home.know(&[(&host, closed.port), (&host, open.port)]);
    assert!(matches!(
        error(home.open(&reach(&[closed.port])).await),
        SshError::Auth { .. }
    ));
    assert_eq!(home.questions(), 0);
    let reach = reach(&[open.port]);
    let (one, two, three) = tokio::join!(home.open(&reach), home.open(&reach), home.open(&reach));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(home.questions(), 1);
}

fn certify(key: &PrivateKey, authority: &PrivateKey, kind: CertType, name: &str) -> Certificate {
    let key = key.public_key().clone();
    let mut builder = Builder::new_with_random_nonce(&mut safe_rng(), key, 0, 2 * NOW).unwrap();
    builder.cert_type(kind).unwrap();
    builder.valid_principal(name).unwrap();
    builder.sign(authority).unwrap()
}

#[tokio::test]
async fn certificates_on_both_sides() {
    let (home, host, authority) = (Home::new(), ed25519(), ed25519());
    let server = Server::start(Spec {
        certificates: vec![certify(&host, &authority, CertType::Host, "127.0.0.1")],
        keys: vec![host],
        authorities: vec![authority.public_key().clone()],
        ..Spec::default()
    })
    .await;
    let line = authority.public_key().to_openssh().unwrap();
    home.write(
        ".ssh/known_hosts",
        &format!("@cert-authority 127.0.0.1 {line}\n"),
    );
    let users = certify(&home.key, &authority, CertType::User, "root");
    home.write(".ssh/id_ed25519-cert.pub", &users.to_openssh().unwrap());
    home.open(&reach(&[server.port])).await.unwrap();
}

#[tokio::test]
async fn the_next_address_is_tried_and_all_failures_are_told() {
    let (home, server, _) = friends().await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let connection = home.open(&reach(&[unused, server.port])).await.unwrap();
    assert_eq!(connection.address().port, Some(server.port));
    home.know(&[]);
    let failed = error(home.open(&reach(&[unused, server.port])).await);
    assert_eq!(failed.kind(), ProblemKind::Refused);
    let problem = failed.problem();
    assert!(
        problem.causes[0].contains(&format!("no connection to 127.0.0.1:{unused}:")),
        "{problem:?}"
    );
    assert!(
        problem.causes[1].contains("is not known: it showed SHA256:"),
        "{problem:?}"
    );
    assert!(problem.hint.unwrap().0.contains("hosts/web1"));
}

#[tokio::test]
async fn a_jump_host_leads_on_and_is_checked_itself() {
    let (home, server, host) = friends().await;
    let door = ed25519();
    let users = vec![home.key.public_key().clone()];
    let bastion = Server::start(Spec {
        keys: vec![door.clone()],
        users,
        ..Spec::default()
    })
    .await;
    home.know(&[(&host, server.port), (&door, bastion.port)]);
    let mut reach = reach(&[server.port]);
    reach.jump = Some(vec![format!("gate@127.0.0.1:{}", bastion.port)]);
    let connection = home.open(&reach).await.unwrap();
    let finished = connection
        .exec(&["hello"])
        .await
        .unwrap()
        .finish()
        .await
        .unwrap();
    assert_eq!(finished.status, Some(3));
    assert_eq!(bastion.seen.lock().unwrap().users, ["gate"]);
    assert_eq!(
        bastion.seen.lock().unwrap().forwards,
        [("127.0.0.1".to_owned(), u32::from(server.port))]
    );
    connection.close().await;
    home.know(&[(&host, server.port)]);
    let blocked = error(home.open(&reach).await);
    assert!(
        matches!(&blocked, SshError::Jump { source, .. } if matches!(**source, SshError::UnknownHostKey { pin: None, .. }))
    );
    assert_eq!(blocked.problem().causes.len(), 3);
    home.know(&[(&door, bastion.port)]);
    assert!(matches!(
        error(home.open(&reach).await),
        SshError::UnknownHostKey { .. }
    ));
}

#[tokio::test]
async fn a_jump_host_that_cannot_go_on_is_named() {
    let (home, server, _) = friends().await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut reach = reach(&[unused]);
    reach.jump = Some(vec![format!("127.0.0.1:{}", server.port)]);
    let failed = error(home.open(&reach).await);
    assert!(matches!(failed, SshError::Forward { .. }), "{failed:?}");
    assert_eq!(failed.kind(), ProblemKind::Unreachable);
}

#[tokio::test]
async fn a_silent_host_ends_at_the_limit() {
    let home = Home::new();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut reach = reach(&[silent.local_addr().unwrap().port()]);
    reach.connect_limit = std::time::Duration::from_millis(60);
    let failed = error(home.open(&reach).await);
    assert!(
        failed
            .to_string()
            .starts_with("the key exchange with 127.0.0.1:"),
        "{failed}"
    );
    assert_eq!(failed.kind(), ProblemKind::Unreachable);
}
