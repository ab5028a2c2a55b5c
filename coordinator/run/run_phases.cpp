#include "coordinator/run/run_phases.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "coordinator/run/agents/roster_lines.hpp"

// What agents and strangers say, and what is answered. What follows from it for the run is in
// run_course.cpp.

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr std::uint64_t batch_window = 32;  // that an agent may have sent beyond what is kept
constexpr auto acknowledge_after = 400ms;   // of the answer before, unless much is untold
constexpr auto early_seal_margin = 100ms;   // clocks differ by far less
constexpr int protocol_error_limit = 8;
constexpr std::uint32_t answers_to_strangers = 50;  // a second
constexpr auto late_start_limit = 1s;  // an agent that hears of the start later cannot make it up

}  // namespace

RunPhases::RunPhases(RunRecord record, Gathering gathering, FabricTimes times, Instant now)
    : run_(std::move(record)),
      times_(times),
      host_(gathering.host),
      gathering_(std::move(gathering), run_.so_far().scenario.agents, now),
      allowance_(answers_to_strangers) {
  const RunRecord& opened = run_.so_far();
  steps_.keep.push_back(RunOpened{opened.id, opened.tool_version, opened.started_at,
                                  opened.scenario_file, opened.scenario_text, opened.endpoint,
                                  opened.security, opened.boot,
                                  static_cast<std::uint32_t>(gathering_.wanted())});
}

// ---- what is written down

void RunPhases::absorb(const RunEntry& entry) {
  run_.take(entry);
  std::visit([this](const auto& each) { remember(each); }, entry);
}

void RunPhases::keep(RunEntry&& entry) {
  absorb(entry);
  if (unwritten_.empty()) steps_.keep.push_back(std::move(entry));
}

void RunPhases::remember(const AgentJoined& entry) {
  if (entry.agent < roster_.entries().size())
    roster_.replace(roster_.at(entry.agent), entry.epoch, entry.hello);
  else
    roster_.add(entry.identity, entry.epoch, entry.hello);
}

void RunPhases::remember(const StartDecided& entry) {
  before_start_ = RunStage::starting;
  start_ = Instant(nanoseconds(entry.instant));
}

void RunPhases::remember(const AgentGivenUp& entry) {
  roster_.mark_lost(roster_.at(entry.agent));
  if (loading() && !stopping_)
    moves_.lost(entry.agent, Instant(nanoseconds(entry.lease_end)) + times_.lease_margin);
}

void RunPhases::remember(const LoadStopped& entry) {
  moves_.end();
  const Instant at(nanoseconds(entry.at));
  if (!loading() || at < plan_end()) stopped_early_ = true;
}

// ---- what is said

void RunPhases::say_to(const PeerId& peer, std::uint64_t epoch, CoordinatorMessage message) {
  steps_.say.push_back({peer, epoch, std::move(message)});
}

void RunPhases::say(const RosterEntry& agent, CoordinatorMessage message) {
  // One that did not find back yet hears it when it does: what matters is said again.
  if (!agent.peer.empty()) say_to(agent.peer, agent.epoch, std::move(message));
}

void RunPhases::say_start(const RosterEntry& agent, Instant now) {
  if (now < start_ + late_start_limit) say(agent, StartAt{start_.time_since_epoch().count()});
}

void RunPhases::say_stop(const RosterEntry& agent, Instant now) {
  say(agent, StopLoad{std::max(nanoseconds{0}, early_stop_end_ - now)});
}

void RunPhases::say_acknowledged(RosterEntry& agent, Instant now) {
  say(agent, BatchAcknowledged{tell_kept(agent, now)});
}

std::uint64_t RunPhases::tell_kept(RosterEntry& agent, Instant now) {
  agent.told_at = now;
  return agent.told = record_of(agent).batches;
}

/// One answer serves what came within acknowledge_after. Nobody waits for it longer than that, and
/// an agent that reports once a second hears at once.
void RunPhases::say_what_is_kept(RosterEntry& agent, Instant now) {
  const std::uint64_t untold = record_of(agent).batches - agent.told;
  const bool waited = agent.told_at == Instant{} || now - agent.told_at >= acknowledge_after;
  if (waited || untold >= batch_window / 4 || stopping_ || agent.lost) say_acknowledged(agent, now);
}

