fn main() -> std::process::ExitCode {
    function::run(outbox_relay::start)
}
