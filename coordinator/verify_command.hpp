#pragma once
// `squall verify`: computes a run's report again from its journal, and compares every value.

#include <string>

namespace CLI {
class App;
}

namespace squall::coordinator {

struct VerifyOptions {
  std::string run = "last";  // its name, "last", or a folder that holds a journal
  std::string state;         // folder of runs; empty: as state_folder() says
};

/// Adds the command with its options and help to a command line; `options` must outlive it.
CLI::App* add_verify(CLI::App& app, VerifyOptions& options);

/// Prints what it found. Returns 0 when all agrees, 1 when anything differs, 2 when the run cannot
/// be read.
int verify_command(const VerifyOptions& options);

}  // namespace squall::coordinator