void RunPhases::reject(const PeerId& peer, std::uint64_t epoch, Rejected why, Instant now) {
  if (allowance_.take(now)) say_to(peer, epoch, std::move(why));
}

Steps RunPhases::taken() { return std::exchange(steps_, Steps{}); }

const AgentRecord& RunPhases::record_of(const RosterEntry& agent) const {
  return record().agents[agent.number];
}

const std::string& RunPhases::name_of(const RosterEntry& agent) const {
  return record_of(agent).hello.name;
}

actors::Roster RunPhases::who(Instant now) const {
  Roster roster{record().id, record().scenario.name, coordinator::name_of(stage(now)), {}};
  roster.agents = before_start_ == RunStage::gathering
                      ? roster_lines(gathering_, now)
                      : roster_lines(roster_, record(), times_, now);
  return roster;
}

// ---- who speaks

Steps RunPhases::on_message(const PeerId& peer, const std::string& identity, std::uint64_t epoch,
                            const std::string& run, AgentMessage&& message, Instant now) {
  if (std::holds_alternative<AskRoster>(message)) {
    if (allowance_.take(now)) say_to(peer, epoch, who(now));
    return taken();
  }
  RosterEntry* agent = roster_.find(epoch);
  if (roster_.is_replaced(epoch)) {
    reject(peer, epoch, {"it was started again since, with the same key"}, now);
  } else if (agent == nullptr) {
    if (const auto* hello = std::get_if<Hello>(&message))
      greet(peer, identity, epoch, run, *hello, now);
    else
      reject(peer, epoch, {"it does not take part in this run"}, now);
  } else if (agent->identity != identity) {
    reject(peer, epoch, {"another agent is known by its epoch; start it again"}, now);
  } else if (!agent->refused.empty()) {
    reject(peer, epoch, {agent->refused}, now);
  } else if (!run.empty() && run != record().id) {
    reject(peer, epoch, {"this is run " + record().id + ", not " + run}, now);
  } else {
    roster_.heard(*agent, peer, now);
    if (finished_)
      hear_late(peer, epoch, message);
    else if (!unwritten_.empty())
      hear_unwritten(*agent, message, now);
    else if (agent->lost)
      hear_lost(*agent, message, now);
    else
      std::visit([&](auto& each) { handle(*agent, each, now); }, message);
  }
  return taken();
}

void RunPhases::greet(const PeerId& peer, const std::string& identity, std::uint64_t epoch,
                      const std::string& run, const Hello& hello, Instant now) {
  const auto turn_away = [&](std::string reason, bool may_come_again) {
    reject(peer, epoch, {std::move(reason), may_come_again}, now);
  };
  if (hello.tool_version != record().tool_version)
    return turn_away("it is version " + hello.tool_version + ", the coordinator is version " +
                         record().tool_version,
                     false);
  if (!run.empty()) return turn_away("this is run " + record().id + ", not " + run, false);
  if (finished_) return turn_away("run " + record().id + " is over", true);
  if (before_start_ != RunStage::gathering) {
    // With the same key: it was started again, so what it was before can be no more.
    RosterEntry* before = roster_.find_identity(identity);
    if (before != nullptr && before->refused.empty() && !loading())
      return replace(*before, peer, epoch, hello, now);
    turn_away("run " + record().id + " is under way", true);
    if (before != nullptr && !before->lost && !before->sealed && unwritten_.empty())
      lose(*before, "was started again", now);
    return;
  }
  if (auto rejected = gathering_.on_hello(peer, identity, epoch, hello, now))
    return reject(peer, epoch, std::move(*rejected), now);
  say_to(peer, epoch, BatchAcknowledged{0});  // welcome: others are still to come
  if (gathering_.complete(now)) begin_preparing(now);
}

void RunPhases::replace(RosterEntry& agent, const PeerId& peer, std::uint64_t epoch,
                        const Hello& hello, Instant now) {
  const auto share = record_of(agent).share;
  keep(AgentJoined{agent.number, epoch, agent.identity, hello});
  keep(ShareDealt{agent.number, share});
  roster_.heard(agent, peer, now);
  handle(agent, hello, now);
}

