fn main() -> std::process::ExitCode {
    function::run(room_fanout::start)
}
