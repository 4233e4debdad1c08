//! Reads the GRUB menu that install-grub.pl of nixpkgs writes: `menuentry "TITLE" … {` blocks,
//! some of them in `submenu "TITLE" … {` blocks, with `init=` among the kernel's words.

/// What starts the boot that nobody interferes with (install-grub.pl, `addEntry`).
const DEFAULT: &str = "NixOS - Default";

/// An entry of the menu.
struct Entry {
    /// As grub-reboot names it: submenu and entry with `>` between.
    name: String,
    init: String,
}

/// The `init` of the default entry.
pub(super) fn default_init(menu: &str) -> Option<String> {
    let mut entries = entries(menu).into_iter();
    Some(entries.find(|entry| entry.name == DEFAULT)?.init)
}

/// The entry in a submenu that starts an `init`: the default entry changes with each
/// generation, those in the menu of all generations stay.
pub(super) fn entry_of(menu: &str, init: &str) -> Option<String> {
    let fits = |entry: &Entry| entry.init == init && entry.name != DEFAULT;
    Some(entries(menu).into_iter().find(fits)?.name)
}

fn entries(menu: &str) -> Vec<Entry> {
    let (mut found, mut submenu, mut title) = (Vec::new(), None, None);
    for line in menu.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("submenu ") {
            submenu = quoted(rest);
        } else if let Some(rest) = line.strip_prefix("menuentry ") {
            title = quoted(rest);
        } else if line == "}" {
            // Ends an entry, or the submenu when no entry is open.
            if title.take().is_none() {
                submenu = None;
            }
        } else if let (Some(title), Some(init)) = (title, init_of(line)) {
            let name = match submenu {
                Some(submenu) => format!("{submenu}>{title}"),
                None => title.to_owned(),
            };
            found.push(Entry { name, init });
        }
    }
    found
}

fn quoted(rest: &str) -> Option<&str> {
    rest.split('"').nth(1)
}

fn init_of(line: &str) -> Option<String> {
    let is_kernel = line.starts_with("linux") || line.starts_with("module");
    let init = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("init="))?;
    is_kernel.then(|| init.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MENU: &str = r#"
        if [ "${next_entry}" ]; then
          set default="${next_entry}"
        fi
menuentry "NixOS - Default" --unrestricted {
search --set=drive1 --fs-uuid 1234
  linux ($drive1)//kernels/k1 init=/nix/store/a/init loglevel=4
  initrd ($drive1)//kernels/i1
}

submenu "NixOS - All configurations" --class submenu {
menuentry "NixOS - Configuration 12 (2026-01-02 - 26.05)" --class nixos {
  linux ($drive1)//kernels/k2 init=/nix/store/b/init loglevel=4
  initrd ($drive1)//kernels/i2
}
menuentry "NixOS - Configuration 11 (2026-01-01 - 26.05)" --class nixos {
  linux ($drive1)//kernels/k1 init=/nix/store/a/init loglevel=4
}
}
menuentry "Other" {
  chainloader +1
}
"#;

    #[test]
    fn entries_are_named_as_grub_reboot_takes_them() {
        assert_eq!(default_init(MENU).as_deref(), Some("/nix/store/a/init"));
        for (init, name) in [
            (
                "/nix/store/b/init",
                Some("NixOS - All configurations>NixOS - Configuration 12 (2026-01-02 - 26.05)"),
            ),
            (
                "/nix/store/a/init",
                Some("NixOS - All configurations>NixOS - Configuration 11 (2026-01-01 - 26.05)"),
            ),
            ("/nix/store/c/init", None),
        ] {
            assert_eq!(entry_of(MENU, init).as_deref(), name);
        }
        assert_eq!(default_init("timeout 5"), None);
    }
}
