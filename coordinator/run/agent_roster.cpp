#include "coordinator/run/agent_roster.hpp"

#include <algorithm>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

RosterEntry* AgentRoster::on_hello(const actors::PeerId& peer, std::uint64_t epoch,
                                   const actors::Hello& hello, Instant now) {
  if (RosterEntry* known = find(peer, epoch)) return known;
  if (complete()) return nullptr;
  RosterEntry entry;
  entry.peer = peer;
  entry.record.hello = hello;
  entry.record.epoch = epoch;
  entry.last_heard = now;
  entries_.push_back(std::move(entry));
  return &entries_.back();
}

void AgentRoster::deal_shares() {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const RosterEntry& a, const RosterEntry& b) {
                     return a.record.hello.name < b.record.hello.name;
                   });
  for (std::size_t i = 0; i < entries_.size(); ++i)
    entries_[i].record.share = {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(wanted_)};
}

void AgentRoster::excuse(std::chrono::nanoseconds duration) {
  for (auto& entry : entries_) entry.last_heard += duration;
}

RosterEntry* AgentRoster::find(const actors::PeerId& peer, std::uint64_t epoch) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const RosterEntry& entry) {
    return entry.peer == peer && entry.record.epoch == epoch;
  });
  return found == entries_.end() ? nullptr : &*found;
}

RosterEntry* AgentRoster::find_by_process(std::uint64_t process_id) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const RosterEntry& entry) {
    return entry.record.hello.process_id == process_id;
  });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<RosterEntry*> AgentRoster::lose_silent(Instant now, std::chrono::nanoseconds limit) {
  std::vector<RosterEntry*> lost;
  for (auto& entry : entries_) {
    const auto silence = now - entry.last_heard;
    if (!entry.alive() || entry.seal_acknowledged || silence < limit) continue;
    entry.record.lost = "no sign of life for " + readable(silence);
    lost.push_back(&entry);
  }
  return lost;
}

}  // namespace squall::coordinator
