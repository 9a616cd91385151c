fn main() -> std::process::ExitCode {
    function::run(deliver::start)
}
