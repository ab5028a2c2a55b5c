#include "coordinator/verify_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "coordinator/report/run_verification.hpp"
#include "coordinator/run_folder.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* footer = R"(
Reads the run's journal, checks every record's checksum and every agent's seal, computes the whole
report again and compares each value with report.json.

  squall verify last                    the newest run
  squall verify 20261121-063341-4711    that one
  squall verify ./copied/run            a folder with journal and report.json

Exit codes: 0 all agrees, 1 something differs (each one is listed), 2 the run cannot be read.)";

}  // namespace

CLI::App* add_verify(CLI::App& app, VerifyOptions& options) {
  CLI::App* verify =
      app.add_subcommand("verify", "Computes a report again from the journal and compares.");
  verify->add_option("RUN", options.run, "run, 'last', or a folder")->capture_default_str();
  verify->add_option("--state", options.state, "folder of journals and reports")
      ->option_text("FOLDER");
  verify->footer(footer);
  return verify;
}

int verify_command(const VerifyOptions& options) {
  try {
    // A path is a path also where it has no slash.
    const RunFolder named{std::filesystem::path(options.run)};
    const bool here = std::filesystem::is_regular_file(named.journal());
    const RunFolder folder =
        here ? named : find_run_folder(state_folder(options.state), options.run);
    const RunVerification verification = verify_run(folder.journal(), folder.report());
    std::fputs(in_words(verification).c_str(), stdout);
    return verification.agrees() ? 0 : 1;
  } catch (const std::runtime_error& error) {  // damage, another release, no such run
    std::fprintf(stderr, "squall: %s\n", error.what());
    return 2;
  }
}

}  // namespace squall::coordinator
