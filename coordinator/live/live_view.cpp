#include "coordinator/live/live_view.hpp"

#include <algorithm>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

double progress(const LiveStatus& status) {
  if (status.stage == RunStage::draining || status.stage == RunStage::finished) return 1;
  if (status.planned <= nanoseconds{0}) return 0;
  const double done =
      std::chrono::duration<double>(status.elapsed) / std::chrono::duration<double>(status.planned);
  return std::clamp(done, 0.0, 1.0);
}

std::string progress_bar(const LiveStatus& status, std::size_t width) {
  const std::string clock =
      " " + readable_clock(status.elapsed) + " / " + readable_clock(status.planned);
  if (width < clock.size() + 6) return clock.substr(1);
  const std::size_t room = width - clock.size() - 2;
  const auto filled = static_cast<std::size_t>(progress(status) * static_cast<double>(room));
  return "[" + std::string(filled, '#') + std::string(room - filled, '.') + "]" + clock;
}

std::string users_in_words(const LiveStatus& status) {
  if (status.open_model) return readable_count(status.in_flight) + " in flight";
  return readable_count(status.active_users) + "/" + plural(status.planned_users, "user") + ", " +
         readable_count(status.in_flight) + " in flight";
}

std::string rate_in_words(const std::optional<double>& rate) {
  return rate ? readable_rate(*rate) : "-";
}

std::string value_in_words(const std::optional<nanoseconds>& value, bool at_least) {
  if (!value) return "-";
  return (at_least ? ">=" : "") + readable(*value);
}

std::string latency_in_words(const std::string& name, const LiveLatency& latency) {
  return name + " p50 " + value_in_words(latency.p50, latency.p50_at_least) + "  p95 " +
         value_in_words(latency.p95, latency.p95_at_least) + "  p99 " +
         value_in_words(latency.p99, latency.p99_at_least);
}

/// Those who are not well: ", 1 lost, 2 suspect, 1 paused"; empty when all are.
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
std::string head_line(const LiveStatus& status, std::size_t width) {
  std::string rest = std::string(": ") + name_of(status.stage);
  if (status.insecure) rest += "  INSECURE";
  if (status.simulated_target) rest += "  SIMULATED";
  if (status.synthetic_model) rest += "  SYNTHETIC MODEL";
  rest += "  " + readable_count(status.agents_alive) + "/" + plural(status.agents_wanted, "agent") +
          troubled_agents(status);
  if (!status.warnings.empty()) rest += "  " + plural(status.warnings.size(), "warning");
  constexpr std::size_t shortest = 8, longest = 60;
  const std::size_t room = width > rest.size() ? width - rest.size() : 0;
  return printable(status.scenario, std::clamp(room, shortest, longest)) + rest;
}

}  // namespace

std::vector<std::string> live_lines(const LiveStatus& status, std::size_t width, bool colour) {
  const std::string of_phase = status.latencies_of_warm_up ? "  (warm-up)" : "";
  const std::string failures = plural(status.failed, "failure");
  struct Line {
    std::string text;
    Style style;
  };
  const Line lines[] = {
      {head_line(status, width), Style::bold},
      {progress_bar(status, width), Style::plain},
      {users_in_words(status) + ", " + readable_count(status.completed) + " completed, " + failures,
       status.failed > 0 ? Style::bad : Style::plain},
      {"tokens/s " + rate_in_words(status.tokens_per_second_now) + " now, " +
           rate_in_words(status.tokens_per_second_measured) + " measured",
       Style::plain},
      {latency_in_words("ttft", status.ttft) + of_phase,
       status.latencies_of_warm_up ? Style::dim : Style::plain},
      {latency_in_words("e2e ", status.e2e) + of_phase,
       status.latencies_of_warm_up ? Style::dim : Style::plain},
  };
  std::vector<std::string> result;
  for (const Line& line : lines)
    result.push_back(styled(first_characters(line.text, width), line.style, colour));
  return result;
}

std::string event_line(const std::string& event) { return printable(event, 400); }

std::string warning_line(const std::string& warning) {
  return "warning: " + printable(warning, 1500);
}

std::string plain_line(const LiveStatus& status) {
  std::string line = readable_clock(status.elapsed) + "/" + readable_clock(status.planned) + " " +
                     name_of(status.stage);
  if (status.insecure) line += " (INSECURE)";
  if (status.simulated_target) line += " (SIMULATED)";
  if (status.synthetic_model) line += " (SYNTHETIC MODEL)";
  if (status.stage < RunStage::warming_up)
    return line + "; " + readable_count(status.agents_alive) + "/" +
           plural(status.agents_wanted, "agent");
  line += "; " + users_in_words(status) + "; " + readable_count(status.completed) + " completed, " +
          readable_count(status.failed) + " failed; tokens/s " +
          rate_in_words(status.tokens_per_second_now) + "; " +
          latency_in_words("ttft", status.ttft) + "; " + latency_in_words("e2e", status.e2e);
  if (status.latencies_of_warm_up) line += " (warm-up)";
  if (status.agents_alive < status.agents_wanted)
    line += "; " + readable_count(status.agents_alive) + "/" +
            plural(status.agents_wanted, "agent") + " alive";
  line += troubled_agents(status);
  return line;
}

}  // namespace squall::coordinator
