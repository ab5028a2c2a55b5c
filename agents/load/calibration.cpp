#include "agents/load/calibration.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace squall::agents {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t paced_starts = 300;
constexpr double paced_rate = 1000;  // starts/s
constexpr double at_once = 1e6;      // starts/s: more than can be done
constexpr std::uint64_t few_starts = 500, most_starts = 100'000;
constexpr std::uint64_t few_answers = 20, most_answers = 10'000;  // of many chunks
constexpr std::uint32_t many_chunks = 200;
constexpr double length_of_many = 0.2;  // seconds

/// As many as fit the length, by the rate that few of them had.
std::uint64_t as_many_as_fit(double rate, std::uint64_t least, std::uint64_t most) {
  const double fitting =
      std::clamp(rate * length_of_many, static_cast<double>(least), static_cast<double>(most));
  return static_cast<std::uint64_t>(fitting);
}

nanoseconds per_item(nanoseconds total, std::uint64_t items) {
  return items == 0 ? nanoseconds{0} : total / static_cast<std::int64_t>(items);
}

}  // namespace

std::optional<CalibrationTrial> CalibrationTrials::next() {
  switch (step_) {
    case Step::pacing:
      trial_ = {paced_starts, 1, paced_rate};
      break;
    case Step::few_starts:
      trial_ = {few_starts, 1, at_once};
      break;
    case Step::many_starts:
      trial_ = {as_many_as_fit(rate_, few_starts, most_starts), 1, at_once};
      break;
    case Step::few_chunks:
      trial_ = {few_answers, many_chunks, at_once};
      break;
    case Step::many_chunks:
      trial_ = {as_many_as_fit(rate_, few_answers, most_answers), many_chunks, at_once};
      break;
    case Step::done:
      trial_.reset();
      break;
  }
  return trial_;
}

void CalibrationTrials::on_result(const TrialResult& result) {
  assert(trial_ && "a result belongs to a trial");
  const double seconds = std::chrono::duration<double>(result.elapsed).count();
  rate_ = seconds > 0 ? static_cast<double>(result.answers) / seconds : 0;
  if (step_ == Step::pacing) calibration_.pacing_error_p99 = result.dispatch_delay_p99;
  if (step_ == Step::many_starts) {
    calibration_.starts_per_second = rate_;
    calibration_.cpu_per_start = per_item(result.cpu, result.answers);
  }
  if (step_ == Step::many_chunks) {
    const auto of_starts = calibration_.cpu_per_start * static_cast<std::int64_t>(result.answers);
    calibration_.chunks_per_second = rate_ * many_chunks;
    calibration_.cpu_per_chunk =
        per_item(std::max(result.cpu - of_starts, nanoseconds{0}), result.answers * many_chunks);
  }
  step_ = static_cast<Step>(static_cast<int>(step_) + 1);
}

actors::Calibration CalibrationTrials::result() const {
  actors::Calibration result = calibration_;
  if (chunk_reading_.elapsed > nanoseconds{0}) {
    const double read_at_most = 1e9 / static_cast<double>(chunk_reading_.elapsed.count());
    result.chunks_per_second = std::min(result.chunks_per_second, read_at_most);
    result.cpu_per_chunk += chunk_reading_.cpu;
  }
  return result;
}

std::shared_ptr<const scenarios::Scenario> scenario_of(const CalibrationTrial& trial) {
  auto scenario = std::make_shared<scenarios::Scenario>();
  scenario->name = "calibration";
  scenario->target.kind = scenarios::TargetKind::simulated;
  scenarios::OpenArrivals arrivals;
  arrivals.process = scenarios::OpenArrivals::Process::constant;
  arrivals.rate = scenarios::LoadShape::constant(trial.starts_per_second);
  scenario->load = arrivals;
  scenario->categories.front().answer_tokens = scenarios::Distribution::constant(trial.chunks);
  scenario->phases.measure = nanoseconds(static_cast<std::int64_t>(
      1e9 * static_cast<double>(trial.requests) / trial.starts_per_second));
  return scenario;
}

}  // namespace squall::agents
