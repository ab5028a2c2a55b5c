#include "coordinator/live/live_agents.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace squall::coordinator {

namespace {

LiveAgentState state_in(const RunRecord& record, std::size_t agent) {
  const AgentRecord& known = record.agents[agent];
  if (known.lost) return LiveAgentState::lost;
  if (known.sealed) return LiveAgentState::done;
  if (known.started)
    return record.timeline.latest()[agent].paused > nanoseconds{0} ? LiveAgentState::paused
                                                                   : LiveAgentState::running;
  return known.ready ? LiveAgentState::ready : LiveAgentState::preparing;
}

void add_machine(LiveAgent& row, const ResourcePoint& machine) {
  const auto cores = machine.cpu_busy.per_second();
  if (cores && machine.processors > 0)
    row.machine_cpu = std::min(1.0, *cores / static_cast<double>(machine.processors));
  if (const auto available = machine.memory_available_bytes.mean())
    row.memory_available_bytes = static_cast<std::uint64_t>(*available);
  for (const GpuPoint& gpu : machine.gpus) {
    if (const auto busy = gpu.busy.mean()) row.gpu_busy = std::max(row.gpu_busy.value_or(0), *busy);
    if (const auto used = gpu.memory_used_bytes.mean())
      row.gpu_memory_bytes = row.gpu_memory_bytes.value_or(0) + static_cast<std::uint64_t>(*used);
  }
}

LiveAgent row_of(const RunRecord& record, std::size_t agent, LiveAgentState state) {
  const AgentRecord& known = record.agents[agent];
  const AgentGauges& newest = record.timeline.latest()[agent];
  LiveAgent row;
  row.name = known.hello.name;
  row.host = known.hello.host;
  row.state = state;
  row.trouble = known.lost.value_or("");
  row.reported = newest.to;
  for (std::size_t phase = 0; phase < actors::phase_count; ++phase) {
    const auto& ledger = record.timeline.of_agent(agent, static_cast<actors::Phase>(phase)).ledger;
    row.completed += ledger.ok;
    row.failed += ledger.error + ledger.timeout;
  }
  row.resident_bytes = newest.resident_bytes;
  if (const auto& machine = record.timeline.resources().of_agent(agent).newest())
    add_machine(row, *machine);
  // What it was doing when it was last heard of is no more.
  if (state == LiveAgentState::lost) return row;
  row.users = newest.active_users;
  row.in_flight = newest.in_flight;
  row.loop_lag = newest.loop_lag;
  const double seconds = in_seconds(newest.to - newest.from);
  if (seconds <= 0) return row;
  row.starts_per_second = static_cast<double>(newest.starts) / seconds;
  row.answers_per_second = static_cast<double>(newest.answers) / seconds;
  row.tokens_per_second = static_cast<double>(newest.tokens) / seconds;
  row.own_cpu = in_seconds(newest.process_cpu) / seconds;
  return row;
}

}  // namespace

const char* name_of(LiveAgentState state) {
  switch (state) {
    case LiveAgentState::done:
      return "done";
    case LiveAgentState::running:
      return "running";
    case LiveAgentState::ready:
      return "ready";
    case LiveAgentState::preparing:
      return "preparing";
    case LiveAgentState::paused:
      return "paused";
    case LiveAgentState::silent:
      return "silent";
    case LiveAgentState::lost:
      return "lost";
  }
  assert(false);
  return "";
}

std::vector<LiveAgent> live_agents(const RunRecord& record,
                                   const std::vector<LiveAgentState>& states, std::size_t most) {
  using Badness = std::tuple<LiveAgentState, std::uint64_t, nanoseconds>;
  struct Place {
    Badness badness;
    std::size_t agent = 0;
  };
  // A run that has not begun to gather figures has no rows in its timeline yet.
  const std::size_t known = std::min(record.agents.size(), record.timeline.agents());
  std::vector<Place> places;
  places.reserve(known);
  for (std::size_t agent = 0; agent < known; ++agent) {
    const LiveAgentState state = agent < states.size() ? states[agent] : state_in(record, agent);
    const AgentGauges& newest = record.timeline.latest()[agent];
    places.push_back({{state, newest.failures, newest.loop_lag}, agent});
  }
  const auto worst_first = [](const Place& one, const Place& other) {
    return one.badness != other.badness ? one.badness > other.badness : one.agent < other.agent;
  };
  const auto shown = static_cast<std::ptrdiff_t>(std::min(most, known));
  std::ranges::partial_sort(places, places.begin() + shown, worst_first);
  std::vector<LiveAgent> rows;
  rows.reserve(static_cast<std::size_t>(shown));
  for (std::ptrdiff_t i = 0; i < shown; ++i) {
    const Place& place = places[static_cast<std::size_t>(i)];
    rows.push_back(row_of(record, place.agent, std::get<0>(place.badness)));
  }
  return rows;
}

}  // namespace squall::coordinator
