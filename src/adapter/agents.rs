//! The agent programs that stand beside phoenix, one for each kind of machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::model::{Hint, Problem, ProblemKind};

/// An agent program: its bytes, and the hash that names it on hosts.
#[derive(Clone, Debug)]
pub struct AgentProgram {
    /// SHA-256 in lower-case hexadecimal.
    pub hash: String,
    /// The static program.
    pub bytes: Vec<u8>,
}

/// All agent programs found, by Nix's word for the machine (`x86_64-linux`).
#[derive(Clone, Debug, Default)]
pub struct Agents {
    programs: BTreeMap<String, AgentProgram>,
    searched: Vec<PathBuf>,
}

/// An agent program could not be read.
#[derive(Debug, Error)]
#[error("could not read {file}")]
pub struct AgentsError {
    /// The file or folder.
    pub file: PathBuf,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

impl Agents {
    /// Reads `<folder>/<system>/phoenix-agent` from the first of `folders` that exists.
    ///
    /// # Errors
    /// [`AgentsError`] when a folder or program is there but cannot be read.
    pub fn find(folders: &[PathBuf]) -> Result<Self, AgentsError> {
        let mut agents = Self {
            programs: BTreeMap::new(),
            searched: folders.to_vec(),
        };
        let Some(folder) = folders.iter().find(|folder| folder.is_dir()) else {
            return Ok(agents);
        };
        let failed = |file: &Path| {
            let file = file.to_owned();
            move |source| AgentsError { file, source }
        };
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            let entry = entry.map_err(failed(folder))?;
            let file = entry.path().join("phoenix-agent");
            if !file.is_file() {
                continue;
            }
            let bytes = fs::read(&file).map_err(failed(&file))?;
            let hash = Sha256::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let system = entry.file_name().to_string_lossy().into_owned();
            agents.programs.insert(system, AgentProgram { hash, bytes });
        }
        Ok(agents)
    }

    /// The program for a kind of machine.
    ///
    /// # Errors
    /// A [`Problem`] that says where one was looked for.
    pub fn for_system(&self, system: &str) -> Result<&AgentProgram, Problem> {
        self.programs.get(system).ok_or_else(|| {
            let places: Vec<String> = self
                .searched
                .iter()
                .map(|place| place.display().to_string())
                .collect();
            let mut problem = Problem::new(
                ProblemKind::Refused,
                format!("there is no phoenix-agent for {system} machines"),
            );
            problem
                .causes
                .push(format!("looked in {}", places.join(", ")));
            // Only the first folder that is there is read: that is where one has to be.
            let there = self.searched.iter().find(|place| place.is_dir());
            problem.hint = there.or(self.searched.first()).map(|place| {
                Hint::new(format!(
                    "put one at {}/{system}/phoenix-agent",
                    place.display()
                ))
            });
            problem
        })
    }

    /// Pairs of machine kind and hash, for the host to pick from.
    pub fn hashes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.programs
            .iter()
            .map(|(system, program)| (system.as_str(), program.hash.as_str()))
    }
}
