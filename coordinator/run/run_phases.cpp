#include "coordinator/run/run_phases.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr auto gather_limit = 15s;
constexpr auto prepare_limit = 10min;
constexpr auto download_limit = 6h;        // a download that stands still gives up much sooner
constexpr auto start_lead = 2s;            // so that the order to start reaches everyone in time
constexpr auto silence_limit = 4s;         // then an agent is dead; noticed within 5 s
constexpr auto calibration_time = 2s;      // agents measure what they can drive, then are ready
constexpr auto seal_limit = 10s;           // after the drain and what is asked again at rest
constexpr auto interrupt_grace = 2s;       // what is in flight may finish
constexpr auto early_seal_margin = 100ms;  // clocks differ by far less
constexpr auto own_stall = 500ms;  // a tick later than this is our own silence, not the agents'
constexpr int protocol_error_limit = 8;

}  // namespace

RunPhases::RunPhases(RunRecord record, std::size_t agents, Instant now)
    : record_(std::move(record)), roster_(agents), created_(now) {
  record_.timeline = MetricsTimeline(record_.scenario.phases, agents);
}

// ---- what agents say

ToAgents RunPhases::on_message(const PeerId& peer, std::uint64_t epoch, const std::string& run,
                               const AgentMessage& message, Instant now) {
  ToAgents out;
  if (finished_) {
    answer_latecomer(peer, epoch, message, out);
    return out;
  }
  if (const auto* hello = std::get_if<Hello>(&message)) {
    if (hello->tool_version != record_.tool_version) {
      out.push_back({peer, epoch,
                     Rejected{"it is version " + hello->tool_version +
                              ", the coordinator is version " + record_.tool_version}});
      return out;
    }
    RosterEntry* agent = roster_.on_hello(peer, epoch, *hello, now);
    if (agent == nullptr) {
      out.push_back({peer, epoch, Rejected{"this run has all its agents already"}});
      return out;
    }
    agent->last_heard = now;
    handle(*agent, *hello, now, out);
    return out;
  }
  RosterEntry* agent = roster_.find(peer, epoch);
  if (agent == nullptr || !agent->alive()) {
    out.push_back({peer, epoch, Rejected{"it does not take part in this run (any more)"}});
    return out;
  }
  if (run != record_.id) return out;  // left over from another run
  agent->last_heard = now;
  std::visit([&](const auto& each) { handle(*agent, each, now, out); }, message);
  return out;
}

void RunPhases::answer_latecomer(const PeerId& peer, std::uint64_t epoch,
                                 const AgentMessage& message, ToAgents& out) {
  // Our last word to it was lost: say it again, so that it need not wait for its own timeout.
  const RosterEntry* agent = roster_.find(peer, epoch);
  if (agent != nullptr && agent->seal_acknowledged && std::holds_alternative<Sealed>(message))
    out.push_back({peer, epoch, SealAcknowledged{}});
  else if (!std::holds_alternative<MetricsBatch>(message))
    out.push_back({peer, epoch, StopLoad{nanoseconds{0}}});
}

void RunPhases::handle(RosterEntry& agent, const Hello&, Instant now, ToAgents& out) {
  if (before_start_ == RunStage::gathering) {
    if (!roster_.complete()) return;
    roster_.deal_shares();
    before_start_ = RunStage::preparing;
    prepared_since_ = now;
    for (const auto& each : roster_.entries()) out.push_back(prepare_order(each));
    return;
  }
  // A repeated greeting: our answer was lost, or crossed it.
  out.push_back(prepare_order(agent));
}

ToAgent RunPhases::prepare_order(const RosterEntry& agent) const {
  return {agent.peer, agent.record.epoch,
          Prepare{record_.scenario_text, record_.scenario_file, agent.record.share}};
}

void RunPhases::handle(RosterEntry& agent, const Ready& message, Instant now, ToAgents& out) {
  if (agent.record.ready) {  // our answer was lost, or crossed it
    if (before_start_ == RunStage::starting) out.push_back(start_order(agent));
    return;
  }
  agent.record.ready = message;
  start_when_ready(now, out);
}

ToAgent RunPhases::start_order(const RosterEntry& agent) const {
  return {agent.peer, agent.record.epoch, StartAt{start_.time_since_epoch().count()}};
}

