//! A boot loader that the fake host's `switch-to-configuration boot` and `bootctl` write to.

use std::fs;

use crate::agent::host::{Ended, Program, ProgramError};
use crate::agent::paths::Paths;
use crate::model::Toplevel;

/// What the next boots would start.
#[derive(Default)]
pub(in crate::agent) struct FakeLoader {
    default: String,
    once: Option<String>,
    /// Entries: id and system.
    entries: Vec<(String, String)>,
    /// Has bootctl fail, as without EFI variables.
    pub(super) is_dumb: bool,
    /// Has set-oneshot do nothing.
    pub(super) is_deaf: bool,
    /// Is GRUB: entries are in a menu, and the tools are grub-reboot and grub-editenv.
    pub(super) is_grub: bool,
    /// Most entries it writes.
    pub(super) limit: Option<usize>,
}

impl FakeLoader {
    /// Writes an entry for each generation and makes one system the default.
    pub(super) fn install(&mut self, default: &Toplevel, paths: &Paths) {
        self.default = default.to_string();
        let all = paths.generations();
        let from = all.len() - self.limit.unwrap_or(all.len()).min(all.len());
        let entry = |number: u64, system: &Toplevel| {
            // As in NixOS 26.05, the id says nothing of the generation.
            (
                format!("nixos-{:x}.conf", 4096 - number),
                system.to_string(),
            )
        };
        self.entries = all[from..]
            .iter()
            .map(|one| entry(one.number, &one.toplevel))
            .collect();
        if self.is_grub {
            let menu = paths.at("/boot/grub/grub.cfg");
            fs::create_dir_all(menu.parent().unwrap()).unwrap();
            fs::write(menu, self.menu()).unwrap();
        }
    }

    /// What install-grub.pl of nixpkgs writes, in short.
    fn menu(&self) -> String {
        let entry = |name: &str, system: &str| {
            format!(
                "menuentry \"{name}\" --unrestricted {{\n  linux /k init={system}/init quiet\n}}\n"
            )
        };
        let submenu: String = self
            .entries
            .iter()
            .map(|one| entry(&one.0, &one.1))
            .collect();
        let default = entry("NixOS - Default", &self.default);
        let head = "if [ \"${next_entry}\" ]; then\n  set default=\"${next_entry}\"\nfi\n";
        format!("{head}{default}submenu \"NixOS - All configurations\" {{\n{submenu}}}\n")
    }

    /// `grub-reboot ENTRY` and `grub-editenv FILE list|unset …`.
    pub(super) fn grub(&mut self, program: &Program) -> String {
        let last = program.arguments.last().unwrap().to_string_lossy();
        match (program.program.to_str(), last.as_ref()) {
            (Some("grub-reboot"), entry) => {
                let submenu = "NixOS - All configurations>";
                self.once = Some(entry.strip_prefix(submenu).unwrap().to_owned());
                String::new()
            }
            (Some("grub-editenv"), "list") => {
                let once = self.once.as_deref().unwrap_or_default();
                format!("saved_entry=\nnext_entry=NixOS - All configurations>{once}\n")
            }
            (Some("grub-editenv"), "next_entry") => {
                self.once = None;
                String::new()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The same, for the system whose program was called.
    pub(super) fn install_by(&mut self, program: &str, paths: &Paths) {
        let known = paths.generations();
        let default = known
            .iter()
            .find(|one| program.contains(one.toplevel.path().as_str()));
        let default = default
            .expect("a generation's own program is called")
            .clone();
        self.install(&default.toplevel, paths);
    }

    /// What the default is.
    pub(super) fn default(&self) -> &str {
        &self.default
    }

    /// Boots: the one-shot entry is used up.
    pub(super) fn boots(&mut self) -> String {
        let once = self.once.take();
        let entry = once.and_then(|id| self.entries.iter().find(|one| one.0 == id));
        entry.map_or_else(|| self.default.clone(), |entry| entry.1.clone())
    }

    /// `bootctl list --json=short` and `bootctl set-oneshot ID`.
    pub(super) fn bootctl(&mut self, program: &Program) -> Result<String, ProgramError> {
        if self.is_dumb {
            return Err(ProgramError::Ended {
                program: program.shown(),
                ended: Ended::Status(1),
                log: vec!["Not booted with UEFI".to_owned()],
            });
        }
        let words: Vec<_> = program
            .arguments
            .iter()
            .map(|one| one.to_string_lossy())
            .collect();
        match words.iter().map(AsRef::as_ref).collect::<Vec<_>>()[..] {
            ["list", "--json=short"] => {
                let entries: Vec<_> = self.entries.iter().map(|one| self.listed(one)).collect();
                Ok(serde_json::to_string(&entries).unwrap())
            }
            ["set-oneshot", ""] => {
                self.once = None;
                Ok(String::new())
            }
            ["set-oneshot", id] => {
                if !self.is_deaf {
                    self.once = Some(id.to_owned());
                }
                Ok(String::new())
            }
            ref other => panic!("bootctl {other:?}"),
        }
    }

    fn listed(&self, (id, system): &(String, String)) -> serde_json::Value {
        let is_next = match &self.once {
            Some(once) => id == once,
            None => *system == self.default,
        };
        serde_json::json!({
            "id": id,
            "options": format!("init={system}/init loglevel=4"),
            "isDefault": is_next,
        })
    }
}
