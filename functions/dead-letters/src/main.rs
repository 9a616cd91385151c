//! The function as AWS and `cargo lambda watch` run it.

fn main() -> std::process::ExitCode {
    function::run(dead_letters::start)
}
