fn main() -> std::process::ExitCode {
    function::run(registration::start)
}
