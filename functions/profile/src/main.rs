fn main() -> std::process::ExitCode {
    function::run(profile::start)
}
