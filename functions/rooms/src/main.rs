fn main() -> std::process::ExitCode {
    function::run(rooms::start)
}
