#pragma once
// `squall run` as people type it, in a process of its own: the scenario from a text, the report
// back as JSON.

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace squall::coordinator {

struct ChildRunResult {
  int exit_code = -1;  // -1: ended by a signal
  std::string json;    // empty when the run wrote none
  std::string errors;  // what it said on standard error
};

struct ChildRunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `squall run` with these arguments, and `--json` of its own. Waits for the end. `go_on` is asked
/// some twenty times a second; when it says no, the run is interrupted as by Ctrl-C. Never longer
/// than `limit`; when this process is killed, the run is interrupted, too. To be called by the main
/// thread. `hear` is given each line that it says on standard error, as it comes. Throws
/// ChildRunError when it cannot start.
ChildRunResult run_in_child(const std::vector<std::string>& arguments, std::chrono::seconds limit,
                            const std::function<bool()>& go_on,
                            const std::function<void(const std::string&)>& hear = {});

/// A scenario's text, with local agents, which leaves nothing behind.
ChildRunResult run_in_child(const std::string& scenario, unsigned agents,
                            std::chrono::seconds limit, const std::function<bool()>& go_on);

}  // namespace squall::coordinator
