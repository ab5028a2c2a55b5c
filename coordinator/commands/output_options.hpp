#pragma once
// The lines of --help by which a command's report goes to files as well.

#include <string>

namespace CLI {
class App;
}

namespace squall::coordinator {

/// --html, --markdown and --json; what was given stands in these afterwards, empty: not given.
void add_output_options(CLI::App& command, std::string& html, std::string& markdown,
                        std::string& json);

}  // namespace squall::coordinator
