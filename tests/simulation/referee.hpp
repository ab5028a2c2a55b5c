#pragma once
// What must hold at every step of every simulation, whatever goes wrong. The referee sees all
// machines at once and true time, which none of them does; it decides nothing. Whatever must never
// happen is thrown as InvariantBroken.
//
//   ledger       every agent's counts add up, and are what its target saw
//   offered      no arrival is started twice, before its time, or beside the plan
//   lease        nothing starts without a live lease; no user or arrival is under two of them
//   journal      nothing is said that a crash could make untrue: acknowledged means kept
//   bounded      what is unacknowledged, or waits, does not grow without limit
//   verdict      no PASS with anything unaccounted for
//   whole        a run to which nothing serious happened loses nothing
//   replay       the journal gives the same record as the run itself
//   ends         in bounded time, everybody
//   exception    none that nobody was prepared for

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "actors/journal/run_entries.hpp"
#include "actors/load_request.hpp"
#include "coordinator/run/run_record.hpp"
#include "tests/simulation/course.hpp"
#include "tests/simulation/fault_schedule.hpp"

namespace squall::tests {

class Referee {
 public:
  Referee(const World& world, const EventQueue& queue);

  // ---- a process of an agent, by its epoch
  void agent_begins(std::uint64_t epoch, const std::string& name, const MachineClock& clock);
  void load_begins(std::uint64_t epoch, Instant start, nanoseconds clock_error);
  void beat_answered(std::uint64_t epoch, std::int64_t beat_sent);
  void request_submitted(std::uint64_t epoch, const actors::LoadRequest& request);
  void batch_taken(std::uint64_t epoch, const actors::MetricsBatch& batch);
  /// Its disk is full: a batch is only where it is sent to.
  void batch_unwritten(std::uint64_t epoch, const actors::MetricsBatch& batch);
  void batch_sent(std::uint64_t epoch, std::uint64_t sequence);
  void acknowledgement_heard(std::uint64_t epoch, std::uint64_t sequence);
  void sealed(std::uint64_t epoch, const actors::Sealed& seal);
  void agent_left(std::uint64_t epoch, int exit_code);

  // ---- the coordinator
  void kept(const actors::RunEntry& entry);  // would survive a crash from now on
  void coordinator_says(std::uint64_t epoch, const actors::CoordinatorMessage& message);
  /// `unwritten`: its journal failed, so the record may know more than the journal does.
  void run_finished(const coordinator::RunRecord& record, bool unwritten);

  void at_the_end() const;

  std::uint64_t checks() const { return checks_; }
  std::uint64_t starts() const { return starts_; }

 private:
  struct Part {  // of an agent's process in the run
    std::string name;
    MachineClock clock;
    Instant start;
    nanoseconds clock_error{0};
    Instant lease_end;  // on its own clock
    bool begun = false;
    bool unwritten = false;  // some batches are in no journal of its own
    int exit_code = 0;
    std::uint64_t starts = 0;             // that its target saw
    std::vector<actors::Ledger> ledgers;  // after each batch, of all phases
    std::uint64_t acknowledged = 0;
    std::optional<actors::Sealed> seal;
    std::uint64_t kept_batches = 0;  // in the coordinator's journal
    actors::Ledger kept_ledger;      // of these
    bool kept_seal = false, kept_share = false;
    std::optional<std::uint32_t> number;     // in the run
    std::optional<nanoseconds> moved_at;     // true time from which others do its work
    std::vector<std::uint32_t> kept_orders;  // TakeOver numbers
  };

  [[noreturn]] void broken(const std::string& invariant, const std::string& what) const;
  /// `what`: says in words what is wrong, if it is.
  template <class What>
  void check(bool holds, const char* invariant, What&& what) const {
    ++checks_;
    if (!holds) broken(invariant, what());
  }
  Part& part(std::uint64_t epoch);
  Part* part_of_number(std::uint32_t number);
  void check_place(const Part& part, const actors::LoadRequest& request) const;
  void check_owner(std::uint64_t epoch, const Part& part, const actors::LoadRequest& request);
  static bool unaccounted(const Part& part);
  void check_counts(const coordinator::RunRecord& record, bool unwritten);
  void check_verdict(const coordinator::RunRecord& record);

  const World* world_;
  const EventQueue* queue_;
  std::shared_ptr<const scenarios::Scenario> scenario_;
  std::vector<nanoseconds> arrivals_;                        // open model: the whole plan
  scenarios::LoadPlan plan_;                                 // of everybody together
  std::map<std::uint64_t, Part> parts_;                      // by epoch
  std::unordered_map<std::uint32_t, std::uint64_t> epochs_;  // by number in the run
  std::unordered_map<std::uint64_t, std::uint64_t> owners_;  // epochs that started last, by
                                                             // arrival or user
  std::set<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>> asked_;  // users' requests
  std::optional<Instant> start_kept_;  // on the coordinator's clock
  mutable std::uint64_t checks_ = 0;
  std::uint64_t starts_ = 0;
};

}  // namespace squall::tests
