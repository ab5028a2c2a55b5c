#include "coordinator/live/live_panels.hpp"

#include <algorithm>
#include <array>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

double progress(const LiveStatus& status) {
  if (status.stage == RunStage::draining || status.stage == RunStage::finished) return 1;
  if (status.planned <= nanoseconds{0}) return 0;
  return std::clamp(in_seconds(status.elapsed) / in_seconds(status.planned), 0.0, 1.0);
}

struct Named {
  const char* name;
  const LiveLatency* latency;
};

std::array<Named, 3> latencies(const LiveStatus& status) {
  return {{{"ttft", &status.ttft}, {"tpot", &status.tpot}, {"e2e ", &status.e2e}}};
}

constexpr std::size_t name_field = 7, value_field = 10;

StyledLine latency_heading(const LiveStatus& status) {
  StyledLine line;
  line.add_left("latency", name_field, Style::bold);
  for (const char* each : {"now p50", "p95", "p99", "run p50", "p95", "p99", "samples"})
    line.add_right(each, value_field, Style::dim);
  if (status.latencies_of_warm_up) line.add("  (warm-up)", Style::dim);
  return line;
}

StyledLine latency_row(const Named& named, Style style) {
  const LiveLatency& latency = *named.latency;
  StyledLine line;
  line.add_left(named.name, name_field);
  for (const nanoseconds value : {latency.now.p50, latency.now.p95, latency.now.p99})
    line.add_right(latency.now.count > 0 ? readable(value) : "-", value_field);
  line.add_right(value_in_words(latency.p50, latency.p50_at_least), value_field, style);
  line.add_right(value_in_words(latency.p95, latency.p95_at_least), value_field, style);
  line.add_right(value_in_words(latency.p99, latency.p99_at_least), value_field, style);
  line.add_right(readable_count(latency.samples), value_field, Style::dim);
  return line;
}

/// The samples may be cut, the percentiles may not.
constexpr std::size_t table_width = name_field + 6 * value_field;

}  // namespace

std::string value_in_words(const std::optional<nanoseconds>& value, bool at_least) {
  if (!value) return "-";
  return (at_least ? ">=" : "") + readable(*value);
}

std::string rate_in_words(const std::optional<double>& rate) {
  return rate ? readable_rate(*rate) : "-";
}

std::string users_in_words(const LiveStatus& status) {
  if (status.open_model) return readable_count(status.in_flight) + " in flight";
  return readable_count(status.active_users) + "/" + plural(status.planned_users, "user") + ", " +
         readable_count(status.in_flight) + " in flight";
}

std::string troubled_agents(const LiveStatus& status) {
  std::string text;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) text += ", " + readable_count(count) + " " + what;
  };
  add(status.agents_lost, "lost");
  add(status.agents_suspect, "suspect");
  add(status.agents_paused, "paused");
  return text;
}

/// Whatever else has to give way, that the run is insecure, the model synthetic or the target
/// simulated stays visible.
StyledLine head_line(const LiveStatus& status, std::size_t width) {
  std::string rest = std::string(": ") + name_of(status.stage);
  if (status.insecure) rest += "  INSECURE";
  if (status.simulated_target) rest += "  SIMULATED";
  if (status.synthetic_model) rest += "  SYNTHETIC MODEL";
  rest += "  " + readable_count(status.agents_alive) + "/" + plural(status.agents_wanted, "agent") +
          troubled_agents(status);
  if (!status.warnings.empty()) rest += "  " + plural(status.warnings.size(), "warning");
  constexpr std::size_t shortest = 8, longest = 60;
  const std::size_t room = width > rest.size() ? width - rest.size() : 0;
  return StyledLine(printable(status.scenario, std::clamp(room, shortest, longest)) + rest,
                    Style::bold);
}

StyledLine progress_line(const LiveStatus& status, std::size_t width) {
  std::string clock = readable_clock(status.elapsed) + " / " + readable_clock(status.planned);
  constexpr std::size_t brackets = 3, shortest_bar = 4;
  const bool loading = status.stage == RunStage::warming_up || status.stage == RunStage::measuring;
  if (loading && status.planned > status.elapsed && width >= 50)
    clock += ", " + readable_clock(status.planned - status.elapsed) + " left";
  if (width < clock.size() + brackets + shortest_bar) return StyledLine(clock);
  const std::size_t room = width - clock.size() - brackets;
  const auto filled = static_cast<std::size_t>(progress(status) * static_cast<double>(room));
  return StyledLine("[" + std::string(filled, '#') + std::string(room - filled, '.') + "] " +
                    clock);
}

StyledLine load_line(const LiveStatus& status) {
  StyledLine line(users_in_words(status) + ", " + readable_count(status.completed) +
                  " completed, ");
  line.add(plural(status.failed, "failure"), status.failed > 0 ? Style::bad : Style::plain);
  return line;
}

StyledLine rates_line(const LiveStatus& status, std::size_t width) {
  const std::string tokens = "tokens/s " + rate_in_words(status.tokens_per_second_now) + " now, " +
                             rate_in_words(status.tokens_per_second_measured) + " measured";
  std::string answers = "; answers/s " + rate_in_words(status.answers_per_second_now) + " now, " +
                        rate_in_words(status.answers_per_second_measured) + " measured";
  if (status.open_model && status.planned_now)
    answers += ", " + readable_rate(*status.planned_now) + " planned";
  return StyledLine(tokens.size() + answers.size() <= width ? tokens + answers : tokens);
}

StyledLine errors_line(const LiveStatus& status) {
  if (status.errors.empty())
    return StyledLine(status.failed == 0 ? "no errors" : "errors: their classes are not known",
                      status.failed == 0 ? Style::dim : Style::bad);
  StyledLine line("errors ", Style::bold);
  bool first = true;
  for (const LiveError& error : status.errors) {
    line.add((first ? " " : ", ") + readable_count(error.count) + " " + printable(error.what, 60),
             Style::bad);
    first = false;
  }
  if (status.other_errors > 0)
    line.add(", " + readable_count(status.other_errors) + " of other classes", Style::bad);
  return line;
}

StyledLine latency_line(const std::string& name, const LiveLatency& latency, bool of_warm_up) {
  const Style style = of_warm_up ? Style::dim : Style::plain;
  return StyledLine(name + " p50 " + value_in_words(latency.p50, latency.p50_at_least) + "  p95 " +
                        value_in_words(latency.p95, latency.p95_at_least) + "  p99 " +
                        value_in_words(latency.p99, latency.p99_at_least) +
                        (of_warm_up ? "  (warm-up)" : ""),
                    style);
}

Panel latency_panel(const LiveStatus& status, const PanelSpace& space) {
  Panel panel;
  const bool warm_up = status.latencies_of_warm_up;
  if (space.rows >= 4 && space.width >= table_width) {
    panel.push_back(latency_heading(status));
    for (const Named& each : latencies(status))
      panel.push_back(latency_row(each, warm_up ? Style::dim : Style::plain));
    return panel;
  }
  // Of fewer rows than figures, ttft is the first and tpot the last to have one.
  for (const Named& each : latencies(status)) {
    const std::size_t needed = each.latency == &status.ttft  ? 1
                               : each.latency == &status.e2e ? 2
                                                             : 3;
    if (space.rows >= needed) panel.push_back(latency_line(each.name, *each.latency, warm_up));
  }
  return panel;
}

}  // namespace squall::coordinator
