#include "coordinator/dashboard/exposition.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <utility>

#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

using actors::Ledger;
using actors::Phase;
using actors::PhaseMetrics;
using scenarios::Metric;
using PhaseTotals = RunTotals::PhaseTotals;

namespace {

constexpr std::array families{
    MetricFamily{"squall_run_info", "gauge",
                 "Always 1; its labels tell what runs: version, target, whether it is simulated."},
    MetricFamily{"squall_run_stage", "gauge", "1 for the stage that the run is in, else 0."},
    MetricFamily{"squall_run_elapsed_seconds", "gauge", "Since the common start."},
    MetricFamily{"squall_run_planned_seconds", "gauge", "Warm-up and measure, as planned."},
    MetricFamily{"squall_run_finished", "gauge", "1 once the run is over and judged, else 0."},
    MetricFamily{"squall_run_exit_code", "gauge",
                 "What squall run ends with; only once it is known."},
    MetricFamily{"squall_run_scheduled_total", "counter", "Intended starts that came due."},
    MetricFamily{"squall_run_issued_total", "counter", "Requests handed to the target."},
    MetricFamily{"squall_run_requests_total", "counter",
                 "Requests by how they ended: ok, error, timeout, cancelled, open_at_end, or never "
                 "begun: dropped_late, cancelled_before_send."},
    MetricFamily{"squall_run_errors_total", "counter",
                 "Failed requests by class of error; timeouts are a class, too."},
    MetricFamily{"squall_run_retried_total", "counter",
                 "Requests that took more than one attempt."},
    MetricFamily{"squall_run_cached_total", "counter",
                 "Requests answered from the response cache."},
    MetricFamily{"squall_run_prompt_tokens_total", "counter",
                 "Prompt tokens of completed requests."},
    MetricFamily{"squall_run_output_tokens_total", "counter",
                 "Output tokens of completed requests."},
    MetricFamily{"squall_run_ttft_seconds", "histogram",
                 "Time to first token of completed requests, from the intended start."},
    MetricFamily{"squall_run_tpot_seconds", "histogram",
                 "Time per output token after the first, of completed requests."},
    MetricFamily{"squall_run_e2e_seconds", "histogram",
                 "Whole answer of completed requests, from the intended start."},
    MetricFamily{"squall_run_in_flight", "gauge", "Requests under way."},
    MetricFamily{"squall_run_users", "gauge", "Users at work; 0 where arrivals are planned."},
    MetricFamily{"squall_run_planned_load", "gauge",
                 "Users, or arrivals per second, that the plan has now."},
    MetricFamily{"squall_run_tokens_per_second", "gauge",
                 "Output tokens in the newest second that all agents have told of."},
    MetricFamily{"squall_run_agents", "gauge", "Agents by state."},
    MetricFamily{"squall_run_loop_lag_seconds", "gauge",
                 "How late an agent's own ticks were, at worst, of the worst agent."},
    MetricFamily{"squall_run_agent_cpu_cores", "gauge",
                 "Processors that the agents' processes use, the engine's included; their sum."},
    MetricFamily{"squall_run_agent_resident_bytes", "gauge",
                 "Memory of the agents' processes; their sum."},
    MetricFamily{"squall_run_threshold", "gauge",
                 "How a threshold stands: 0 not judged yet, 1 holds, 2 near its limit, 3 missed."},
    MetricFamily{"squall_run_audit", "gauge",
                 "How a question of the audit stands, in the same numbers."},
};

constexpr std::array stages{RunStage::gathering,  RunStage::preparing, RunStage::starting,
                            RunStage::warming_up, RunStage::measuring, RunStage::draining,
                            RunStage::finished};
constexpr std::array phases{std::pair{Phase::warm_up, "warm_up"},
                            std::pair{Phase::measure, "measure"}};

/// Seconds; fine enough that a percentile between two of them is off by a fifth at most.
constexpr std::array bounds{0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015,
                            0.02,  0.03,   0.05,  0.07,  0.1,   0.15,  0.2,  0.3,
                            0.5,   0.7,    1.0,   1.5,   2.0,   3.0,   5.0,  7.0,
                            10.0,  15.0,   20.0,  30.0,  50.0,  70.0,  100.0};

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", number);
  return text.data();
}