void RunPhases::hear_late(const PeerId& peer, std::uint64_t epoch, const AgentMessage& message) {
  // Our last word to it was lost: say it again, so that it need not wait for its own timeout.
  const RosterEntry& agent = *roster_.find(epoch);
  if (!unwritten_.empty())  // a seal that is known may be among what could not be written
    say_to(peer, epoch, Rejected{unwritten_});
  else if (agent.sealed && record_of(agent).sealed)
    say_to(peer, epoch, SealAcknowledged{});
  else if (std::holds_alternative<Sealed>(message))
    say_to(peer, epoch, Rejected{"run " + record().id + " is over; its figures came too late"});
  else if (!std::holds_alternative<MetricsBatch>(message))
    say_to(peer, epoch, StopLoad{nanoseconds{0}});
}

void RunPhases::hear_lost(RosterEntry& agent, AgentMessage& message, Instant now) {
  if (std::holds_alternative<MetricsBatch>(message) || std::holds_alternative<Sealed>(message) ||
      std::holds_alternative<ClockProbe>(message)) {
    std::visit([&](auto& each) { handle(agent, each, now); }, message);
    return;
  }
  // It hands over what it has, and gets nothing more to do. No lease is renewed.
  say(agent, StopLoad{nanoseconds{0}});
  if (agent.sealed)
    say(agent, SealAcknowledged{});
  else
    say_acknowledged(agent, now);
}

void RunPhases::hear_unwritten(RosterEntry& agent, const AgentMessage& message, Instant now) {
  if (std::holds_alternative<Sealed>(message)) {
    roster_.mark_sealed(agent);
    say(agent, Rejected{unwritten_});
    finish_when_sealed(now);
  } else if (!std::holds_alternative<MetricsBatch>(message)) {
    say_stop(agent, now);
  }
}

// ---- what agents of this run say

void RunPhases::handle(RosterEntry& agent, const Hello&, Instant now) {
  // A repeated greeting: our answer was lost, or crossed it; or the agent found back to its run.
  if (!agent.ready) {
    const AgentRecord& known = record_of(agent);
    return say(agent, Prepare{record().scenario_text, record().scenario_file, known.share});
  }
  if (agent.sealed) return say(agent, SealAcknowledged{});
  say_acknowledged(agent, now);
  if (stopped_early_) return say_stop(agent, now);
  if (loading() && !agent.started) say_start(agent, now);
}

void RunPhases::handle(RosterEntry& agent, Ready& message, Instant now) {
  if (agent.ready) {  // our answer was lost, or crossed it
    if (!loading() || agent.started || stopped_early_) return;
    if (now >= start_ + late_start_limit)
      return lose(agent, "did not hear in time that the load begins", now);
    return say_start(agent, now);
  }
  keep(AgentReady{agent.number, std::move(message)});
  start_when_ready(now);
}

void RunPhases::handle(RosterEntry& agent, PrepareFailed& message, Instant now) {
  if (loading()) return lose(agent, "could not prepare: " + message.message, now);
  keep(AgentGivenUp{agent.number, now.time_since_epoch().count(), "could not prepare"});
  break_run(message.message, message.user_can_fix, now);
}

void RunPhases::handle(RosterEntry& agent, Started& message, Instant) {
  if (loading() && !record_of(agent).started) keep(AgentStarted{agent.number, message});
}

void RunPhases::handle(RosterEntry& agent, MetricsBatch& message, Instant now) {
  const std::uint64_t kept = record_of(agent).batches;
  if (!loading() || agent.sealed) return say_acknowledged(agent, now);
  if (message.sequence > kept + batch_window) {
    on_error_of(
        agent,
        "batch " + std::to_string(message.sequence) + " when " + std::to_string(kept) + " are kept",
        now);
    return;
  }
  // In sequence only: a gap means that an earlier batch was lost and will be sent again.
  if (message.sequence != kept + 1) return say_acknowledged(agent, now);
  keep(RunEntry(std::in_place_type<BatchKept>, agent.number, std::move(message)));
  say_what_is_kept(agent, now);
}

