#pragma once
// A run from the moment at which its coordinator listens to its end: the main thread watches
// signals and child processes and shows progress, while actors lead the run.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/run_entries.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/commands/run_security.hpp"
#include "coordinator/live/live_status.hpp"
#include "coordinator/run/run_record.hpp"
#include "coordinator/run/thresholds/threshold_resolution.hpp"
#include "coordinator/run_folder.hpp"

namespace squall::coordinator {

struct ConductPlan {
  Participants who{};
  std::string listen{};  // "tcp://127.0.0.1:*"
  RunSecurity security{};
  RunFolder folder;
  std::string state{};                // folder of local agents; empty: as they choose
  std::vector<std::string> labels{};  // of agents that are started here and over ssh
  std::string ssh_program{};          // squall's name on other machines
  // The journal of a run that goes on, whose agents are there already; empty: a new run.
  std::vector<actors::RunEntry> resumed;
  ThresholdInputs thresholds{};  // what they are resolved from beside scenario and agents
  std::function<std::string()> on_began{};  // called once, by then; what is to be told, or empty
  std::shared_ptr<std::unique_ptr<actors::Journal>> journal{};  // and where that goes on
  /// Called on the actors' thread, several times a second; may be empty.
  std::function<void(const RunRecord&, const LiveStatus&, actors::Instant now)> on_look{};
};

struct Ended {
  RunRecord record;
  bool broken_by_user = false;
};

/// `record` says what is run; where it listens and how is filled in here. Blocks SIGINT and SIGTERM
/// in this thread for good, and the signals of the terminal until it returns: they are waited for. A
/// second SIGINT or SIGTERM ends the program at once with 130. Throws actors::LinkError,
/// actors::KeyError, actors::JournalError, LocalAgentError, ProcessError.
Ended conduct_run(const ConductPlan& plan, RunRecord record);

}  // namespace squall::coordinator
