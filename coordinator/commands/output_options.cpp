#include "coordinator/commands/output_options.hpp"

#include <CLI/CLI.hpp>

namespace squall::coordinator {

void add_output_options(CLI::App& command, std::string& html, std::string& markdown,
                        std::string& json) {
  command.add_option("--html", html, "also write the report as a page with charts")
      ->option_text("FILE");
  command.add_option("--markdown", markdown, "also write it for a pull request")
      ->option_text("FILE");
  command.add_option("--json", json, "also write everything to this file, as JSON")
      ->option_text("FILE");
}

}  // namespace squall::coordinator
