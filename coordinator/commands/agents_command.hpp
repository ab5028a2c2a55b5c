#pragma once
// `squall agents`: who is there, as a running coordinator knows it, or who greets just now.

#include <string>

#include "coordinator/commands/run_options.hpp"

namespace squall::coordinator {

struct AgentsOptions {
  std::string connect;      // ask the coordinator that listens here …
  std::string listen;       // … or listen here in its place
  std::string wait = "5s";  // for its answer; with `listen`: for greetings
  std::string keys;         // folder
  bool insecure = false;
  bool json = false;
};

/// Prints a table or JSON on standard output. 0: there it is; 1: nobody answered or greeted. Throws UsageError, actors::LinkError, actors::KeyError.
int agents_command(const AgentsOptions& options);

}  // namespace squall::coordinator
