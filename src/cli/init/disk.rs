//! Which disk a host lives on.

/// Names of a disk that stay with it, and the first disk of a virtual machine.
const DISKS: [&str; 4] = [
    "/dev/disk/by-id/",
    "/dev/disk/by-path/",
    "/dev/vda",
    "/dev/xvda",
];

/// Reads `--disk`, as `phoenix.hardware.disk.device` takes it.
pub(super) fn named(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/+,@=".contains(c);
    let lasting = DISKS.iter().any(|name| {
        let rest = text.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() != name.ends_with('/'))
    });
    if lasting && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err("name it as in /dev/disk/by-id/…, which it keeps when others come and go; a virtual machine's may be /dev/vda".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_have_names_that_last() {
        for good in [
            "/dev/disk/by-id/nvme-a_b.1",
            "/dev/disk/by-path/pci-0:1",
            "/dev/vda",
        ] {
            assert_eq!(named(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "/dev/sda",
            "/dev/vda1",
            "/dev/disk/by-id/",
            "/dev/disk/by-id/a\"; x = \"",
            "vda",
        ] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
