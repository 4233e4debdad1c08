//! One cell of the matrix: what is broken where, and what must hold afterwards.

/// The old system's side or the new one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What the host ran before.
    Old,
    /// What it was sent.
    New,
}

impl Side {
    /// As the document says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// What is done to a run, at the place where it is held or from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing but what the release itself does.
    None,
    /// phoenix is killed.
    KillController,
    /// The host's link is cut until the host has ended the run by itself.
    CutLink,
    /// The host's power is cut, and it is switched on again.
    CutPower,
    /// The program that guards the run is killed.
    KillGuard,
    /// Another phoenix deploys something else to the same host.
    Rival,
    /// Root does this on the host.
    Shell(&'static str),
}

/// What the host is ordered to run, as release.toml says it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Release {
    /// The lab's word for what is wrong with it.
    pub(super) variant: &'static str,
    /// More settings, one a line.
    pub(super) more: &'static str,
    /// Whether it is what the host runs already.
    pub(super) is_same: bool,
}

/// A release with nothing wrong.
pub(super) const WORKING: Release = Release::of("working");

impl Release {
    /// A release of a variant.
    pub(super) const fn of(variant: &'static str) -> Self {
        Self {
            variant,
            more: "",
            is_same: false,
        }
    }
}

/// What must hold afterwards, on the host itself and for the operator.
#[derive(Clone, Debug)]
pub(super) struct Expect {
    /// What the host runs.
    pub(super) runs: Side,
    /// What it boots next, which a real boot shows.
    pub(super) boots: Side,
    /// What its system profile points to; the old one is the old generation itself.
    pub(super) profile: Side,
    /// Last state of the host's record of the run; `None` when it has none.
    pub(super) record: Option<&'static str>,
    /// The host's outcome; `None` when phoenix was killed.
    pub(super) outcome: Option<&'static str>,
    /// phoenix's exit status.
    pub(super) code: i32,
    /// What the operator must be told, piece by piece.
    pub(super) says: Vec<&'static str>,
    /// Whether contact is lost, so that the way back is measured against the lease.
    pub(super) is_lost: bool,
}

impl Expect {
    /// The host goes back and the operator is told.
    pub(super) fn back(says: &[&'static str]) -> Self {
        Self {
            runs: Side::Old,
            boots: Side::Old,
            profile: Side::Old,
            record: Some("rolled-back"),
            outcome: Some("rolled-back"),
            code: 1,
            says: says.to_vec(),
            is_lost: false,
        }
    }

    /// The host keeps the new system and the operator is told.
    pub(super) fn kept(says: &[&'static str]) -> Self {
        Self {
            runs: Side::New,
            boots: Side::New,
            profile: Side::New,
            record: Some("committed"),
            outcome: Some("confirmed"),
            code: 0,
            says: says.to_vec(),
            is_lost: false,
        }
    }

    /// Nothing is changed, because something was refused or failed before.
    pub(super) fn untouched(says: &[&'static str]) -> Self {
        Self {
            record: None,
            outcome: Some("failed"),
            ..Self::back(says)
        }
    }

    /// Contact is lost for as long as the lease.
    pub(super) fn lost(self) -> Self {
        Self {
            is_lost: true,
            ..self
        }
    }
}

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Heading it stands under.
    pub(super) section: &'static str,
    /// State or situation.
    pub(super) row: &'static str,
    /// What is injected, in words.
    pub(super) injected: &'static str,
    /// What the host ran before, when that is not just a working release.
    pub(super) old: Option<Release>,
    /// What it is sent.
    pub(super) new: Release,
    /// Options of phoenix for it.
    pub(super) options: &'static [&'static str],
    /// Options that the next deployment needs.
    pub(super) next: &'static [&'static str],
    /// What root does on the host before the run.
    pub(super) before: &'static str,
    /// The failpoint at which the run is held for the fault.
    pub(super) hold: Option<&'static str>,
    /// What is done to it.
    pub(super) fault: Fault,
    /// Seconds that activation may take.
    pub(super) activate_limit: u32,
    /// Whether the lease is short although the way back is not measured against it.
    pub(super) is_brief: bool,
    /// What must hold afterwards.
    pub(super) expect: Expect,
}

/// The lease where it has to run out: seconds that the proof may take. Short, so that the matrix is.
pub(super) const LEASE: u32 = 4;
/// The lease of all other deployments: a busy machine must not make it run out.
pub(super) const LONG_LEASE: u32 = 60;
/// How much later than the lease's end the old system may serve again before something is wrong
/// with more than a busy machine. The goal is 5 s; the document has what was measured.
pub(super) const GRACE: u32 = 20;

impl Cell {
    /// A working release over a working one, with nothing broken.
    pub(super) fn new(
        section: &'static str,
        row: &'static str,
        injected: &'static str,
        expect: Expect,
    ) -> Self {
        Self {
            section,
            row,
            injected,
            old: None,
            new: WORKING,
            options: &[],
            next: &[],
            before: "",
            hold: None,
            fault: Fault::None,
            activate_limit: 20,
            is_brief: false,
            expect,
        }
    }

    /// The host is sent this.
    pub(super) fn sending(self, new: Release) -> Self {
        Self { new, ..self }
    }

    /// Root does this on the host before the run.
    pub(super) fn after(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    /// phoenix gets these options; the next deployment needs the others.
    pub(super) fn with(
        self,
        options: &'static [&'static str],
        next: &'static [&'static str],
    ) -> Self {
        Self {
            options,
            next,
            ..self
        }
    }

    /// The run is held at a failpoint, and there this is done to it.
    pub(super) fn held(self, hold: &'static str, fault: Fault) -> Self {
        Self {
            hold: Some(hold),
            fault,
            ..self
        }
    }

    /// Seconds that the proof may take.
    pub(super) fn lease(&self) -> u32 {
        if self.expect.is_lost || self.is_brief {
            LEASE
        } else {
            LONG_LEASE
        }
    }

    /// Names it, for people who want to run it alone.
    pub(super) fn name(&self) -> String {
        format!("{}: {}", self.row, self.injected)
    }
}
