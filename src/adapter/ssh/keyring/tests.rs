//! Locked keys: one question a key, however many want it.

use std::sync::atomic::{AtomicUsize, Ordering};

use russh::keys::ssh_key::{Cipher, Kdf, LineEnding};
use russh::keys::{Algorithm, key::safe_rng};

use super::*;

/// Answers with these, one after the other.
struct Answers {
    answers: Vec<&'static str>,
    asked: AtomicUsize,
}

impl Prompts for Answers {
    fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
        assert!(question.contains("id_test"));
        let answer = self.answers.get(self.asked.fetch_add(1, Ordering::SeqCst));
        answer.map(|answer| Zeroizing::new((*answer).to_owned()))
    }
}

/// A folder with a key locked by `secret`, and a keyring with a person who answers.
fn locked(answers: &[&'static str]) -> (tempfile::TempDir, PathBuf, Arc<Answers>, Keyring) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("id_test");
    let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap();
    // One round: the number ssh-keygen uses takes seconds in a test build.
    let kdf = Kdf::Bcrypt {
        salt: vec![7; 16],
        rounds: 1,
    };
    let key = key
        .encrypt_with(Cipher::Aes256Ctr, kdf, 1, "secret")
        .unwrap();
    std::fs::write(&file, key.to_openssh(LineEnding::LF).unwrap()).unwrap();
    let person = Arc::new(Answers {
        answers: answers.to_vec(),
        asked: AtomicUsize::new(0),
    });
    let prompts: Arc<dyn Prompts> = Arc::clone(&person) as _;
    (folder, file, person, Keyring::new(prompts))
}

#[tokio::test]
async fn many_who_want_a_key_cause_one_question() {
    let (_folder, file, person, keyring) = locked(&["secret"]);
    let wanted = futures::future::join_all((0..20).map(|_| keyring.private(&file))).await;
    assert!(wanted.iter().all(Result::is_ok));
    assert_eq!(person.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_public_half_needs_no_question() {
    let (_folder, file, person, keyring) = locked(&[]);
    let public = keyring.public(&file).await.unwrap();
    assert_eq!(public.algorithm(), Algorithm::Ed25519);
    assert_eq!(person.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_wrong_passphrase_is_asked_for_again_and_then_given_up_for_all() {
    let (_folder, file, _, keyring) = locked(&["typo", "secret"]);
    assert!(keyring.private(&file).await.is_ok());
    let (_folder, file, person, keyring) = locked(&["a", "b", "c", "secret"]);
    for _ in 0..2 {
        assert!(matches!(
            keyring.private(&file).await,
            Err(KeyError::WrongPassphrase)
        ));
    }
    assert_eq!(person.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn without_a_terminal_the_key_is_left_out() {
    let (_folder, file, _, keyring) = locked(&[]);
    assert!(matches!(
        keyring.private(&file).await,
        Err(KeyError::NobodyToAsk)
    ));
}

#[tokio::test]
async fn files_that_are_no_keys() {
    let (folder, file, _, keyring) = locked(&[]);
    assert!(matches!(
        keyring.private(&folder.path().join("none")).await,
        Err(KeyError::Missing)
    ));
    let public = keyring.public(&file).await.unwrap().to_openssh().unwrap();
    std::fs::write(&file, public).unwrap();
    assert!(keyring.public(&file).await.is_ok());
    assert!(matches!(
        keyring.private(&file).await,
        Err(KeyError::PublicOnly)
    ));
    std::fs::write(&file, "rubbish").unwrap();
    assert!(matches!(
        keyring.private(&file).await,
        Err(KeyError::NotAKey)
    ));
}

#[tokio::test(start_paused = true)]
async fn time_in_which_a_person_is_asked_does_not_count() {
    let (_folder, _, _, keyring) = locked(&[]);
    let begin = Instant::now();
    let asked = async {
        sleep(Duration::from_secs(1)).await;
        keyring.asked.lock().unwrap().since = Some(Instant::now());
        sleep(Duration::from_secs(60)).await;
        let mut asked = keyring.asked.lock().unwrap();
        let since = asked.since.take().unwrap();
        asked.total += since.elapsed();
    };
    tokio::join!(keyring.expired(Duration::from_secs(10)), asked);
    assert_eq!(begin.elapsed().as_secs(), 70);
}
