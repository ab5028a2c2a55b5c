#include "coordinator/run/agents/roster_lines.hpp"

#include <algorithm>
#include <utility>

#include "actors/wire/limits.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::RosterLine;

namespace {

// A frame is a MiB; what surrounds the texts of a line is far less than this.
constexpr std::size_t bytes_for_all = 900 * 1024;
constexpr std::size_t bytes_beside_texts = 64;

/// Lines until they would not fit a frame.
class Lines {
 public:
  bool take(RosterLine line) {
    bytes_ += bytes_beside_texts + line.name.size() + line.host.size() + line.tool_version.size() +
              line.state.size() + line.identity.size();
    for (const auto& label : line.labels) bytes_ += label.size() + 4;
    if (bytes_ > bytes_for_all || lines_.size() == actors::roster_limit) return false;
    lines_.push_back(std::move(line));
    return true;
  }
  std::vector<RosterLine> all() { return std::move(lines_); }

 private:
  std::vector<RosterLine> lines_;
  std::size_t bytes_ = 0;
};

RosterLine line_of(const actors::Hello& hello, const std::string& identity) {
  RosterLine line;
  line.name = hello.name;
  line.host = hello.host;
  line.tool_version = hello.tool_version;
  line.labels = hello.labels;
  line.identity = identity;
  return line;
}

std::string state_of(const RosterEntry& agent, const AgentRecord& known,
                     const actors::FabricTimes& times, Instant now) {
  if (agent.lost) return "lost: " + known.lost.value_or("");
  if (agent.sealed) return "sealed";
  if (now - agent.last_heard >= times.suspect_after)
    return "silent for " + readable(now - agent.last_heard);
  if (agent.started) return now - agent.last_renewed >= times.lease ? "paused" : "running";
  return agent.ready ? "ready" : "preparing";
}

}  // namespace

std::vector<RosterLine> roster_lines(const AgentGathering& gathering, Instant now) {
  std::vector<const Candidate*> by_place;
  for (const auto& [epoch, candidate] : gathering.candidates()) by_place.push_back(&candidate);
  std::ranges::sort(by_place, {}, [](const Candidate* each) { return each->place; });
  Lines lines;
  for (const Candidate* candidate : by_place) {
    RosterLine line = line_of(candidate->hello, candidate->identity);
    line.state = "waiting";
    line.last_heard = std::max(nanoseconds{0}, now - candidate->last_heard);
    if (!lines.take(std::move(line))) break;
  }
  return lines.all();
}

std::vector<RosterLine> roster_lines(const AgentRoster& roster, const RunRecord& record,
                                     const actors::FabricTimes& times, Instant now) {
  Lines lines;
  for (const RosterEntry& agent : roster.entries()) {
    const AgentRecord& known = record.agents[agent.number];
    RosterLine line = line_of(known.hello, known.identity);
    line.state = state_of(agent, known, times, now);
    line.last_heard = std::max(nanoseconds{0}, now - agent.last_heard);
    line.batches = known.batches;
    if (!lines.take(std::move(line))) break;
  }
  return lines.all();
}

}  // namespace squall::coordinator
