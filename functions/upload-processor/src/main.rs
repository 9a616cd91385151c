fn main() -> std::process::ExitCode {
    function::run(upload_processor::start)
}
