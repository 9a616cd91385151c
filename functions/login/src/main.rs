fn main() -> std::process::ExitCode {
    function::run(login::start)
}
