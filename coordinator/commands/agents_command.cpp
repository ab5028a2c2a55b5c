#include "coordinator/commands/agents_command.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>

#include "actors/bridge/zmq_link.hpp"
#include "actors/wire/message_codec.hpp"
#include "coordinator/commands/roster_text.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;
using SteadyClock = std::chrono::steady_clock;

namespace {

/// What arrived, from the link's thread to this one.
class Inbox {
 public:
  void put(Arrival arrival) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < most) waiting_.push_back(std::move(arrival));
    arrived_.notify_one();
  }
  /// Empty when nothing came until then.
  std::optional<Arrival> take(SteadyClock::time_point until) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_until(lock, until, [&] { return !waiting_.empty(); })) return std::nullopt;
    Arrival first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }

 private:
  static constexpr std::size_t most = 10'000;  // greetings are repeated; a flood is not kept
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Arrival> waiting_;
};

/// Whoever asks is nobody's agent; a number of its own keeps its answers apart.
std::uint64_t fresh_epoch() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

int print(const Roster& roster, bool json) {
  const std::string text = json
                               ? roster_json(roster) + "\n"
                               : roster_text(roster, terminal_width(stdout), colour_wanted(stdout));
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

DealerSecurity security_of(const AgentsOptions& options) {
  DealerSecurity security;
  security.allow_plain_anywhere = options.insecure;
  if (options.keys.empty()) return security;
  const std::filesystem::path folder = options.keys;
  security.own = read_key_pair(folder / "coordinator.key");
  security.coordinator_public = security.own->public_key;
  return security;
}

int ask_coordinator(const AgentsOptions& options, nanoseconds patience) {
  constexpr auto ask_again = 500ms;  // a question without a connection is dropped
  const auto until = SteadyClock::now() + patience;
  Inbox inbox;
  const auto link = connect_dealer(options.connect, security_of(options));
  link->start([&](Arrival arrival) { inbox.put(std::move(arrival)); });
  const std::uint64_t epoch = fresh_epoch();
  while (SteadyClock::now() < until) {
    link->send({}, encode({{}, epoch, AgentMessage{AskRoster{}}}));
    const auto arrival = inbox.take(std::min(until, SteadyClock::now() + ask_again));
    if (!arrival) continue;
    const auto decoded = decode(arrival->frame, Sender::coordinator);
    const auto* envelope = std::get_if<Envelope>(&decoded);
    if (envelope == nullptr) {
      std::fprintf(stderr, "squall: %s answers, but: %s\n", options.connect.c_str(),
                   std::get<DecodeError>(decoded).text.c_str());
      return 1;
    }
    const auto& message = std::get<CoordinatorMessage>(envelope->message);
    if (const auto* roster = std::get_if<Roster>(&message)) return print(*roster, options.json);
  }
  std::fprintf(stderr,
               "squall: no coordinator answered at %s within %s; is a run going on there? (with "
               "keys, --keys must name its folder)\n",
               options.connect.c_str(), readable(patience).c_str());
  return 1;
}

int hear_greetings(const AgentsOptions& options, nanoseconds patience) {
  const auto until = SteadyClock::now() + patience;
  Inbox inbox;
  const auto link = bind_router(options.listen, {options.keys, options.insecure});
  std::fprintf(stderr, "squall: listening at %s for %s\n", link->endpoint().c_str(),
               readable(patience).c_str());
  link->start([&](Arrival arrival) { inbox.put(std::move(arrival)); });
  std::map<std::uint64_t, std::pair<RosterLine, SteadyClock::time_point>> heard;  // by epoch
  constexpr std::size_t most_heard = 20'000;  // whoever greets draws an epoch for itself
  // A flood may not hold the end up, nor fill the memory.
  for (auto arrival = inbox.take(until); arrival && SteadyClock::now() < until;
       arrival = inbox.take(until)) {
    const auto decoded = decode(arrival->frame, Sender::agent);
    const auto* envelope = std::get_if<Envelope>(&decoded);
    if (envelope == nullptr) continue;
    const auto* hello = std::get_if<Hello>(&std::get<AgentMessage>(envelope->message));
    if (hello == nullptr) continue;
    if (heard.size() >= most_heard && !heard.contains(envelope->epoch)) continue;
    heard[envelope->epoch] = {{hello->name, hello->host, hello->tool_version, hello->labels,
                               "waits for a run", arrival->identity},
                              SteadyClock::now()};
    const Rejected later{"squall agents only looks who is there; no run yet", true};
    link->send(arrival->peer, encode({{}, envelope->epoch, CoordinatorMessage{later}}));
  }
  Roster roster;
  for (auto& [epoch, line] : heard) {
    line.first.last_heard = SteadyClock::now() - line.second;
    roster.agents.push_back(std::move(line.first));
  }
  std::ranges::sort(roster.agents, {}, &RosterLine::name);
  print(roster, options.json);
  return roster.agents.empty() ? 1 : 0;
}

}  // namespace

int agents_command(const AgentsOptions& options) {
  if (options.connect.empty() == options.listen.empty())
    throw UsageError(
        "squall agents asks a running coordinator (--connect tcp://HOST:PORT) or listens in its "
        "place (--listen tcp://ADDRESS:PORT); give one of them");
  const nanoseconds patience = waiting_time(options.wait);
  return options.listen.empty() ? ask_coordinator(options, patience)
                                : hear_greetings(options, patience);
}

}  // namespace squall::coordinator
