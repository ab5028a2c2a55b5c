#include "coordinator/live/live_view.hpp"

#include "coordinator/live/live_panels.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

/// "ttft p50 1.20 ms  p95 …"
std::string latency_in_words(const std::string& name, const LiveLatency& latency) {
  return latency_line(name, latency, false).written(std::string::npos, false);
}

}  // namespace

std::vector<std::string> live_lines(const LiveStatus& status, std::size_t width, bool colour) {
  const bool warm_up = status.latencies_of_warm_up;
  const StyledLine lines[] = {head_line(status, width),
                              progress_line(status, width),
                              load_line(status),
                              rates_line(status, width),
                              latency_line("ttft", status.ttft, warm_up),
                              latency_line("e2e ", status.e2e, warm_up)};
  std::vector<std::string> result;
  for (const StyledLine& line : lines) result.push_back(line.written(width, colour));
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