void RunPhases::start_when_ready(Instant now, ToAgents& out) {
  if (before_start_ != RunStage::preparing || stopping_) return;
  if (!roster_.all_alive([](const RosterEntry& agent) { return agent.record.ready.has_value(); }))
    return;
  before_start_ = RunStage::starting;
  start_ = now + start_lead;
  for (const auto& agent : roster_.entries()) out.push_back(start_order(agent));
}

void RunPhases::handle(RosterEntry& agent, const PrepareFailed& message, Instant now,
                       ToAgents& out) {
  agent.record.lost = "could not prepare";
  break_run(message.message, message.user_can_fix, now, out);
}

void RunPhases::handle(RosterEntry& agent, const Started& message, Instant, ToAgents&) {
  if (!agent.record.started) agent.record.started = message;
}

void RunPhases::handle(RosterEntry& agent, const MetricsBatch& message, Instant, ToAgents& out) {
  // In sequence only: a gap means that an earlier batch was lost and will be sent again.
  if (message.sequence == agent.record.batches + 1) {
    record_.timeline.add(agent.record.share.index, message.snapshot);
    ++agent.record.batches;
  }
  out.push_back({agent.peer, agent.record.epoch, BatchAcknowledged{agent.record.batches}});
}

void RunPhases::handle(RosterEntry& agent, const Heartbeat&, Instant now, ToAgents& out) {
  out.push_back({agent.peer, agent.record.epoch, LeaseRenewed{agent.record.batches}});
  // An order to stop early may have been lost; agents that heard it lose nothing by hearing it
  // again.
  if (stopped_early_ && !agent.seal_acknowledged)
    out.push_back({agent.peer, agent.record.epoch,
                   StopLoad{std::max(nanoseconds{0}, early_stop_end_ - now)}});
}

void RunPhases::handle(RosterEntry& agent, const Sealed& message, Instant now, ToAgents& out) {
  if (message.batches != agent.record.batches) return;  // the missing ones are being resent
  agent.record.sealed = message;
  agent.seal_acknowledged = true;
  out.push_back({agent.peer, agent.record.epoch, SealAcknowledged{}});
  const auto& phases = record_.scenario.phases;
  if (!stopped_early_ && now < start_ + phases.warm_up + phases.measure - early_seal_margin) {
    // Balanced figures of a part of the run are still not the run.
    record_.broken = "agent " + agent.record.hello.name +
                     " stopped before its plan was done: it had not heard from the coordinator "
                     "for 3 s";
    stopping_ = true;
    give_up_at_ = now + seal_limit;
    stop_early(nanoseconds{0}, now, out);
  }
  finish_when_sealed();
}

void RunPhases::handle(RosterEntry& agent, const ClockProbe& message, Instant now, ToAgents& out) {
  const std::int64_t instant = now.time_since_epoch().count();
  out.push_back({agent.peer, agent.record.epoch, ClockReply{message.sent, instant, instant}});
}

// ---- what goes wrong

ToAgents RunPhases::on_protocol_error(const PeerId& peer, const std::string& why, Instant now) {
  ToAgents out;
  bool known = false;
  for (auto& agent : roster_.entries()) {
    known |= agent.peer == peer;
    if (agent.peer != peer || !agent.alive()) continue;
    if (++agent.protocol_errors < protocol_error_limit) continue;
    agent.record.lost = "speaks what is not Squall's protocol: " + why;
    agent_lost(agent, now, out);
  }
  // A stranger, perhaps of another version: an answer, so that it need not wait for its timeout.
  if (!known) out.push_back({peer, 0, Rejected{why}});
  return out;
}

ToAgents RunPhases::on_process_ended(std::uint64_t process_id, const std::string& how,
                                     Instant now) {
  ToAgents out;
  if (finished_) return out;
  RosterEntry* agent = roster_.find_by_process(process_id);
  if (agent == nullptr) {
    break_run("a local agent ended before it joined: " + how, false, now, out);
  } else if (agent->alive() && !agent->seal_acknowledged) {
    agent->record.lost = "its process ended: " + how;
    agent_lost(*agent, now, out);
  }
  return out;
}

void RunPhases::agent_lost(const RosterEntry& agent, Instant now, ToAgents& out) {
  if (before_start_ != RunStage::starting) {
    break_run(
        "agent " + agent.record.hello.name + " was lost before the start: " + *agent.record.lost,
        false, now, out);
    return;
  }
  // No scenario tolerates a loss yet, so the run fails at once and cleanly.
  record_.began = record_.began || now >= start_;
  if (!record_.broken)
    record_.broken = "agent " + agent.record.hello.name + " was lost: " + *agent.record.lost;
  if (!stopping_) {
    stopping_ = true;
    give_up_at_ = now + seal_limit;
    stop_early(nanoseconds{0}, now, out);
  }
  finish_when_sealed();
}

