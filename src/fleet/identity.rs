//! `hosts/<name>/identity.toml`: which machine a host of the fleet is, as `phoenix adopt`
//! recorded it. Format: docs/guide/adopt.md.

use std::path::Path;

use toml::de::DeTable;

use crate::model::Identity;

use super::error::{FleetErrors, Log};
use super::parse::syntax;
use super::schema::IDENTITY;
use super::table::Table;
use super::value::{Kind, LINE, Refusal};

const MACHINE_ID: Kind<'static, String> = Kind {
    expected: "a string",
    plural: "strings",
    read: &machine_id,
};

/// Reads an identity.toml. `file` is its name for messages; nothing is opened.
///
/// # Errors
/// [`FleetErrors`] with every fault found: this file guards a host, so that what is not
/// understood in it is never passed over.
pub fn identity(file: &Path, text: &str) -> Result<Identity, FleetErrors> {
    let mut log = Log::new(file, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if syntax(&errors, &mut log) {
        return Err(log.into_errors());
    }
    let table = Table::file(root.get_ref(), &IDENTITY, &mut log);
    let machine_id = table.read("machine_id", &MACHINE_ID, &mut log);
    let root_device = table.read("root_device", &LINE, &mut log);
    if machine_id.is_none() && log.count() == 0 {
        let why = Refusal::new("it is missing").hint("remove the file and adopt the host again");
        table.refuse("machine_id", why, &(0..0), &mut log);
    }
    match machine_id {
        Some(machine_id) if log.count() == 0 => Ok(Identity {
            machine_id: machine_id.value,
            root_device: root_device.map(|device| device.value),
        }),
        _ => Err(log.into_errors()),
    }
}

/// Whether a text is a machine id: 32 small hexadecimal digits (machine-id(5)).
#[must_use]
pub fn is_machine_id(text: &str) -> bool {
    let is_digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 32 && text.bytes().all(is_digit)
}

/// Writes an identity.toml. `remark` says who adopted the host and when, in one line.
#[must_use]
pub fn identity_text(identity: &Identity, remark: &str) -> String {
    let remark: String = remark.chars().filter(|c| !c.is_control()).collect();
    let mut text = format!(
        "# {remark}\nmachine_id = {}\n",
        quoted(&identity.machine_id)
    );
    if let Some(device) = &identity.root_device {
        text.push_str("# The file system mounted at /\n");
        text.push_str(&format!("root_device = {}\n", quoted(device)));
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn machine_id(text: &str) -> Result<String, Refusal> {
    if is_machine_id(text) {
        return Ok(text.to_owned());
    }
    let why = format!("`{text}` is not a machine id: 32 hexadecimal digits in small letters");
    Err(Refusal::new(why).hint("it is what /etc/machine-id holds on the host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "bef57620019e4ed5bdb434780cdea984";

    fn read(text: &str) -> Result<Identity, String> {
        identity(Path::new("hosts/web1/identity.toml"), text).map_err(|errors| errors.render())
    }

    #[test]
    fn what_is_written_reads_back() {
        for root_device in [
            None,
            Some("zfs:rpool/\"odd\" \\name"),
            Some("0d2f1f8e-9d0c"),
        ] {
            let identity = Identity {
                machine_id: ID.to_owned(),
                root_device: root_device.map(str::to_owned),
            };
            let text = identity_text(&identity, "adopted by ann@desk\nmachine_id = 1");
            assert_eq!(read(&text), Ok(identity), "{text}");
        }
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        for (text, line, fault) in [
            ("", 1, "`machine_id` in the file: it is missing"),
            ("machine-id = 1\n", 1, "unknown key `machine-id`"),
            ("\nmachine_id = 7\n", 2, "must be a string"),
            ("machine_id = \"BEF5\"\n", 1, "is not a machine id"),
            ("machine_id = \"\n", 1, ""),
        ] {
            let told = read(text).unwrap_err();
            let place = format!("hosts/web1/identity.toml:{line}:");
            assert!(told.starts_with(&place) && told.contains(fault), "{told}");
        }
        let good = format!("machine_id = \"{ID}\"\n");
        let told = read(&format!("{good}root_device = \"\"\n")).unwrap_err();
        assert!(told.starts_with("hosts/web1/identity.toml:2:"), "{told}");
        assert!(
            read(&format!("{good}{good}"))
                .unwrap_err()
                .contains("twice")
        );
    }
}
