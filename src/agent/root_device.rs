//! The identity of the file system mounted at `/`: what stays the same over boots, other names
//! of its device and new generations, and differs on another disk.
//!
//! Read from links and names alone: `/proc/self/mountinfo` (proc_pid_mountinfo(5)), the links
//! that udev makes in `/dev/disk/by-uuid`, and `/sys/fs/btrfs`.

use std::fs;
use std::path::Path;

use super::paths::Paths;

/// Most links followed from a device's name to the kernel's own.
const LINKS: usize = 8;

/// The line of mountinfo for `/`.
#[derive(Debug, PartialEq, Eq)]
struct Root<'a> {
    /// `major:minor`.
    number: &'a str,
    /// `ext4`, `btrfs`, `zfs`, ….
    kind: &'a str,
    /// A device, or a dataset.
    source: &'a str,
}

/// The UUID of the file system at `/`, or `zfs:` and the dataset's name. Nothing for what has
/// no identity of its own, such as tmpfs and overlays, and where udev has not named it.
pub(super) fn root_device(paths: &Paths) -> Option<String> {
    let mounts = fs::read_to_string(paths.at("/proc/self/mountinfo")).ok()?;
    let root = root(&mounts)?;
    match root.kind {
        "zfs" => Some(format!("zfs:{}", root.source)),
        "btrfs" => btrfs(paths, root.source),
        _ => by_uuid(paths, &kernel_name(paths, root.number)?),
    }
}

/// The last mount at `/` is the one that is seen.
fn root(mounts: &str) -> Option<Root<'_>> {
    mounts.lines().rev().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(2);
        let number = mount.next()?;
        let mut system = system.split(' ');
        let (kind, source) = (system.next()?, system.next()?);
        let root = Root {
            number,
            kind,
            source,
        };
        (mount.nth(1)? == "/").then_some(root)
    })
}

/// The kernel's name of a block device: `8:2` → `sda2`. File systems in memory have none.
fn kernel_name(paths: &Paths, number: &str) -> Option<String> {
    let link = fs::read_link(paths.at(format!("/sys/dev/block/{number}"))).ok()?;
    Some(link.file_name()?.to_str()?.to_owned())
}

/// udev's link to a device is named by the UUID of the file system on it.
fn by_uuid(paths: &Paths, device: &str) -> Option<String> {
    let links = fs::read_dir(paths.at("/dev/disk/by-uuid")).ok()?;
    let mut named: Vec<String> = links
        .flatten()
        .filter(|link| {
            let target = fs::read_link(link.path()).unwrap_or_default();
            target.file_name().is_some_and(|name| name == device)
        })
        .filter_map(|link| link.file_name().into_string().ok())
        .collect();
    named.sort();
    named.into_iter().next()
}

/// btrfs has a device number that is made up at each mount, and may lie on many devices, of
/// which udev names one: the kernel says which file system has the device.
fn btrfs(paths: &Paths, source: &str) -> Option<String> {
    let device = followed(paths, source)?;
    let systems = fs::read_dir(paths.at("/sys/fs/btrfs")).ok()?;
    systems
        .flatten()
        .find(|system| system.path().join("devices").join(&device).exists())
        .and_then(|system| system.file_name().into_string().ok())
}

/// The kernel's name behind `/dev/mapper/root` and the like.
fn followed(paths: &Paths, source: &str) -> Option<String> {
    let mut name = Path::new(source).to_owned();
    for _ in 0..LINKS {
        match fs::read_link(paths.at(&name)) {
            Ok(target) => name = name.parent()?.join(target),
            Err(_) => return Some(name.file_name()?.to_str()?.to_owned()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const UUID: &str = "0d2f1f8e-9d0c-4f0b-8a57-0a5f7e2b9c11";

    /// A host with these mounts, an ext4 on sda2, and a btrfs on an encrypted device.
    fn host(mounts: &str) -> (tempfile::TempDir, Paths) {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path());
        let link = |name: &str, target: &str| {
            let name = paths.at(name);
            fs::create_dir_all(name.parent().unwrap()).unwrap();
            symlink(target, name).unwrap();
        };
        link("/sys/dev/block/8:2", "../../devices/pci0/block/sda/sda2");
        link(&format!("/dev/disk/by-uuid/{UUID}"), "../../sda2");
        link("/dev/disk/by-uuid/1B2C-3D4E", "../../sda1");
        link("/dev/mapper/root", "../dm-0");
        link("/sys/fs/btrfs/b7b7/devices/dm-0", "../../../../block/dm-0");
        fs::create_dir_all(paths.at("/sys/fs/btrfs/b7b7/devices")).unwrap();
        // The links' targets are not there; the real ones are.
        fs::remove_file(paths.at("/sys/fs/btrfs/b7b7/devices/dm-0")).unwrap();
        fs::create_dir(paths.at("/sys/fs/btrfs/b7b7/devices/dm-0")).unwrap();
        fs::create_dir_all(paths.at("/proc/self")).unwrap();
        fs::write(paths.at("/proc/self/mountinfo"), mounts).unwrap();
        (folder, paths)
    }

    #[test]
    fn the_root_is_known_by_its_file_system_and_not_by_its_device() {
        for (mount, expected) in [
            (
                "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/root rw",
                Some(UUID),
            ),
            (
                "22 1 0:30 /root / rw shared:1 master:2 - btrfs /dev/mapper/root rw",
                Some("b7b7"),
            ),
            (
                "22 1 0:31 / / rw - zfs rpool/root rw",
                Some("zfs:rpool/root"),
            ),
            ("22 1 0:32 / / rw - tmpfs tmpfs rw", None),
            ("22 1 0:33 / / rw - overlay over rw,uuid=on", None),
            ("22 1 8:9 / / rw - ext4 /dev/sda9 rw", None),
            ("", None),
        ] {
            let mounts = format!("21 1 0:5 / /boot rw - vfat /dev/sda1 rw\n{mount}\n");
            let (_folder, paths) = host(&mounts);
            assert_eq!(root_device(&paths).as_deref(), expected, "{mount}");
        }
    }

    #[test]
    fn the_last_mount_at_the_root_counts() {
        let (_folder, paths) = host(
            "1 1 0:2 / / rw - rootfs rootfs rw\n22 1 8:2 / / rw - ext4 /dev/sda2 rw\n\
             23 22 0:30 / /home rw - btrfs /dev/mapper/root rw\n",
        );
        assert_eq!(root_device(&paths).as_deref(), Some(UUID));
    }
}
