fn main() -> std::process::ExitCode {
    function::run(deletion_sweep::start)
}
