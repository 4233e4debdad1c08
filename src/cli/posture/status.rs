//! The exit status of `phoenix posture`: docs/reference/exit-codes.md.

use super::{Answers, FailOn};
use crate::model::Standing;
use crate::ui::exit;

/// 0: every host's posture is known, and none is of a kind that was not wanted. 1: one is. 4: some
/// are not known, and nothing else.
pub(super) fn exit_status(answers: &Answers, fail_on: Option<FailOn>) -> u8 {
    let known = answers
        .iter()
        .filter_map(|(_, answer)| answer.as_ref().ok());
    let is_unwanted = |state| fail_on.is_some_and(|kind| fails(kind, state));
    if known.flatten().any(|one| is_unwanted(one.state)) {
        exit::FAILED
    } else if answers.iter().any(|(_, answer)| answer.is_err()) {
        exit::NOT_BUILT
    } else {
        exit::GOOD
    }
}

fn fails(kind: FailOn, state: Standing) -> bool {
    let least = match state {
        Standing::Weakened => FailOn::Weakened,
        Standing::Expired => FailOn::Expired,
        Standing::Excepted | Standing::Unneeded => FailOn::Exceptions,
        Standing::Inapplicable | Standing::Held => return false,
    };
    kind >= least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostName, Judged, Problem, ProblemKind};

    fn judged(state: Standing) -> Judged {
        Judged {
            control: "sshd".to_owned(),
            title: "SSH server".to_owned(),
            state,
            why: None,
            findings: Vec::new(),
            exception: None,
            age_days: None,
            days_left: None,
        }
    }

    #[test]
    fn each_kind_includes_what_is_worse() {
        use Standing::{Excepted, Expired, Held, Inapplicable, Unneeded, Weakened};
        let host = || HostName::new("web1").unwrap();
        let check = |states: &[Standing], fail_on, expected| {
            let controls = states.iter().map(|state| judged(*state)).collect();
            let answers = vec![(host(), Ok(controls))];
            assert_eq!(
                exit_status(&answers, fail_on),
                expected,
                "{states:?} {fail_on:?}"
            );
        };
        let all = [Weakened, Expired, Excepted, Unneeded, Inapplicable, Held];
        check(&all, None, 0);
        for (kind, failing) in [
            (FailOn::Weakened, 1),
            (FailOn::Expired, 2),
            (FailOn::Exceptions, 4),
        ] {
            for (at, state) in all.into_iter().enumerate() {
                check(&[Held, state], Some(kind), u8::from(at < failing));
            }
        }
    }

    #[test]
    fn a_host_that_is_not_known_is_no_good_host() {
        let host = HostName::new("web1").unwrap();
        let problem = || Err(Problem::new(ProblemKind::Failed, "no"));
        let answers = vec![
            (host.clone(), problem()),
            (host, Ok(vec![judged(Standing::Weakened)])),
        ];
        assert_eq!(exit_status(&answers, None), 4);
        assert_eq!(exit_status(&answers, Some(FailOn::Expired)), 1);
    }
}
