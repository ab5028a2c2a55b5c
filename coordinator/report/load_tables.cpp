#include "coordinator/report/load_tables.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using scenarios::Metric;

namespace {

const DurationRow* row_of(const PhaseReport& phase, Metric metric) {
  const auto row = std::ranges::find(phase.durations, metric, &DurationRow::metric);
  return row == phase.durations.end() ? nullptr : &*row;
}

std::string requests_and_share(std::uint64_t count, std::uint64_t of, const std::string& what) {
  std::string text = plural(count, "request") + what;
  if (of > 0)
    text += " (" + readable_share(static_cast<double>(count) / static_cast<double>(of)) + ")";
  return text;
}

/// Late, dropped, retried, answered from memory, disputed.
void add_counts(const PhaseReport& phase, TextTable& rows) {
  const auto& ledger = phase.ledger;
  const auto add = [&](const char* name, std::string text, Style look = Style::plain) {
    rows.add({{name}, {std::move(text), look}});
  };
  if (phase.late > 0)
    add("late",
        requests_and_share(phase.late, ledger.scheduled,
                           " sent more than " + readable(actors::late_limit) + " after due"),
        Style::warning);
  if (ledger.dropped_late > 0)
    add("dropped", requests_and_share(ledger.dropped_late, ledger.scheduled, " never sent"),
        Style::warning);
  if (phase.attempts > ledger.ended())
    add("retries", readable_count(phase.attempts) + " attempts; " +
                       requests_and_share(phase.retried, ledger.ended(), " took more than one"));
  if (phase.cached > 0)
    add("from the cache", requests_and_share(phase.cached, ledger.ok,
                                             " answered from memory, timed as cache_hit only"));
  if (phase.tokens_disputed > 0)
    add("tokens disputed",
        requests_and_share(phase.tokens_disputed, ledger.ok,
                           " whose server counted > 10 % off the chunks"),
        Style::warning);
  if (phase.accuracy)
    add("accuracy", readable_share(phase.accuracy->share) + " of " +
                        plural(phase.accuracy_asked, "answer") +
                        " the same at rest; 95 % interval " + readable_share(phase.accuracy->low) +
                        " to " + readable_share(phase.accuracy->high));
}

/// Where the target stood still, and what the load generator cost and saw.
void add_times(const RunReport& report, TextTable& rows) {
  const DurationRow* stall = row_of(report.measured, Metric::stall);
  if (stall != nullptr && stall->maximum)
    rows.add({{"longest stall"}, {readable(*stall->maximum) + " between chunks of one answer"}});
  if (report.silence)
    rows.add({{"silence"},
              {"no token from " + readable_clock(report.silence->from) + " to " +
               readable_clock(report.silence->to) + ", while " +
               readable_rate(report.silence->mean_open) + " requests were open on average"}});
  std::optional<nanoseconds> cpu;
  for (const AgentReport& agent : report.agents)
    if (const auto each = agent.window.cpu_per_start(); each > nanoseconds{0})
      cpu = std::max(cpu.value_or(*each), *each);
  if (cpu) rows.add({{"CPU per start"}, {readable(*cpu) + " of the load generator, at most"}});
  const auto median = [&](Metric metric) -> std::optional<nanoseconds> {
    const DurationRow* row = row_of(report.measured, metric);
    if (row == nullptr || row->percentiles.empty() || !row->percentiles.front().enough) return {};
    return row->percentiles.front().value;
  };
  if (const auto delay = median(Metric::stamp_delay)) {
    std::string error = "p50 " + readable(*delay) + " from the server's stamp of a token to ours";
    if (const auto first = median(Metric::ttft_error)) error += "; of ttft p50 " + readable(*first);
    if (const auto gap = median(Metric::gap_error)) error += "; of gaps p50 " + readable(*gap);
    rows.add(
        {{"our own error"},
         {error + " (" + readable_count(row_of(report.measured, Metric::stamp_delay)->samples) +
          " tokens)"}});
  }
}

TextTable::Cell estimate_cell(const std::vector<actors::PercentileEstimate>& estimates,
                              std::size_t index) {
  if (index >= estimates.size() || !estimates[index].enough) return {"-", Style::dim};
  return {readable(estimates[index].value)};
}

std::string sixteen_digits(std::uint64_t fingerprint) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(fingerprint));
  return text.data();
}

