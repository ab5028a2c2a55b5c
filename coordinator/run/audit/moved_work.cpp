#include "coordinator/run/audit/moved_work.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <variant>

#include "scenarios/load/load_plan.hpp"

namespace squall::coordinator {

using scenarios::AgentShare;
using scenarios::LateEntry;
using scenarios::LoadPlan;

namespace {

/// Work that an agent had: its own share, or one that it took over.
struct Source {
  AgentShare share;
  LateEntry entry;
};

bool lies_in(const AgentShare& piece, const AgentShare& whole) {
  return piece.count % whole.count == 0 && whole.owns(piece.index);
}

std::vector<Source> sources_of(const RunRecord& record, std::uint32_t agent) {
  std::vector<Source> sources{{record.agents.at(agent).share, {}}};
  for (const MovedShare& moved : record.moved)
    if (moved.to == agent && is_given(record, moved))
      sources.push_back({moved.share, {moved.from, moved.ramp}});
  return sources;
}

/// The pieces of one source that were moved at the same moment.
using Pieces = std::vector<std::size_t>;  // indices into record.moved

template <class Take>
void for_owner(const RunRecord& record, const Pieces& pieces, std::uint64_t item, Take take) {
  const auto owner = std::ranges::find_if(
      pieces, [&](std::size_t piece) { return record.moved[piece].share.owns(item); });
  if (owner != pieces.end()) take(*owner);
}

double seconds_between(nanoseconds from, nanoseconds to) {
  return to > from ? in_seconds(to - from) : 0;
}

void count_arrivals(const RunRecord& record, const Source& source, const Pieces& pieces,
                    std::vector<MovedWork>& work) {
  const MovedShare& first = record.moved[pieces.front()];
  const nanoseconds idle = idle_from(record.agents[first.agent]);
  const LoadPlan before =
      scenarios::make_load_plan(record.scenario, source.share, nullptr, source.entry);
  const auto planned = scenarios::arrivals_of(record.scenario, before);
  while (const auto arrival = planned->next()) {
    if (arrival->at < idle) continue;
    for_owner(record, pieces, arrival->arrival, [&](std::size_t piece) {
      ++(arrival->at < first.from ? work[piece].idle : work[piece].due);
    });
  }
  const LoadPlan after =
      scenarios::make_load_plan(record.scenario, source.share, nullptr, {first.from, first.ramp});
  const auto taken = scenarios::arrivals_of(record.scenario, after);
  while (const auto arrival = taken->next())
    for_owner(record, pieces, arrival->arrival, [&](std::size_t piece) { ++work[piece].taken; });
}

void count_users(const RunRecord& record, const Source& source, const Pieces& pieces,
                 std::vector<MovedWork>& work) {
  const MovedShare& first = record.moved[pieces.front()];
  const nanoseconds idle = idle_from(record.agents[first.agent]);
  const LoadPlan before =
      scenarios::make_load_plan(record.scenario, source.share, nullptr, source.entry);
  for (const auto& user : before.users)
    for_owner(record, pieces, user.user, [&](std::size_t piece) {
      work[piece].idle_seconds +=
          seconds_between(std::max(user.start, idle), std::min(user.end, first.from));
      work[piece].due_seconds += seconds_between(std::max(user.start, first.from), user.end);
    });
  const LoadPlan after =
      scenarios::make_load_plan(record.scenario, source.share, nullptr, {first.from, first.ramp});
  for (const auto& user : after.users)
    for_owner(record, pieces, user.user, [&](std::size_t piece) {
      work[piece].taken_seconds += seconds_between(user.start, user.end);
    });
}

}  // namespace

nanoseconds idle_from(const AgentRecord& lost) {
  return lost.lease_end > nanoseconds{0} ? lost.lease_end : lost.lost_at;
}

std::vector<MovedWork> moved_work(const RunRecord& record) {
  std::vector<MovedWork> work(record.moved.size());
  if (std::holds_alternative<scenarios::TraceReplay>(record.scenario.load)) return work;
  const bool closed = std::holds_alternative<scenarios::ClosedUsers>(record.scenario.load);
  std::map<std::tuple<std::uint32_t, nanoseconds, nanoseconds>, Pieces> moments;
  for (std::size_t i = 0; i < record.moved.size(); ++i) {
    const MovedShare& moved = record.moved[i];
    moments[{moved.agent, moved.from, moved.ramp}].push_back(i);
  }
  for (const auto& [moment, all] : moments)
    for (const Source& source : sources_of(record, std::get<0>(moment))) {
      Pieces pieces;
      for (const std::size_t piece : all)
        if (lies_in(record.moved[piece].share, source.share)) pieces.push_back(piece);
      if (pieces.empty()) continue;
      for (const std::size_t piece : pieces) work[piece].known = true;
      if (closed)
        count_users(record, source, pieces, work);
      else
        count_arrivals(record, source, pieces, work);
    }
  return work;
}

}  // namespace squall::coordinator
