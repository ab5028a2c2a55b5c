#include "coordinator/plan/output/simulation_section.hpp"

#include <cmath>

#include "coordinator/fleet/output/fleet_prediction.hpp"
#include "coordinator/plan/output/answer_words.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;

PageCell number_cell(std::string text) { return {std::move(text), Tone::plain, true}; }

std::string seconds(const std::optional<double>& value) {
  return value ? readable(nanoseconds(std::llround(*value * 1e9))) : "-";
}

std::string rate(const std::optional<double>& value) { return value ? readable_rate(*value) : "-"; }

std::string error(const std::optional<double>& predicted, const std::optional<double>& measured) {
  if (!predicted || !measured || *measured <= 0) return "-";
  const double off = *predicted / *measured - 1;
  return (off < 0 ? "-" : "+") + readable_share(std::abs(off));
}

PageTable loads_table(const CapacityPlan& plan, const SimulatedPlan& simulated) {
  PageTable table;
  table.caption = "Prediction beside measurement";
  table.head = {unit_of(plan.kind), "tokens/s", "simulated", "off", "ttft p95", "simulated", "off"};
  for (const auto& each : simulated.loads)
    table.rows.push_back(
        {number_cell(plain_load(each.load, plan.kind)), number_cell(rate(each.measured_tokens)),
         number_cell(rate(each.predicted_tokens)),
         number_cell(error(each.predicted_tokens, each.measured_tokens)),
         number_cell(seconds(each.measured_ttft)), number_cell(seconds(each.predicted_ttft)),
         number_cell(error(each.predicted_ttft, each.measured_ttft))});
  return table;
}

}  // namespace

DocumentSection simulation_section(const CapacityPlan& plan, const SimulatedPlan& simulated,
                                   const PlanQuestions& questions) {
  DocumentSection section{.id = "simulation", .heading = "Simulated fleet"};
  section.paragraphs.emplace_back(simulated_banner);
  section.paragraphs.push_back(
      "By the step times in " + simulated.law_file +
      (simulated.model.empty() ? "" : " of model " + simulated.model) +
      (simulated.synthetic_weights ? " (synthetic weights)" : "") +
      "; each machine an engine with continuous batching, requests to the least loaded.");
  if (simulated.machines)
    section.items.push_back(
        readable_load(*simulated.wanted, plan.kind) + " take " +
        plural(*simulated.machines, "machine") + " within the limits by simulation; with " +
        plural(questions.spare, "spare machine") + " " +
        readable_count(std::uint64_t{*simulated.machines} + questions.spare) + ".");
  else if (simulated.looked_at > 0)
    section.items.push_back("By simulation not even " + plural(simulated.looked_at, "machine") +
                            " serve " + readable_load(*simulated.wanted, plan.kind) +
                            " within the limits.");
  if (!simulated.loads.empty()) section.tables.push_back(loads_table(plan, simulated));
  return section;
}

}  // namespace squall::coordinator
