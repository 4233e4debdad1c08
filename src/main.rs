//! The controller: runs on the workstation.

fn main() -> std::process::ExitCode {
    phoenix::cli::main()
}
