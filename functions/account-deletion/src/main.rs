fn main() -> std::process::ExitCode {
    function::run(account_deletion::start)
}
