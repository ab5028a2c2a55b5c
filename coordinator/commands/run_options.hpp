#pragma once
// What `squall run` was asked, and what follows from it: who takes part, from where.

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// What the user has to mend before anything can run.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// As on the command line; empty: not given.
struct RunOptions {
  std::string scenario{};
  std::vector<std::string> settings{};  // changes of it: "target.threads=2"
  std::string listen{};                 // where agents from elsewhere connect
  std::optional<std::size_t> agents{};  // how many take part
  std::optional<std::size_t> local{};   // of them, as child processes
  std::vector<std::string> local_labels{};
  std::string wait{};              // "60s": whoever came by then takes part
  std::string agents_file{};       // who takes part, by name
  std::vector<std::string> ssh{};  // hosts to start an agent on
  std::string ssh_program = "squall";
  std::string keys{};  // folder
  bool insecure = false;
  std::string environment{};  // of adaptive thresholds
  std::string state{};        // folder
  std::string resume{};       // a run whose coordinator was lost
  std::string json{};         // write everything there as well
  std::string store{};        // file; empty: as store_file() says
  bool no_store = false;
  std::optional<std::string> dashboard{};  // address of a page while it runs; "": one is chosen
  std::optional<std::string> metrics{};    // likewise, of /metrics alone
  std::string metrics_linger{};            // "15s": how much longer, once it is over
};

/// Who takes part, and whom this program starts by itself.
struct Participants {
  std::size_t local = 1;
  std::vector<std::string> ssh;  // hosts

  // One of these three, as the coordinator gathers:
  std::size_t agents = 1;           // so many
  std::optional<nanoseconds> wait;  // whoever came by then; at least one
  std::vector<std::string> names;   // exactly these

  bool from_elsewhere = false;  // somebody has to be started by other hands
};

/// Throws UsageError for options that contradict each other.
Participants participants_of(const RunOptions& options);

/// Throws UsageError when the scenario wants labels that the agents started here do not have: they
/// would be refused.
void check_labels(const RunOptions& options, const Participants& who,
                  const scenarios::AgentRules& rules);

/// What agents on these hosts are called: the host without user and port; a host that is named
/// twice has a number. Throws UsageError for what is no host.
std::vector<std::string> names_of_hosts(const std::vector<std::string>& hosts);

/// What --wait was given: "60s". Throws UsageError.
nanoseconds waiting_time(const std::string& text);

/// Names, one a line; '#' begins a comment. `file` is for messages. Throws UsageError.
std::vector<std::string> parse_agent_names(const std::string& text, const std::string& file);

/// A whole file. `what` opens the message ("cannot read scenario"), `remedy` ends it. Throws
/// UsageError.
std::string read_text_file(const std::string& path, const std::string& what,
                           const std::string& remedy);

}  // namespace squall::coordinator