/// Others wrote it: whatever it holds, the exposition stays one that can be read.
std::string label_value(std::string_view text) {
  std::string result;
  for (const char c : printable(text, 120)) {
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

std::map<std::string, std::uint64_t> errors_of(const PhaseMetrics& metrics) {
  std::map<std::string, std::uint64_t> classes;  // by label: two of them may look alike
  std::uint64_t others = 0;
  for (const auto& [what, count] : metrics.errors) {
    const std::string name = label_value(what);
    if (classes.size() < RunTotals::errors_told || classes.contains(name))
      classes[name] += count;
    else
      others += count;
  }
  if (others > 0) classes["others"] += others;
  return classes;
}

class Exposition {
 public:
  /// Every sample has the labels of `run`: "scenario="a",run="b"".
  explicit Exposition(std::string run) : run_(std::move(run)) {}

  /// Samples of one family follow each other, in the order of the table.
  void begin(std::string_view name) {
    const auto found = std::ranges::find(families, name, &MetricFamily::name);
    assert(found != families.end());
    const MetricFamily& family = *found;
    text_.append("# HELP ").append(name).append(" ").append(family.meaning);
    text_.append("\n# TYPE ").append(name).append(" ").append(family.type).append("\n");
    name_ = name;
  }
  void add(double value, const std::string& labels = {}) { add_to("", labels, value); }
  void add(std::string_view name, double value) {
    begin(name);
    add(value);
  }
  void add(const actors::Histogram& histogram, const std::string& labels) {
    const auto count = static_cast<double>(histogram.count());
    for (const double bound : bounds) {
      const auto limit = nanoseconds(static_cast<std::int64_t>(bound * 1e9 + 0.5));
      const auto below = histogram.count() - histogram.count_above(limit);
      add_to("_bucket", labels + ",le=\"" + number_text(bound) + "\"", static_cast<double>(below));
    }
    add_to("_bucket", labels + ",le=\"+Inf\"", count);
    add_to("_sum", labels, in_seconds(histogram.sum()));
    add_to("_count", labels, count);
  }
  std::string take() { return std::move(text_); }

 private:
  void add_to(std::string_view suffix, const std::string& labels, double value) {
    text_.append(name_).append(suffix).append("{").append(run_);
    if (!labels.empty()) text_.append(",").append(labels);
    text_.append("} ").append(number_text(value)).append("\n");
  }

  std::string run_, text_;
  std::string_view name_;
};

std::string label(const std::string& name, std::string_view value) {
  return name + "=\"" + label_value(value) + "\"";
}

void add_info(Exposition& out, const RunTotals& totals, const LiveStatus& status) {
  const auto yes_or_no = [](bool yes) { return yes ? "yes" : "no"; };
  out.begin("squall_run_info");
  out.add(1, label("version", totals.tool_version) + "," +
                 label("simulated", yes_or_no(status.simulated_target)) + "," +
                 label("synthetic_model", yes_or_no(status.synthetic_model)) + "," +
                 label("insecure", yes_or_no(status.insecure)));
  out.begin("squall_run_stage");
  for (const RunStage stage : stages)
    out.add(stage == status.stage ? 1 : 0, label("stage", name_of(stage)));
}

const PhaseTotals& of_phase(const RunTotals& totals, Phase phase) {
  return totals.phases[static_cast<std::size_t>(phase)];
}

/// One sample of a counter for each phase.
void add_by_phase(Exposition& out, std::string_view name, const RunTotals& totals,
                  std::uint64_t PhaseTotals::*count) {
  out.begin(name);
  for (const auto& [phase, word] : phases)
    out.add(static_cast<double>(of_phase(totals, phase).*count), label("phase", word));
}

void add_by_phase(Exposition& out, std::string_view name, const RunTotals& totals,
                  std::uint64_t Ledger::*count) {
  out.begin(name);
  for (const auto& [phase, word] : phases)
    out.add(static_cast<double>(of_phase(totals, phase).ledger.*count), label("phase", word));
}

void add_outcomes(Exposition& out, const RunTotals& totals) {
  constexpr std::array outcomes{std::pair{"ok", &Ledger::ok},
                                std::pair{"error", &Ledger::error},
                                std::pair{"timeout", &Ledger::timeout},
                                std::pair{"cancelled", &Ledger::cancelled},
                                std::pair{"open_at_end", &Ledger::open_at_end},
                                std::pair{"dropped_late", &Ledger::dropped_late},
                                std::pair{"cancelled_before_send", &Ledger::cancelled_before_send}};
  out.begin("squall_run_requests_total");
  for (const auto& [phase, word] : phases)
    for (const auto& [outcome, count] : outcomes)
      out.add(static_cast<double>(of_phase(totals, phase).ledger.*count),
              label("phase", word) + "," + label("outcome", outcome));
}

void add_counters(Exposition& out, const RunTotals& totals) {
  add_by_phase(out, "squall_run_scheduled_total", totals, &Ledger::scheduled);
  add_by_phase(out, "squall_run_issued_total", totals, &Ledger::issued);
  add_outcomes(out, totals);
  out.begin("squall_run_errors_total");
  for (const auto& [phase, word] : phases)
    for (const auto& [name, count] : of_phase(totals, phase).errors)
      out.add(static_cast<double>(count), label("phase", word) + ",class=\"" + name + "\"");
  add_by_phase(out, "squall_run_retried_total", totals, &PhaseTotals::retried);
  add_by_phase(out, "squall_run_cached_total", totals, &PhaseTotals::cached);
  add_by_phase(out, "squall_run_prompt_tokens_total", totals, &PhaseTotals::prompt_tokens);
  add_by_phase(out, "squall_run_output_tokens_total", totals, &PhaseTotals::output_tokens);
}

void add_histograms(Exposition& out, const RunTotals& totals) {
  constexpr std::array shown{std::pair{"squall_run_ttft_seconds", &PhaseTotals::ttft},
                             std::pair{"squall_run_tpot_seconds", &PhaseTotals::tpot},
                             std::pair{"squall_run_e2e_seconds", &PhaseTotals::e2e}};
  for (const auto& [name, histogram] : shown) {
    out.begin(name);
    for (const auto& [phase, word] : phases)
      out.add(of_phase(totals, phase).*histogram, label("phase", word));
  }
}

void add_agents(Exposition& out, const RunTotals& totals, const LiveStatus& status) {
  out.begin("squall_run_agents");
  const std::size_t troubled = status.agents_suspect + status.agents_paused;
  const std::size_t well = status.agents_alive - std::min(status.agents_alive, troubled);
  out.add(static_cast<double>(well), label("state", "well"));
  out.add(static_cast<double>(status.agents_paused), label("state", "paused"));
  out.add(static_cast<double>(status.agents_suspect), label("state", "silent"));
  out.add(static_cast<double>(status.agents_lost), label("state", "lost"));
  out.add("squall_run_loop_lag_seconds", in_seconds(totals.loop_lag));
  if (totals.cpu_cores) out.add("squall_run_agent_cpu_cores", *totals.cpu_cores);
  out.add("squall_run_agent_resident_bytes", static_cast<double>(totals.resident_bytes));
}

void add_lights(Exposition& out, std::string_view name, const std::string& of,
                const std::vector<LiveLight>& lights) {
  std::map<std::string, Light> by_name;  // two of them may look alike: the worse one counts
  for (const LiveLight& each : lights) {
    Light& light = by_name[label_value(each.name)];
    light = std::max(light, each.light);
  }
  out.begin(name);
  for (const auto& [text, light] : by_name)
    out.add(static_cast<double>(light), of + "=\"" + text + "\"");
}

}  // namespace

std::span<const MetricFamily> metric_families() { return families; }

RunTotals run_totals(const RunRecord& record) {
  RunTotals totals;
  totals.run = record.id;
  totals.tool_version = record.tool_version;
  for (const auto& [phase, word] : phases) {
    const PhaseMetrics& from = record.timeline.total(phase);
    const auto durations = [&](Metric metric) {
      return from.durations[static_cast<std::size_t>(metric)];
    };
    totals.phases[static_cast<std::size_t>(phase)] = {from.ledger,
                                                      errors_of(from),
                                                      from.retried,
                                                      from.cached,
                                                      from.prompt_tokens,
                                                      from.output_tokens,
                                                      durations(Metric::ttft),
                                                      durations(Metric::tpot),
                                                      durations(Metric::e2e)};
  }
  const auto& latest = record.timeline.latest();
  for (std::size_t i = 0; i < latest.size() && i < record.agents.size(); ++i) {
    if (record.agents[i].lost) continue;  // what it said last is no more
    totals.loop_lag = std::max(totals.loop_lag, latest[i].loop_lag);
    totals.resident_bytes += latest[i].resident_bytes;
  }
  if (const auto second = record.timeline.newest_complete_point())
    totals.cpu_cores = in_seconds(second->process_cpu);
  return totals;
}

std::string exposition(const RunTotals& totals, const LiveStatus& status,
                       std::optional<int> exit_code) {
  Exposition out(label("scenario", status.scenario) + "," + label("run", totals.run));
  add_info(out, totals, status);
  out.add("squall_run_elapsed_seconds", in_seconds(status.elapsed));
  out.add("squall_run_planned_seconds", in_seconds(status.planned));
  out.add("squall_run_finished", exit_code ? 1 : 0);
  if (exit_code) out.add("squall_run_exit_code", *exit_code);
  add_counters(out, totals);
  add_histograms(out, totals);
  out.add("squall_run_in_flight", static_cast<double>(status.in_flight));
  out.add("squall_run_users", static_cast<double>(status.active_users));
  if (status.planned_now) out.add("squall_run_planned_load", *status.planned_now);
  if (status.tokens_per_second_now)
    out.add("squall_run_tokens_per_second", *status.tokens_per_second_now);
  add_agents(out, totals, status);
  add_lights(out, "squall_run_threshold", "threshold", status.thresholds);
  add_lights(out, "squall_run_audit", "check", status.audit);
  return out.take();
}

}  // namespace squall::coordinator
