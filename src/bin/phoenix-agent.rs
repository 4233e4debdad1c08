//! `phoenix-agent`, the program phoenix puts on a host. Started over SSH or by systemd; never listens.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    phoenix::agent::main(&arguments)
}
