//! Asks what makes an option of a host: the flake output `phoenix.hosts.<name>.explain` where a
//! flake has the modules of phoenix, else the option itself.

use serde::Deserialize;
use serde_json::Value;

use super::Nix;
use super::explain::{self, Target};
use super::job::{EvalJob, WORDS, inside, nix_list, nix_string};
use super::posture::HOSTS;
use crate::adapter::process::shown;
use crate::model::{Explained, HostName, OptionPath, Problem, ProblemKind};

const EXPRESSION: &str = include_str!("option.nix");

/// The attribute beside which a system has its options.
const CONFIG: &str = "config";

/// What `option.nix` says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Answer {
        answer: Value,
    },
    Missing {
        /// `layers`, `host`, `options`.
        missing: String,
        #[serde(default)]
        known: Vec<String>,
    },
}

/// What `option.nix` finds in the options of a system.
#[derive(Deserialize)]
#[serde(untagged)]
enum Found {
    Option {
        option: Vec<String>,
        #[serde(flatten)]
        rest: serde_json::Map<String, Value>,
    },
    Unknown {
        unknown: Vec<String>,
        near: Vec<Vec<String>>,
    },
}

impl Nix {
    /// What makes an option of a host. `job` says where its system is; its hosts are not asked.
    ///
    /// # Errors
    /// The flake's own error, or that it has no such host.
    pub async fn explain(
        &self,
        job: &EvalJob,
        host: &HostName,
        path: &OptionPath,
    ) -> Result<Explained, Problem> {
        let layers = EvalJob {
            before: HOSTS.map(str::to_owned).to_vec(),
            after: Vec::new(),
            ..job.clone()
        };
        let leaf = ["explain"];
        let target = Target {
            job: &layers,
            host,
            leaf: &leaf,
        };
        let asked = self.look(&target, "layers", path).await;
        let asked = asked.map_err(|problem| problem.with_hint(layers_hint(&target, path)));
        if let Some(Told::Answer { answer }) = asked? {
            return of_layers(&target, answer);
        }
        let system = EvalJob {
            after: beside_config(job)?,
            ..job.clone()
        };
        let parts = path.parts().iter().map(String::as_str);
        let leaf: Vec<&str> = ["options"].into_iter().chain(parts).collect();
        let target = Target {
            job: &system,
            host,
            leaf: &leaf,
        };
        match self.look(&target, "system", path).await? {
            Some(Told::Answer { answer }) => of_system(&target, answer),
            Some(Told::Missing { missing, known }) if missing == "host" => {
                Err(explain::missing(&target, &missing, &known))
            }
            _ => Err(no_options(&target)),
        }
    }

    /// Runs one of the two functions of `option.nix`; `None` when the flake lacks the output.
    async fn look(
        &self,
        target: &Target<'_>,
        function: &str,
        path: &OptionPath,
    ) -> Result<Option<Told>, Problem> {
        let list = |words: &[String]| nix_list(words.iter().map(String::as_str));
        let expression = format!(
            "(({EXPRESSION}) ({WORDS}) {{ name = {}; inside = {}; after = {}; path = {}; }}).{function}",
            nix_string(target.host.as_str()),
            inside(target.job),
            list(&target.job.after),
            list(path.parts()),
        );
        self.value(target.job, &expression, |log, failure| {
            if !log.lacks_the_attribute() {
                return Err(explain::host(target, log, failure));
            }
            if function == "layers" {
                return Ok(None);
            }
            Err(no_options(target))
        })
        .await
    }
}

/// The command that shows the whole error of the output `explain`, which is a function.
fn layers_hint(target: &Target<'_>, path: &OptionPath) -> String {
    let path = nix_list(path.parts().iter().map(String::as_str));
    let apply = shown(&format!("explain: explain {path}"));
    format!(
        "`{} --apply {apply}` shows the whole trace",
        target.command()
    )
}

/// What leads from a host to the set that has its options: all before `config`.
fn beside_config(job: &EvalJob) -> Result<Vec<String>, Problem> {
    let at = job.after.iter().position(|name| name == CONFIG);
    at.map(|at| job.after[..at].to_vec()).ok_or_else(|| {
        Problem::new(
            ProblemKind::Failed,
            "where the options of a host are is not known",
        )
        .because("`attribute` in fleet.toml does not go through `config`")
        .with_hint("options lie beside `config`, as in \"nixosConfigurations.{host}.config.system.build.toplevel\"")
    })
}

fn no_options(target: &Target<'_>) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        format!("{} of the flake has no options", target.attribute()),
    )
    .with_hint("is it made with `nixpkgs.lib.nixosSystem`?")
}

/// What the modules of phoenix say of an option.
fn of_layers(target: &Target<'_>, answer: Value) -> Result<Explained, Problem> {
    let answer = serde_json::from_value(answer).map_err(|error| {
        let message = format!(
            "what {} says of the option cannot be read",
            target.attribute()
        );
        Problem::new(ProblemKind::Failed, message)
            .because(error.to_string())
            .with_hint("the modules of phoenix in the flake must be those of this phoenix")
    })?;
    Ok(match answer {
        Explained::Unknown {
            unknown,
            suggestions,
        } => Explained::Unknown {
            suggestions: nearest(&unknown, suggestions),
            unknown,
        },
        other => other,
    })
}

/// The paths that are likely to have been meant, the likeliest first: those whose last names are
/// like the one that stands there in the unknown path, which may go on behind it.
fn nearest(unknown: &str, there: Vec<String>) -> Vec<String> {
    const MOST: usize = 3;
    const LIKE: f64 = 0.8;
    let likeness = |path: String| {
        let names = path.split('.').zip(unknown.split('.'));
        let last = names.last();
        let likeness = last.map_or(0.0, |(name, wanted)| strsim::jaro_winkler(wanted, name));
        (likeness, path)
    };
    let mut near: Vec<_> = there.into_iter().map(likeness).collect();
    near.retain(|(likeness, _)| *likeness > LIKE);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(MOST).map(|(_, path)| path).collect()
}

/// The same of what `option.nix` says, where paths are lists.
fn of_system(target: &Target<'_>, answer: Value) -> Result<Explained, Problem> {
    let dotted = |path: Vec<String>| OptionPath::of(path).to_string();
    let unreadable = |error| explain::unreadable(&target.job.flake, &error);
    if answer.get("children").is_some() {
        return serde_json::from_value(answer).map_err(unreadable);
    }
    match serde_json::from_value(answer).map_err(unreadable)? {
        Found::Unknown { unknown, near } => {
            let unknown = dotted(unknown);
            let near = near.into_iter().map(dotted).collect();
            Ok(Explained::Unknown {
                suggestions: nearest(&unknown, near),
                unknown,
            })
        }
        Found::Option { option, mut rest } => {
            rest.insert("option".to_owned(), dotted(option).into());
            serde_json::from_value(rest.into()).map_err(unreadable)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_paths_are_offered_first() {
        let there = ["openvpn", "openssh", "opentsdb", "opengfw", "nginx"];
        let there = || there.map(|name| format!("services.{name}")).to_vec();
        for unknown in ["services.opensh", "services.opensh.settings.X"] {
            let near = nearest(unknown, there());
            assert_eq!(near.first().map(String::as_str), Some("services.openssh"));
            assert!(near.len() <= 3 && !near.contains(&"services.nginx".to_owned()));
        }
        assert_eq!(nearest("services.zzz", there()), Vec::<String>::new());
    }
}
