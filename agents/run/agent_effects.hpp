#pragma once
// What an agent's state machine wants done, in order; whoever runs it does it.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/journal/agent_entries.hpp"
#include "actors/messages.hpp"
#include "scenarios/load/load_plan.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

namespace effect {

struct Send {
  actors::AgentMessage message;
};
/// To be in the journal, committed, before anything behind it in the same list is done. Where that
/// fails, the rest of the list is not done at all: AgentRun::on_journal_failed says what instead.
/// A PartOpened makes the journal, a PartSealed is to be on the disk.
struct Keep {
  actors::AgentEntry entry;
};
struct PrepareTarget {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::string folder;
  scenarios::AgentShare share;
  std::shared_ptr<const scenarios::Trace> trace{};  // of a replay, else none
};
struct Calibrate {  // answered by on_calibrated
  scenarios::TargetKind target;
};
struct BeginLoad {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::shared_ptr<const scenarios::LoadPlan> plan;
  Instant start;
};
struct AddShare {  // of a lost agent, beside what is done already
  std::shared_ptr<const scenarios::LoadPlan> plan;
};
/// Nothing may start at or after `until`, also when nobody comes to say PauseLoad in time: whoever
/// starts requests compares each start with it. A later one replaces it; renews what had to pause.
struct LeaseUntil {
  Instant until;
};
struct PauseLoad {};  // nothing may start; what comes due is counted, users wait
struct StopUsers {};  // nothing new starts; answered by on_users_stopped
struct AbandonOpen {
  actors::RequestOutcome outcome;
};
struct CheckAnswers {  // re-ask sampled prompts; answered by on_answers_checked
  Instant until;       // when that has passed, at once
};
struct TakeSnapshot {
  Instant until;
};
struct ConnectAnew {};  // the connection has been silent for long
struct Warn {           // a person at this agent should know
  std::string what;
};
struct Tell {  // how the run goes, for a person who watches this agent
  std::string what;
};
struct Leave {
  int exit_code = 0;
  std::string why;           // empty when all is well
  bool undelivered = false;  // the journal holds what the coordinator may not have: keep it
};

}  // namespace effect

using AgentEffect =
    std::variant<effect::Send, effect::Keep, effect::PrepareTarget, effect::Calibrate,
                 effect::BeginLoad, effect::AddShare, effect::LeaseUntil, effect::PauseLoad,
                 effect::StopUsers, effect::AbandonOpen, effect::CheckAnswers, effect::TakeSnapshot,
                 effect::ConnectAnew, effect::Warn, effect::Tell, effect::Leave>;
using AgentEffects = std::vector<AgentEffect>;

}  // namespace squall::agents
