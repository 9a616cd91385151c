fn main() -> std::process::ExitCode {
    function::run(account_purge::start)
}
