fn main() -> std::process::ExitCode {
    function::run(chat::start)
}
