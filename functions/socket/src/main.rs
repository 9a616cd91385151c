fn main() -> std::process::ExitCode {
    function::run(socket::start)
}
