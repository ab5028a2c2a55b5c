#pragma once
// How the agents of a run fared together, as figures and sentences: who took part, who was lost and
// what became of its work, what the coordinator missed, and who was turned away.

#include <optional>
#include <string>
#include <vector>

#include "actors/bridge/link.hpp"
#include "coordinator/run/audit/moved_work.hpp"
#include "coordinator/run/audit/request_account.hpp"
#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

struct CampaignMember {
  std::string name, host, identity, state;  // state: "to the end", "lost", "never sealed"
  std::vector<std::string> labels;
  std::uint32_t weight = 1;  // of its share
  nanoseconds paused{0};
};

struct LossRow {
  std::string agent, why;
  nanoseconds at{0}, known_until{0};
  std::uint64_t batches = 0;      // kept
  bool handed_over = false;       // it came back, and sealed what it had
  std::uint64_t unaccounted = 0;  // requests of its plan that nobody knows of
};

/// What of a lost agent's work was moved at one moment, to all who took some of it.
struct MoveRow {
  std::string agent;
  std::vector<std::string> to;
  nanoseconds idle_from{0}, from{0}, ramp{0};  // since the common start
  std::size_t orders = 0, taken = 0;
  MovedWork work;  // of all orders together
};

struct CampaignReport {
  std::string endpoint, security, journal;
  bool insecure = false;
  std::vector<CampaignMember> members;
  std::vector<LossRow> losses;
  std::vector<MoveRow> moves;
  std::vector<CoordinatorGap> gaps;
  std::optional<nanoseconds> start_spread;  // of two agents or more
  actors::LinkCounters turned_away;
  std::uint64_t protocol_errors = 0;

  /// False for one agent on this machine that nothing happened to.
  bool worth_telling() const;
  std::uint64_t turned_away_in_all() const;  // keys, handshakes and frames that came
};

CampaignReport make_campaign_report(const RunRecord& record,
                                    const std::vector<RequestAccount>& accounts);

/// Of connections without keys beyond this machine; every output carries it.
inline constexpr const char* insecure_banner =
    "INSECURE: plain connections; whoever reached the coordinator could read, alter and join";

}  // namespace squall::coordinator
