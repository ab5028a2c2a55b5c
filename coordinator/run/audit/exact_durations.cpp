#include "coordinator/run/audit/exact_durations.hpp"

#include <algorithm>
#include <variant>

#include "actors/journal/run_entries.hpp"
#include "actors/wire/request_codec.hpp"

namespace squall::coordinator {

using namespace actors;
using scenarios::Metric;

namespace {

std::size_t index_of(Metric metric) { return static_cast<std::size_t>(metric); }

}  // namespace

bool is_of_requests(Metric metric) {
  return index_of(metric) < scenarios::duration_metric_count && metric != Metric::icl &&
         metric != Metric::stamp_delay && metric != Metric::ttft_error &&
         metric != Metric::gap_error;
}

void ExactDurations::take(const RequestRecord& request) {
  ++requests_;
  OfPhase& phase = values_[static_cast<std::size_t>(request.phase)];
  for (std::size_t i = 0; i < phase.size(); ++i)
    if (const auto duration = duration_of(request, static_cast<Metric>(i)))
      phase[i].push_back(*duration);
}

void ExactDurations::sort() {
  for (OfPhase& phase : values_)
    for (auto& values : phase) std::ranges::sort(values);
}

const std::vector<nanoseconds>& ExactDurations::of(Phase phase, Metric metric) const {
  return values_.at(static_cast<std::size_t>(phase)).at(index_of(metric));
}

const std::vector<nanoseconds>* ExactDurations::all_of(Phase phase, Metric metric,
                                                       const Histogram& counted) const {
  const auto& values = of(phase, metric);
  const bool complete = is_of_requests(metric) && values.size() == counted.count();
  return complete && !values.empty() ? &values : nullptr;
}

std::uint64_t ExactDurations::size(Phase phase, Metric metric) const {
  return of(phase, metric).size();
}

Histogram ExactDurations::histogram(Phase phase, Metric metric) const {
  Histogram all;
  for (const nanoseconds value : of(phase, metric)) all.record(value);
  return all;
}

std::shared_ptr<const ExactDurations> exact_durations(const std::filesystem::path& journal,
                                                      std::uint64_t ended) {
  if (ended > ExactDurations::requests_limit) return nullptr;
  auto durations = std::make_shared<ExactDurations>();
  try {
    read_journal(journal, [&](std::span<const std::byte> record) {
      const auto entry = decode_run_entry(record);
      const auto* kept = entry ? std::get_if<BatchKept>(&*entry) : nullptr;
      if (kept == nullptr) return;
      const auto requests = requests_of(kept->batch.encoded);
      if (!requests) return durations->count_unreadable();
      for (const RequestRecord& request : *requests) durations->take(request);
    });
  } catch (const JournalError&) {
    return nullptr;  // whoever wrote it has told of that
  }
  durations->sort();
  return durations;
}

}  // namespace squall::coordinator
