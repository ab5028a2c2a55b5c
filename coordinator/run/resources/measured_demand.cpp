#include "coordinator/run/resources/measured_demand.hpp"

#include <algorithm>

namespace squall::coordinator {

using scenarios::Metric;

namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

// The mean number of requests in a state is the time that all of them spent in it, by the length of
// the window (Little's law).
double MeasuredDemand::places() const { return ratio(std::max(answering - queue, 0.0), seconds); }

double MeasuredDemand::decoding() const {
  return ratio(std::max(answering - queue - prefill, 0.0), seconds);
}

// A step gives each request that is decoding one token. Where that is less than one at a time,
// steps are made for one.
double MeasuredDemand::steps() const { return tokens / std::max(decoding(), 1.0); }

double MeasuredDemand::positions() const {
  return ratio(prompt_tokens, ratio(answers, seconds)) + ratio(tokens, ratio(answers, seconds)) / 2;
}

double MeasuredDemand::bytes(const scenarios::ModelFacts& model) const {
  return steps() * static_cast<double>(model.weight_bytes) +
         tokens * positions() * static_cast<double>(model.kv_bytes);
}

double MeasuredDemand::multiply_adds(const scenarios::ModelFacts& model) const {
  // Of a prompt only the last token asks for an output, which is the first of the answer's.
  const std::uint64_t of_prompt =
      model.multiply_adds - std::min(model.output_multiply_adds, model.multiply_adds);
  return tokens * static_cast<double>(model.multiply_adds) +
         prompt_tokens * static_cast<double>(of_prompt);
}

MeasuredDemand demand_of(const RunRecord& record, std::size_t agent) {
  MeasuredDemand demand;
  demand.seconds = in_seconds(record.timeline.window_of(agent).length);
  if (demand.seconds <= 0) return {};
  const actors::PhaseMetrics& metrics = record.timeline.of_agent(agent, actors::Phase::measure);
  const auto durations = [&](Metric metric) -> const actors::Histogram& {
    return metrics.durations[static_cast<std::size_t>(metric)];
  };
  demand.answers = static_cast<double>(durations(Metric::e2e_service).count());
  demand.tokens = static_cast<double>(metrics.output_tokens) / demand.seconds;
  demand.prompt_tokens = static_cast<double>(metrics.prompt_tokens) / demand.seconds;
  demand.queue = in_seconds(durations(Metric::queue).sum());
  demand.prefill = in_seconds(durations(Metric::prefill).sum());
  demand.ttft = in_seconds(durations(Metric::ttft_service).sum());
  demand.answering = in_seconds(durations(Metric::e2e_service).sum());
  demand.tells_queue = durations(Metric::queue).count() > 0;
  return demand;
}

}  // namespace squall::coordinator
