#pragma once
// Who greets before a run begins, who of them may take part, and which share of the load each gets.
// Plain logic; time is an argument.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/messages.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

using actors::Instant;
using std::chrono::nanoseconds;

/// For whom a run waits: for so many agents; or for whoever comes within a time, at least one; or
/// for exactly those with these names (of their keys; without keys, the names that they say).
struct Gathering {
  std::size_t agents = 1;             // where neither of the next two says who
  std::optional<nanoseconds> wait{};  // with names: for those of them that come
  std::vector<std::string> names{};
  nanoseconds patience = std::chrono::minutes(10);  // without `wait`: then the run is given up
  std::string host{};  // this machine, as its agents call it: whose process ids are ours
};

/// An agent that greeted, and may take part.
struct Candidate {
  actors::PeerId peer;
  std::string identity;  // name of its key; empty without keys
  std::uint64_t epoch = 0;
  actors::Hello hello;
  Instant last_heard;
  std::size_t place = 0;  // in the order of coming

  const std::string& called() const { return identity.empty() ? hello.name : identity; }
};

/// A candidate that takes part, and its share.
struct Placement {
  Candidate candidate;
  scenarios::AgentShare share;
};

class AgentGathering {
 public:
  AgentGathering(Gathering gathering, scenarios::AgentRules rules, Instant now);

  /// Takes a greeting, new or repeated; says why when its agent may not take part.
  std::optional<actors::Rejected> on_hello(const actors::PeerId& peer, const std::string& identity,
                                           std::uint64_t epoch, const actors::Hello& hello,
                                           Instant now);
  /// The coordinator itself was not listening for so long: nobody's silence counts.
  void excuse(nanoseconds duration, Instant now);
  void drop_silent(Instant now, nanoseconds limit);
  void drop_identity(const std::string& identity);
  /// A process of this machine; null when it has not greeted.
  const Candidate* find_by_process(std::uint64_t process_id) const;

  bool complete(Instant now) const;
  /// Why there can be no run, when the time is over; else empty.
  std::string given_up(Instant now) const;

  std::size_t present() const { return candidates_.size(); }
  /// 0: whoever comes.
  std::size_t wanted() const;
  const std::map<std::uint64_t, Candidate>& candidates() const { return candidates_; }  // by epoch

  /// In the order of coming; shares go by name, each as wide as its agent's weight. All shares
  /// together are the whole load.
  std::vector<Placement> deal() const;

 private:
  std::string why_not(const std::string& identity, std::uint64_t epoch,
                      const actors::Hello& hello) const;
  std::string missing_label(const std::vector<std::string>& labels) const;
  unsigned weight_of(const std::vector<std::string>& labels) const;
  void drop(std::uint64_t epoch);

  Gathering gathering_;
  scenarios::AgentRules rules_;
  Instant begun_;
  std::size_t next_place_ = 0;
  std::map<std::uint64_t, Candidate> candidates_;   // by epoch
  std::map<std::string, std::uint64_t> by_called_;  // epochs
  std::map<std::string, std::uint64_t> by_name_;    // epochs
  std::map<std::uint64_t, std::string> replaced_;   // epochs that may not come again: why
};

}  // namespace squall::coordinator
