#pragma once
// Every request's durations to the nanosecond, from the records in a run's journal: final
// percentiles are ranks among them, while histograms, which travel and merge, round to 0.1 %.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "actors/metrics/metrics_snapshot.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

class ExactDurations {
 public:
  /// A request takes about 100 bytes here, so longer runs keep to histograms.
  static constexpr std::uint64_t requests_limit = 1'000'000;

  void take(const actors::RequestRecord& request);
  /// A batch whose records cannot be read: its agent's word is doubtful.
  void count_unreadable() { ++unreadable_; }
  /// Once, when all are there.
  void sort();

  /// Ascending, and only where they are all of those that `counted` has; else null.
  const std::vector<nanoseconds>* all_of(actors::Phase phase, scenarios::Metric metric,
                                         const actors::Histogram& counted) const;
  /// Of one metric, how many there are records of.
  std::uint64_t size(actors::Phase phase, scenarios::Metric metric) const;
  /// The same as a histogram, to be held against the one that the agents' histograms merge into.
  actors::Histogram histogram(actors::Phase phase, scenarios::Metric metric) const;
  std::uint64_t requests() const { return requests_; }
  std::uint64_t unreadable() const { return unreadable_; }  // batches

 private:
  using OfPhase = std::array<std::vector<nanoseconds>, scenarios::duration_metric_count>;
  const std::vector<nanoseconds>& of(actors::Phase phase, scenarios::Metric metric) const;

  std::array<OfPhase, actors::phase_count> values_;
  std::uint64_t requests_ = 0, unreadable_ = 0;
};

/// The metrics that requests have one of; the others are of tokens.
bool is_of_requests(scenarios::Metric metric);

/// Of the run's journal; null where it has more than requests_limit requests (`ended`), or cannot
/// be read.
std::shared_ptr<const ExactDurations> exact_durations(const std::filesystem::path& journal,
                                                      std::uint64_t ended);

}  // namespace squall::coordinator