void RunPhases::handle(RosterEntry& agent, Heartbeat& message, Instant now) {
  agent.last_renewed = now;
  if (message.unacknowledged > batch_window)
    on_error_of(agent, std::to_string(message.unacknowledged) + " batches on their way", now);
  if (agent.lost) return;
  say(agent, LeaseRenewed{tell_kept(agent, now), message.sent});
  // Orders may have been lost; hearing them again does no harm.
  if (stopped_early_) return say_stop(agent, now);
  for (TakeOver& order : moves_.unconfirmed(agent.number)) say(agent, std::move(order));
  if (loading() && agent.ready && !agent.started) say_start(agent, now);
}

void RunPhases::handle(RosterEntry& agent, Sealed& message, Instant now) {
  const AgentRecord& known = record_of(agent);
  if (known.sealed) return say(agent, SealAcknowledged{});
  if (message.batches > known.batches)
    return say_acknowledged(agent, now);  // they are being resent
  if (message.batches < known.batches || !loading()) {
    on_error_of(agent,
                "a seal over " + std::to_string(message.batches) + " batches when " +
                    std::to_string(known.batches) + " are kept",
                now);
    return;
  }
  const bool asked = stopped_early_ || agent.lost;
  const bool early =
      !asked && (!message.stopped_because.empty() || now < plan_end() - early_seal_margin);
  const std::string why = message.stopped_because;
  keep(SealKept{agent.number, std::move(message)});
  say(agent, SealAcknowledged{});
  // Balanced figures of a part of the run are still not the run.
  if (early) lose(agent, "stopped before its plan was done" + (why.empty() ? "" : ": " + why), now);
  finish_when_sealed(now);
}

void RunPhases::handle(RosterEntry& agent, ClockProbe& message, Instant now) {
  const std::int64_t instant = now.time_since_epoch().count();
  say(agent, ClockReply{message.sent, instant, instant});
}

void RunPhases::handle(RosterEntry& agent, TookOver& message, Instant) {
  if (moves_.took_over(agent.number, message.number))
    keep(ShareTaken{agent.number, message.number});
}

// ---- what is not believed

Steps RunPhases::on_protocol_error(const PeerId& peer, const std::string& why, Instant now) {
  RosterEntry* agent = roster_.find_peer(peer);
  if (agent != nullptr) {
    on_error_of(*agent, why, now);
    return taken();
  }
  run_.count_protocol_error();
  // A stranger, perhaps of another version: an answer, so that it need not wait for its timeout.
  reject(peer, 0, {why}, now);
  return taken();
}

void RunPhases::on_error_of(RosterEntry& agent, const std::string& why, Instant now) {
  run_.count_protocol_error();
  if (++agent.protocol_errors < protocol_error_limit || !agent.refused.empty()) return;
  agent.refused = "speaks what is not Squall's protocol: " + why;
  if (!finished_ && !agent.lost && !agent.sealed) lose(agent, agent.refused, now);
}

Steps RunPhases::on_revoked(const std::string& identity, Instant now) {
  gathering_.drop_identity(identity);
  RosterEntry* agent = roster_.find_identity(identity);
  if (agent == nullptr) return taken();
  agent->refused = "its key was revoked";
  if (!finished_ && !agent->lost && !agent->sealed) lose(*agent, agent->refused, now);
  return taken();
}

Steps RunPhases::on_process_ended(std::uint64_t process_id, const std::string& how, Instant now) {
  if (finished_) return taken();
  const bool gathering = before_start_ == RunStage::gathering;
  RosterEntry* agent = roster_.find_process(process_id, host_);
  if (gathering || agent == nullptr)
    break_run(process_id == 0 ? "an agent that was to take part ended before all were there: " + how
              : gathering && gathering_.find_by_process(process_id) != nullptr
                  ? "a local agent ended while the others were still to join: " + how
                  : "a local agent ended before it joined: " + how,
              false, now);
  else if (!agent->lost && !agent->sealed)
    lose(*agent, "its process ended: " + how, now);
  return taken();
}

}  // namespace squall::coordinator
