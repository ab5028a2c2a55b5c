#pragma once
// Which run of a campaign comes next, how long the rest will take, and when to stop. Decisions
// only: no process, no clock.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/campaign/course/campaign_journal.hpp"
#include "coordinator/campaign/file/run_order.hpp"

namespace squall::coordinator {

struct CourseRules {
  StopRules stop{};
  nanoseconds budget{0};
  nanoseconds cool_down{0};
};

class CampaignCourse {
 public:
  /// `lengths`: of a run of each cell as planned, without what starting and draining take.
  CampaignCourse(std::vector<PlannedRun> plan, std::vector<nanoseconds> lengths, CourseRules rules)
      : plan_(std::move(plan)), lengths_(std::move(lengths)), rules_(rules) {
    done_.resize(plan_.size(), false);
    tried_.resize(plan_.size(), false);
  }

  /// Was run before, in this round.
  void already(const PlannedRun& run, const RunEnded& ended);
  /// What to run now; none: it is over, why_stopped() says why. `elapsed` since this program began.
  std::optional<PlannedRun> next(nanoseconds elapsed);
  /// The run that next() asked for ended. One that left no report is not asked for again.
  void ended(const PlannedRun& run, const RunEnded& ended);
  /// A cell whose runs are all there was judged by its accepted runs.
  void judged_worse(std::size_t cell);

  /// All runs of a cell have been made.
  bool whole(std::size_t cell) const;
  std::size_t runs() const { return plan_.size(); }
  std::size_t done() const;
  /// Of the run that next() asked for among all, from 1: those before it are done, or were tried.
  std::size_t number() const;
  std::size_t failures() const { return failures_; }
  const std::vector<PlannedRun>& plan() const { return plan_; }
  bool is_done(std::size_t index) const { return done_[index]; }

  /// Until all runs are made, the one that goes on included from its beginning.
  nanoseconds time_left() const;
  nanoseconds expected(std::size_t cell) const;
  /// Empty: nothing stopped it, all runs were made or tried.
  const std::string& why_stopped() const { return why_stopped_; }

 private:
  std::size_t index_of(const PlannedRun& run) const;
  void learn(std::size_t cell, const RunEnded& ended);

  std::vector<PlannedRun> plan_;
  std::vector<nanoseconds> lengths_;
  CourseRules rules_;
  std::vector<bool> done_, tried_;
  std::vector<nanoseconds> beyond_;  // what runs took beyond their plan
  std::size_t failures_ = 0;         // since this program began
  std::optional<std::size_t> worse_;
  std::string why_stopped_;
};

}  // namespace squall::coordinator
