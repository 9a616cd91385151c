fn main() -> std::process::ExitCode {
    function::run(deletion_fallback::start)
}
