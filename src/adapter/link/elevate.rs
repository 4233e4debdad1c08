//! Runs a program on the host as root: directly, through `sudo`, or through `doas`.
//!
//! Every program started here is a shell script of ours that first says [`READY`]: until that
//! line nothing is sent but the password, and that only when `sudo` asks for it with our own
//! prompt. So a password never ends up in a program's input, argument or environment.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::adapter::ssh::{Connection, Output, Program, Prompts, Stdin};
use crate::model::{Elevation, HostName, Problem, ProblemKind, Reach};

/// What a script prints once it runs as root.
pub(super) const READY: &str = "phoenix-ready";

/// The prompt `sudo` is told to use; nothing else prints it.
const PROMPT: &str = "[phoenix: sudo password]";

/// Where a script finds programs, whatever the login shell and `sudo` leave of `PATH`: on
/// NixOS, on other systems with Nix, and anywhere.
const PROGRAMS: &str = "PATH=/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:$PATH:/usr/bin:/bin\nexport PATH\n";

/// Limit for becoming root, an operator's typing not counted.
const LIMIT: Duration = Duration::from_secs(20);

/// The password `sudo` may ask for: from a file, or asked once in the terminal.
pub struct SudoPassword {
    known: Mutex<Option<Zeroizing<String>>>,
    prompts: Arc<dyn Prompts>,
}

impl SudoPassword {
    /// A password that is known already, or is asked for when the first host wants it.
    #[must_use]
    pub fn new(known: Option<Zeroizing<String>>, prompts: Arc<dyn Prompts>) -> Self {
        Self {
            known: Mutex::new(known),
            prompts,
        }
    }

    async fn get(&self, host: &HostName, user: &str) -> Option<Zeroizing<String>> {
        let mut known = self.known.lock().await;
        if known.is_none() {
            let prompts = Arc::clone(&self.prompts);
            let question =
                format!("sudo password of {user} on {host} (used for every host of this run):");
            // On a thread of its own: a person who types must not hold up the connections.
            let asked = tokio::task::spawn_blocking(move || prompts.secret(&question));
            *known = asked.await.ok().flatten();
        }
        known.clone()
    }
}

/// Becomes root on one host.
pub(super) struct Elevator<'a> {
    host: &'a HostName,
    user: &'a str,
    elevation: &'a Elevation,
    password: &'a SudoPassword,
}

/// What was read while waiting for the ready line.
#[derive(Default)]
struct Heard {
    out: Vec<u8>,
    err: Vec<u8>,
    answered: bool,
}

impl<'a> Elevator<'a> {
    pub(super) fn new(reach: &'a Reach, password: &'a SudoPassword) -> Self {
        let user = reach.user.as_deref().unwrap_or("the login user");
        Self {
            host: &reach.name,
            user,
            elevation: &reach.elevation,
            password,
        }
    }

    /// Starts `script` with `arguments` as root and returns once it has said [`READY`].
    pub(super) async fn run(
        &self,
        connection: &Connection,
        script: &str,
        arguments: &[&str],
    ) -> Result<Program, Problem> {
        let mut words: Vec<&str> = match self.elevation {
            Elevation::None => vec![],
            Elevation::Sudo => vec!["sudo", "-S", "-p", PROMPT, "--"],
            Elevation::Doas => vec!["doas", "-n", "--"],
        };
        let script = format!("{PROGRAMS}{script}");
        words.extend(["/bin/sh", "-c", &script, "phoenix"]);
        words.extend(arguments);
        let process = connection
            .exec(&words)
            .await
            .map_err(|error| error.problem())?;
        let (mut stdin, mut events) = process.split();
        let mut heard = Heard::default();
        loop {
            let Ok(output) = timeout(LIMIT, events.next()).await else {
                return Err(
                    self.refused(&heard, &format!("no answer within {} s", LIMIT.as_secs()))
                );
            };
            match output.map_err(|error| error.problem())? {
                Some(Output::Stdout(bytes)) => heard.out.extend_from_slice(&bytes),
                Some(Output::Stderr(bytes)) => {
                    heard.err.extend_from_slice(&bytes);
                    self.answer(&mut heard, &mut stdin).await?;
                }
                Some(Output::Exit { status }) => {
                    return Err(self.refused(&heard, &format!("it exited with status {status}")));
                }
                Some(Output::Signal(signal)) => {
                    return Err(self.refused(&heard, &format!("it was ended by signal {signal}")));
                }
                None => return Err(lost("the host closed the channel")),
            }
            if let Some(rest) = after_ready(&heard.out) {
                return Ok(Program {
                    stdin,
                    events,
                    rest,
                });
            }
        }
    }

    /// Gives the password when `sudo` has asked for it, once.
    async fn answer(&self, heard: &mut Heard, stdin: &mut Stdin) -> Result<(), Problem> {
        let Some(at) = find(&heard.err, PROMPT.as_bytes()) else {
            return Ok(());
        };
        heard.err.drain(..at + PROMPT.len());
        if heard.answered {
            return Err(Problem::new(
                ProblemKind::Refused,
                format!("sudo refused the password of {}", self.user),
            )
            .with_hint("check the password; phoenix tries it once and never again by itself"));
        }
        heard.answered = true;
        let Some(password) = self.password.get(self.host, self.user).await else {
            return Err(Problem::new(
                ProblemKind::Refused,
                format!("sudo asks for the password of {}", self.user),
            )
            .with_hint("run phoenix in a terminal, or give --sudo-password-file FILE"));
        };
        let line = Zeroizing::new(format!("{}\n", password.as_str()));
        stdin
            .write_all(line.as_bytes())
            .await
            .map_err(|error| lost(&error.to_string()))?;
        stdin
            .flush()
            .await
            .map_err(|error| lost(&error.to_string()))
    }

    fn refused(&self, heard: &Heard, cause: &str) -> Problem {
        let said: Vec<String> = String::from_utf8_lossy(&heard.err)
            .lines()
            .map(str::to_owned)
            .collect();
        let message = match self.elevation {
            Elevation::None => "could not run a program on the host".to_owned(),
            Elevation::Sudo => format!("could not become root through sudo as {}", self.user),
            Elevation::Doas => format!("could not become root through doas as {}", self.user),
        };
        let problem = Problem::new(ProblemKind::Refused, message)
            .because(cause)
            .with_log(said);
        match self.elevation {
            Elevation::None => problem.with_hint(
                "is the login user root? if not, set `sudo = \"sudo\"` in its [hosts.NAME.ssh]",
            ),
            Elevation::Sudo | Elevation::Doas => problem.with_hint(format!(
                "the user needs a rule that lets it run /bin/sh as root on `{}`",
                self.host
            )),
        }
    }
}

/// What follows the ready line, once it is there. Login scripts may print before it.
fn after_ready(out: &[u8]) -> Option<Vec<u8>> {
    let line = format!("{READY}\n");
    find(out, line.as_bytes()).map(|at| out[at + line.len()..].to_vec())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// The connection broke.
pub(super) fn lost(why: &str) -> Problem {
    Problem::new(ProblemKind::Lost, "the connection to the host was lost").because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_login_script_prints_before_the_ready_line_is_left_out() {
        assert_eq!(
            after_ready(b"Welcome!\nphoenix-ready\n{\"a\""),
            Some(b"{\"a\"".to_vec())
        );
        assert_eq!(after_ready(b"phoenix-rea"), None);
    }
}
