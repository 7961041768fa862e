//! The `concord` command.

fn main() -> std::process::ExitCode {
    concord::cli::run(std::env::args_os())
}