std::string target_in_words(const actors::Ready& ready) {
  std::string text = ready.target_is_simulated ? "; SIMULATED target" : "";
  if (!ready.target_origin.empty()) text += "; " + ready.target_kind + " at " + ready.target_origin;
  if (!ready.model_name.empty())
    text += "; " + ready.model_name + (ready.model_is_synthetic ? " (synthetic)" : "");
  if (!ready.model_fingerprint.empty()) text += " " + ready.model_fingerprint;
  if (!ready.model_origin.empty()) text += " from " + ready.model_origin;
  if (!ready.model_choice.empty()) text += ", choice " + ready.model_choice;
  if (!ready.instruction_set.empty()) text += ", " + ready.instruction_set + " kernels";
  if (ready.engine_threads > 0) text += ", " + plural(ready.engine_threads, "thread");
  if (ready.load_time > nanoseconds{0}) text += ", loaded in " + readable(ready.load_time);
  if (!ready.token_counts.empty()) text += "; prompt tokens: " + ready.token_counts;
  return text;
}

}  // namespace

TextTable load_table(const RunReport& report) {
  TextTable rows("ll");
  add_counts(report.measured, rows);
  add_times(report, rows);
  return rows;
}

TextTable categories_table(const PhaseReport& phase) {
  TextTable rows("lrrrrrrrr");
  if (phase.categories.empty()) return rows;
  TextTable::Row names{{""}, {"ok", Style::dim}, {"failed", Style::dim}};
  for (const char* metric : {"ttft", "e2e"})
    for (const double percentile : category_percentiles)
      names.push_back({metric + (" " + percentile_name(percentile)), Style::dim});
  rows.add(std::move(names));
  for (const CategoryRow& category : phase.categories) {
    TextTable::Row row{
        {printable(category.name, 20), Style::bold},
        {readable_count(category.ok)},
        {readable_count(category.failed), category.failed > 0 ? Style::bad : Style::plain}};
    for (const auto* estimates : {&category.ttft, &category.e2e})
      for (std::size_t i = 0; i < category_percentiles.size(); ++i)
        row.push_back(estimate_cell(*estimates, i));
    rows.add(std::move(row));
  }
  return rows;
}

TextTable events_table(const RunReport& report) {
  TextTable rows("rll");
  constexpr std::size_t most = 40;
  for (std::size_t i = 0; i < std::min(most, report.events.size()); ++i) {
    const EventRow& event = report.events[i];
    rows.add({{readable(event.at)},
              {"agent " + printable(event.agent, 24), Style::dim},
              {printable(event.what, 300)}});
  }
  if (report.events.size() > most)
    rows.add({{""},
              {""},
              {"and " + plural(report.events.size() - most, "more event") + "; see --json"}});
  if (report.events_left_out > 0)
    rows.add(
        {{""}, {""}, {"and " + plural(report.events_left_out, "event") + " that were not kept"}});
  return rows;
}

std::string share_in_words(const scenarios::AgentShare& share) {
  const std::string first = std::to_string(share.index + 1);
  const std::string of_all = " of " + std::to_string(share.count);
  if (share.width == 1) return "share " + first + of_all;
  return "shares " + first + " to " + std::to_string(share.index + share.width) + of_all;
}

std::string agent_in_words(const AgentReport& agent) {
  const AgentRecord& record = agent.record;
  std::string text = share_in_words(record.share) + " on " + record.hello.host;
  if (!record.ready) return text;
  const actors::Ready& ready = *record.ready;
  text += target_in_words(ready) + "; plan " + sixteen_digits(ready.plan_fingerprint);
  const double can = ready.calibration.starts_per_second;
  if (can <= 0) return text;
  const auto needed = static_cast<double>(agent.window.peak_starts);
  return text + "; can drive " + readable_rate(can) + " starts/s, the run needed " +
         readable_rate(needed) + "/s (" + readable_share(needed / can) + ")";
}

}  // namespace squall::coordinator