void RunPhases::break_run(std::string why, bool by_user, Instant now, ToAgents& out) {
  if (!record_.broken) {
    record_.broken = std::move(why);
    broken_by_user_ = by_user;
  }
  stop_early(nanoseconds{0}, now, out);
  finished_ = true;
}

void RunPhases::stop_early(nanoseconds grace, Instant now, ToAgents& out) {
  stopped_early_ = true;
  early_stop_end_ = now + grace;
  record_.timeline.end_measuring_at(elapsed(now));
  for (const auto& agent : roster_.entries())
    if (agent.alive() && !agent.seal_acknowledged)
      out.push_back({agent.peer, agent.record.epoch, StopLoad{grace}});
}

ToAgents RunPhases::on_interrupt(Instant now) {
  ToAgents out;
  if (finished_ || record_.interrupted) return out;
  record_.interrupted = true;
  if (before_start_ != RunStage::starting || now < start_) {
    break_run("interrupted before the load began", false, now, out);
    return out;
  }
  stopping_ = true;
  give_up_at_ = now + interrupt_grace + seal_limit;
  stop_early(std::min<nanoseconds>(interrupt_grace, record_.scenario.phases.drain), now, out);
  return out;
}

// ---- time

ToAgents RunPhases::on_tick(Instant now) {
  ToAgents out;
  if (finished_) return out;
  if (const auto since = now - last_tick_; last_tick_ != Instant{} && since > own_stall)
    roster_.excuse(since);
  last_tick_ = now;
  for (const RosterEntry* agent : roster_.lose_silent(now, silence_limit))
    agent_lost(*agent, now, out);
  if (finished_) return out;
  if (before_start_ == RunStage::gathering && now - created_ >= gather_limit) {
    break_run(std::to_string(roster_.entries().size()) + " of " + std::to_string(roster_.wanted()) +
                  " agents joined within 15 s",
              false, now, out);
  } else if (before_start_ == RunStage::preparing &&
             now - prepared_since_ >= limit_of_preparing()) {
    break_run("the agents were not ready within " + readable(limit_of_preparing()), false, now,
              out);
  } else if (before_start_ == RunStage::starting) {
    const auto& phases = record_.scenario.phases;
    if (now >= start_ && !stopping_) record_.began = true;
    if (!stopping_ && now >= start_ + phases.warm_up + phases.measure) {
      stopping_ = true;  // agents stop by their own plan; this only bounds the wait
      give_up_at_ = now + phases.drain + asking_again() + seal_limit;
    }
    if (stopping_ && now >= give_up_at_) {
      for (auto& agent : roster_.entries())
        if (agent.alive() && !agent.seal_acknowledged) {
          agent.record.lost = "did not seal its figures in time";
          agent_lost(agent, now, out);
        }
    }
  }
  return out;
}

nanoseconds RunPhases::limit_of_preparing() const {
  const bool downloads = !record_.scenario.target.sources.empty();
  return calibration_time + (downloads ? nanoseconds(download_limit) : nanoseconds(prepare_limit));
}

nanoseconds RunPhases::asking_again() const {
  const auto& accuracy = record_.scenario.accuracy;
  return accuracy.sample > 0 ? accuracy.time_limit : nanoseconds{0};
}

void RunPhases::finish_when_sealed() {
  if (before_start_ != RunStage::starting) return;
  if (roster_.all_alive([](const RosterEntry& agent) { return agent.seal_acknowledged; }))
    finished_ = true;
}

RunStage RunPhases::stage(Instant now) const {
  if (finished_) return RunStage::finished;
  if (before_start_ != RunStage::starting) return before_start_;
  const auto& phases = record_.scenario.phases;
  if (now < start_) return RunStage::starting;
  if (stopping_ || now >= start_ + phases.warm_up + phases.measure) return RunStage::draining;
  return now < start_ + phases.warm_up ? RunStage::warming_up : RunStage::measuring;
}

nanoseconds RunPhases::elapsed(Instant now) const {
  if (before_start_ != RunStage::starting || now < start_) return nanoseconds{0};
  return now - start_;
}

RunRecord RunPhases::final_record() const {
  RunRecord record = record_;
  for (const auto& agent : roster_.entries()) record.agents.push_back(agent.record);
  return record;
}

}  // namespace squall::coordinator
