#include "coordinator/run/agents/agent_roster.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace squall::coordinator {

namespace {

constexpr std::size_t former_peers_kept = 4;

template <class Map, class Key>
RosterEntry* look_up(const Map& map, const Key& key, std::vector<RosterEntry>& entries) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &entries[found->second];
}

}  // namespace

RosterEntry& AgentRoster::add(std::string identity, std::uint64_t epoch,
                              const actors::Hello& hello) {
  RosterEntry entry;
  entry.number = static_cast<std::uint32_t>(entries_.size());
  entry.identity = std::move(identity);
  entry.epoch = epoch;
  entry.process_id = hello.process_id;
  entry.host = hello.host;
  by_epoch_.emplace(epoch, entry.number);
  if (!entry.identity.empty()) by_identity_.emplace(entry.identity, entry.number);
  entries_.push_back(std::move(entry));
  ++unready_;
  ++unsealed_;
  return entries_.back();
}

void AgentRoster::replace(RosterEntry& agent, std::uint64_t epoch, const actors::Hello& hello) {
  by_epoch_.erase(agent.epoch);
  replaced_.insert(agent.epoch);
  agent.epoch = epoch;
  agent.process_id = hello.process_id;
  agent.host = hello.host;
  by_epoch_.emplace(epoch, agent.number);
  if (std::exchange(agent.ready, false) && !agent.lost) ++unready_;
}

RosterEntry* AgentRoster::find(std::uint64_t epoch) { return look_up(by_epoch_, epoch, entries_); }

RosterEntry* AgentRoster::find_peer(const actors::PeerId& peer) {
  return look_up(by_peer_, peer, entries_);
}

RosterEntry* AgentRoster::find_identity(const std::string& identity) {
  return identity.empty() ? nullptr : look_up(by_identity_, identity, entries_);
}

RosterEntry* AgentRoster::find_process(std::uint64_t process_id, const std::string& host) {
  const auto found = std::ranges::find_if(entries_, [&](const RosterEntry& entry) {
    return entry.process_id == process_id && (host.empty() || entry.host == host);
  });
  return found == entries_.end() ? nullptr : &*found;
}

void AgentRoster::heard(RosterEntry& agent, const actors::PeerId& peer, Instant now) {
  agent.last_heard = std::max(agent.last_heard, now);
  agent.heard_since_lost = agent.lost;
  if (peer == agent.peer) return;
  // Whoever spoke last is answered. Frames of a former connection may still come, and without keys
  // anybody can repeat what an agent once said: its next message brings the answers back to it.
  std::erase(agent.former_peers, peer);
  if (!agent.peer.empty()) agent.former_peers.push_back(std::move(agent.peer));
  if (agent.former_peers.size() > former_peers_kept) {
    by_peer_.erase(agent.former_peers.front());
    agent.former_peers.erase(agent.former_peers.begin());
  }
  agent.peer = peer;
  agent.told = 0;
  agent.told_at = Instant{};
  by_peer_[peer] = agent.number;
}

void AgentRoster::mark_ready(RosterEntry& agent) {
  if (!std::exchange(agent.ready, true) && !agent.lost) --unready_;
}

void AgentRoster::mark_sealed(RosterEntry& agent) {
  if (!std::exchange(agent.sealed, true) && !agent.lost) --unsealed_;
}

void AgentRoster::mark_lost(RosterEntry& agent) {
  if (std::exchange(agent.lost, true)) return;
  ++lost_;
  unready_ -= agent.ready ? 0 : 1;
  unsealed_ -= agent.sealed ? 0 : 1;
}

void AgentRoster::excuse(nanoseconds duration, Instant now) {
  for (auto& entry : entries_)
    if (entry.last_heard < now) entry.last_heard = std::min(entry.last_heard + duration, now);
}

std::vector<std::uint32_t> AgentRoster::silent(Instant now, nanoseconds limit) const {
  std::vector<std::uint32_t> silent;
  for (const auto& entry : entries_)
    if (!entry.lost && !entry.sealed && now - entry.last_heard >= limit)
      silent.push_back(entry.number);
  return silent;
}

}  // namespace squall::coordinator
