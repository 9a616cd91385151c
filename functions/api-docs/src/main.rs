fn main() -> std::process::ExitCode {
    function::run(api_docs::start)
}
