//! Starts the agent on the host, bringing it there first when it is missing.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::io::AsyncWriteExt;

use super::elevate::{Elevator, lost};
use super::session::{Session, within};
use crate::adapter::agents::{AgentProgram, Agents};
use crate::adapter::ssh::{Connection, Output, Program};
use crate::model::{Facts, Problem, ProblemKind};

/// Limit for the agent's first words: it reads facts, which takes milliseconds on a sound host.
const GREETING: Duration = Duration::from_secs(30);

/// Limit for bringing the program to the host.
const BRINGING: Duration = Duration::from_secs(300);

/// Where agents live on a host; each in a folder named by its hash.
pub(super) const FOLDER: &str = "/var/lib/phoenix/agent";

/// Runs the agent whose `machine=hash` pair names this machine, or says that it is missing.
/// A damaged program counts as missing.
const START: &str = r#"
echo phoenix-ready
folder=$1; shift
machine=$(uname -m)
for pair in "$@"; do
    hash=${pair#*=}
    agent=$folder/$hash/phoenix-agent
    if [ "${pair%%=*}" = "$machine" ] && [ -x "$agent" ]; then
        found=$(sha256sum "$agent")
        [ "${found%% *}" != "$hash" ] || exec "$agent" serve
    fi
done
echo "phoenix-missing $machine"
"#;

/// Takes the program from standard input, checks its hash, and puts it in place in one step.
/// Of older programs the two newest stay: a run that is under way needs the one it began with.
const INSTALL: &str = r#"
set -eu
umask 077
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 77; }
echo phoenix-ready
folder=$1/$2
mkdir -p "$folder"
new=$folder/.new.$$
trap 'rm -f "$new"' EXIT
head -c "$3" > "$new"
found=$(sha256sum "$new")
if [ "${found%% *}" != "$2" ]; then
    echo "the program arrived with another hash than $2" >&2
    exit 74
fi
chmod 0700 "$new"
sync "$new" 2>/dev/null || sync
mv -f "$new" "$folder/phoenix-agent"
cd "$1"
ls -1t | tail -n +4 | while read -r old; do rm -rf "./$old"; done
"#;

/// A running agent and the facts it greeted with.
pub(super) async fn start(
    connection: &Connection,
    elevator: &Elevator<'_>,
    agents: &Agents,
) -> Result<(Session, Facts), Problem> {
    let machine = match greet(connection, elevator, agents).await? {
        Greeting::Serving(serving) => return Ok(*serving),
        Greeting::Missing(machine) => machine,
    };
    let program = agents.for_system(&format!("{machine}-linux"))?;
    tracing::debug!(
        hash = program.hash,
        bytes = program.bytes.len(),
        "bringing the agent"
    );
    within(
        BRINGING,
        "bringing the agent",
        install(connection, elevator, program),
    )
    .await?;
    match greet(connection, elevator, agents).await? {
        Greeting::Serving(serving) => Ok(*serving),
        Greeting::Missing(_) => Err(Problem::new(
            ProblemKind::Refused,
            format!("the agent was put into {FOLDER}, but cannot be run there"),
        )
        .with_hint("is /var mounted noexec on the host?")),
    }
}

enum Greeting {
    Serving(Box<(Session, Facts)>),
    Missing(String),
}

async fn greet(
    connection: &Connection,
    elevator: &Elevator<'_>,
    agents: &Agents,
) -> Result<Greeting, Problem> {
    let pairs: Vec<String> = agents
        .hashes()
        .map(|(system, hash)| format!("{}={hash}", system.trim_end_matches("-linux")))
        .collect();
    let mut arguments = vec![FOLDER];
    arguments.extend(pairs.iter().map(String::as_str));
    let root = elevator.run(connection, START, &arguments).await?;
    let mut session = Session::new(root);
    let line = within(GREETING, "the agent", session.line()).await?;
    if let Some(machine) = line.strip_prefix("phoenix-missing ") {
        return Ok(Greeting::Missing(machine.trim().to_owned()));
    }
    let facts = session.hello(&line)?;
    Ok(Greeting::Serving(Box::new((session, facts))))
}

async fn install(
    connection: &Connection,
    elevator: &Elevator<'_>,
    program: &AgentProgram,
) -> Result<(), Problem> {
    let size = program.bytes.len().to_string();
    let Program {
        mut stdin,
        mut events,
        ..
    } = elevator
        .run(connection, INSTALL, &[FOLDER, &program.hash, &size])
        .await?;
    let send = async {
        stdin.write_all(&program.bytes).await?;
        stdin.flush().await
    };
    // An early end of the script shows in its exit status, so a failed write is not told here.
    let mut said = Vec::new();
    let ending = async {
        loop {
            match events.next().await.map_err(|error| error.problem())? {
                Some(Output::Stderr(bytes)) => said.extend_from_slice(&bytes),
                Some(Output::Exit { status }) => return Ok(status),
                Some(Output::Stdout(_)) => {}
                Some(Output::Signal(signal)) => {
                    return Err(lost(&format!("ended by signal {signal}")));
                }
                None => return Err(lost("the host closed the channel")),
            }
        }
    };
    // Nobody reads on once the script has ended: what is not sent by then never would be.
    let status = match select(pin!(ending), pin!(send)).await {
        Either::Left((status, _)) => status,
        Either::Right((_sent, ending)) => ending.await,
    };
    match status? {
        0 => Ok(()),
        status => {
            let log: Vec<String> = String::from_utf8_lossy(&said)
                .lines()
                .map(str::to_owned)
                .collect();
            Err(
                Problem::new(ProblemKind::Failed, "could not put the agent on the host")
                    .because(format!(
                        "writing below {FOLDER} exited with status {status}"
                    ))
                    .with_log(log)
                    .with_hint("is /var full or read-only on the host?"),
            )
        }
    }
}
