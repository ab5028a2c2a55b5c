// The course of a run: when it begins, when it is over, and what a loss means for it. What agents
// say is in run_phases.cpp.

#include <algorithm>
#include <utility>

#include "coordinator/run/run_phases.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr auto prepare_limit = 10min;
constexpr auto download_limit = 6h;    // a download that stands still gives up much sooner
constexpr auto start_lead = 2s;        // so that the order to start reaches everyone in time
constexpr auto take_over_lead = 2s;    // likewise for orders to take work over
constexpr auto calibration_time = 2s;  // agents measure what they can drive, then are ready
constexpr auto seal_limit = 10s;       // after the drain and what is asked again at rest
constexpr auto interrupt_grace = 2s;   // what is in flight may finish
constexpr auto own_stall = 500ms;      // a tick later than this is our own silence

std::int64_t count_of(Instant instant) { return instant.time_since_epoch().count(); }

nanoseconds limit_of_preparing(const scenarios::Scenario& scenario) {
  const bool downloads = !scenario.target.sources.empty();
  return calibration_time + (downloads ? nanoseconds(download_limit) : nanoseconds(prepare_limit));
}

/// Agents ask sampled prompts again at rest, after the drain.
nanoseconds asking_again(const scenarios::Scenario& scenario) {
  return scenario.accuracy.sample > 0 ? scenario.accuracy.time_limit : nanoseconds{0};
}

/// The newest instant that any entry tells of: at least until then somebody conducted the run.
Instant last_told(const std::vector<RunEntry>& entries, Instant start) {
  Instant last;
  const auto told = [&](Instant at) { last = std::max(last, at); };
  const auto told_at = [&](std::int64_t at) { told(Instant(nanoseconds(at))); };
  for (const RunEntry& entry : entries) {
    if (const auto* decided = std::get_if<StartDecided>(&entry))
      told_at(decided->instant - nanoseconds(start_lead).count());
    if (const auto* kept = std::get_if<BatchKept>(&entry)) told(start + kept->batch.snapshot.to);
    if (const auto* lost = std::get_if<AgentGivenUp>(&entry)) told_at(lost->at);
    if (const auto* moved = std::get_if<ShareMoved>(&entry))
      told(start + moved->order.from - take_over_lead);
    if (const auto* stopped = std::get_if<LoadStopped>(&entry)) told_at(stopped->at);
    if (const auto* resumed = std::get_if<CoordinatorResumed>(&entry)) told_at(resumed->at);
  }
  return last;
}

}  // namespace

// ---- from the gathering to the start

void RunPhases::begin_preparing(Instant now) {
  before_start_ = RunStage::preparing;
  prepared_since_ = now;
  for (Placement& each : gathering_.deal()) {
    const auto number = static_cast<std::uint32_t>(roster_.entries().size());
    const Candidate& candidate = each.candidate;
    keep(AgentJoined{number, candidate.epoch, candidate.identity, candidate.hello});
    keep(ShareDealt{number, each.share});
    roster_.heard(roster_.at(number), candidate.peer, candidate.last_heard);
    say(roster_.at(number), Prepare{record().scenario_text, record().scenario_file, each.share});
  }
}

void RunPhases::start_when_ready(Instant now) {
  if (before_start_ != RunStage::preparing || stopping_ || !roster_.all_ready()) return;
  if (needs_resolution(record().scenario, threshold_inputs_)) {
    auto resolved = resolve_thresholds(record(), threshold_inputs_);
    keep(ThresholdsResolved{std::move(resolved.thresholds), std::move(resolved.notes)});
  }
  keep(StartDecided{count_of(now + start_lead)});
  for (RosterEntry& agent : roster_.entries()) say_start(agent, now);
}

// ---- how it ends

Instant RunPhases::plan_end() const {
  const auto& phases = record().scenario.phases;
  return start_ + phases.warm_up + phases.measure;
}

void RunPhases::lose(RosterEntry& agent, const std::string& why, Instant now) {
  if (agent.lost || finished_) return;
  const bool leased = agent.last_renewed != Instant{};
  keep(AgentGivenUp{agent.number, count_of(now), why,
                    leased ? count_of(agent.last_renewed + times_.lease) : 0});
  const std::string told = "agent " + name_of(agent) + " was lost";
  if (!loading()) return break_run(told + " before the start: " + why, false, now);
  const bool tolerated = roster_.lost() <= record().scenario.agents.may_lose && roster_.alive() > 0;
  if (!tolerated) fail(told + ": " + why, now);
  finish_when_sealed(now);
}

void RunPhases::fail(const std::string& why, Instant now) {
  if (stopping_) {  // it ends anyway; what is open may finish as it was to
    if (!record().broken) keep(LoadStopped{count_of(now), false, why});
    return;
  }
  stop_load(false, why, nanoseconds{0}, now);
}

void RunPhases::stop_load(bool interrupted, const std::string& why, nanoseconds grace,
                          Instant now) {
  keep(LoadStopped{count_of(now), interrupted, why});
  stopping_ = true;
  stopped_early_ = true;
  early_stop_end_ = now + grace;
  give_up_at_ = early_stop_end_ + seal_limit;
  for (const RosterEntry& agent : roster_.entries())
    if (!agent.lost && !agent.sealed) say_stop(agent, now);
}

void RunPhases::break_run(const std::string& why, bool by_user, Instant now) {
  broken_by_user_ = by_user && !record().broken;
  for (const auto& [epoch, candidate] : gathering_.candidates())
    if (roster_.entries().empty()) say_to(candidate.peer, epoch, StopLoad{nanoseconds{0}});
  stop_load(false, why, nanoseconds{0}, now);
  finish(now);
}

Steps RunPhases::on_interrupt(Instant now) {
  if (finished_ || record().interrupted) return taken();
  if (!loading() || now < start_) {
    keep(LoadStopped{count_of(now), true, ""});
    break_run("interrupted before the load began", false, now);
  } else {
    stop_load(true, "", std::min<nanoseconds>(interrupt_grace, record().scenario.phases.drain),
              now);
  }
  return taken();
}

Steps RunPhases::on_journal_failed(const std::string& why, Instant now) {
  unwritten_ = "the run's journal cannot be written, so nothing can be acknowledged: " + why;
  run_.break_off(unwritten_);
  steps_.say.clear();  // of steps that nobody took yet: they may promise what is not kept
  if (finished_) return taken();
  if (loading())
    stop_load(false, unwritten_, nanoseconds{0}, now);
  else
    break_run(unwritten_, false, now);
  return taken();
}

bool RunPhases::someone_hands_over(Instant now) const {
  if (stopping_ && now >= give_up_at_) return false;
  return std::ranges::any_of(roster_.entries(), [&](const RosterEntry& agent) {
    return agent.lost && !agent.sealed && agent.refused.empty() && agent.heard_since_lost &&
           now - agent.last_heard < times_.suspect_after;
  });
}

void RunPhases::finish_when_sealed(Instant now) {
  if (finished_ || !loading() || !roster_.all_sealed() || someone_hands_over(now)) return;
  finish(now);
}

void RunPhases::finish(Instant now) {
  const RunRecord& so_far = record();
  keep(RunFinished{count_of(now), so_far.turned_away, so_far.protocol_errors});
}

void RunPhases::on_turned_away(const LinkCounters& counters) {
  if (!finished_) run_.note_turned_away(counters);
}

// ---- time

Steps RunPhases::on_tick(Instant now) {
  if (finished_) return taken();
  if (const auto since = now - last_tick_; last_tick_ != Instant{} && since > own_stall) {
    roster_.excuse(since, now);
    gathering_.excuse(since, now);
  }
  last_tick_ = now;
  if (before_start_ == RunStage::gathering) {
    gathering_.drop_silent(now, times_.dead_after);
    if (const std::string why = gathering_.given_up(now); !why.empty())
      break_run(why, false, now);
    else if (gathering_.complete(now))
      begin_preparing(now);
    return taken();
  }
  for (const std::uint32_t number : roster_.silent(now, times_.dead_after)) {
    RosterEntry& agent = roster_.at(number);
    lose(agent, "no sign of life for " + readable(now - agent.last_heard), now);
  }
  if (finished_) return taken();
  const nanoseconds limit = limit_of_preparing(record().scenario);
  if (loading())
    tick_load(now);
  else if (now - prepared_since_ >= limit)
    break_run("the agents were not ready within " + readable(limit), false, now);
  return taken();
}

void RunPhases::tick_load(Instant now) {
  const auto& scenario = record().scenario;
  if (!stopping_ && now >= plan_end()) {
    stopping_ = true;  // agents stop by their own plan; this only bounds the wait
    give_up_at_ = now + scenario.phases.drain + asking_again(scenario) + seal_limit;
    moves_.end();
  }
  if (!stopping_) abort_when_due(now);
  if (!stopping_) move_shares(now);
  if (!unwritten_.empty()) return finish_when_sealed(now);  // what it holds may not be kept
  for (RosterEntry& agent : roster_.entries())
    if (!agent.sealed && agent.told < record_of(agent).batches) say_what_is_kept(agent, now);
  if (stopping_ && now >= give_up_at_)
    for (RosterEntry& agent : roster_.entries())
      if (!agent.lost && !agent.sealed) lose(agent, "did not seal its figures in time", now);
  finish_when_sealed(now);
}

void RunPhases::move_shares(Instant now) {
  if (!moves_.due(now)) return;
  const nanoseconds from = now - start_ + take_over_lead;
  if (start_ + from >= plan_end()) return moves_.end();  // too late for anybody
  std::vector<std::uint32_t> takers;
  for (const RosterEntry& agent : roster_.entries())
    if (!agent.lost && !agent.sealed) takers.push_back(agent.number);
  const auto& ramp = record().scenario.agents.take_over_ramp;
  for (ShareMoved& decision : moves_.orders(now, takers, from, ramp)) {
    const RosterEntry& taker = roster_.at(decision.to);
    const TakeOver order = decision.order;
    keep(std::move(decision));
    say(taker, order);
  }
}

RunStage RunPhases::stage(Instant now) const {
  if (finished_) return RunStage::finished;
  if (!loading()) return before_start_;
  if (now < start_) return RunStage::starting;
  if (stopping_ || now >= plan_end()) return RunStage::draining;
  return now < start_ + record().scenario.phases.warm_up ? RunStage::warming_up
                                                         : RunStage::measuring;
}

nanoseconds RunPhases::elapsed(Instant now) const {
  return loading() && now >= start_ ? now - start_ : nanoseconds{0};
}

// ---- a coordinator that comes back

RunPhases RunPhases::resumed(const std::vector<RunEntry>& entries, FabricTimes times, Instant now,
                             const std::string& boot, const std::string& host) {
  const auto* opened = entries.empty() ? nullptr : std::get_if<RunOpened>(&entries.front());
  if (opened == nullptr) throw JournalError("a journal of a run begins with what was run");
  RunReplay opening;
  opening.take(*opened);
  RunPhases run(opening.record(), Gathering{.agents = opened->agents, .host = host}, times, now);
  run.steps_.keep.clear();  // it is written down already
  for (auto entry = entries.begin() + 1; entry != entries.end(); ++entry) run.absorb(*entry);
  if (!run.finished_) run.go_on(entries, boot, now);
  return run;
}

void RunPhases::go_on(const std::vector<RunEntry>& entries, const std::string& boot, Instant now) {
  const std::string& boot_before = std::get<RunOpened>(entries.front()).boot;
  keep(CoordinatorResumed{count_of(now), count_of(last_told(entries, start_)),
                          boot.empty() ? boot_before : boot});
  if (!loading()) {
    before_start_ = RunStage::preparing;
    return break_run("the coordinator was gone before the load began; start the run again", false,
                     now);
  }
  if (!boot.empty() && boot != boot_before)
    return break_run(
        "the machine of the coordinator was started anew, and its clock with it; "
        "what is in the journal is all that is known of the run",
        false, now);
  for (RosterEntry& agent : roster_.entries()) {
    // Its connection is tried again after this at the latest; only then does silence count.
    agent.last_heard = now + times_.reconnect_last;
    // Whoever conducted before may have answered a heartbeat until just now.
    if (!agent.lost) agent.last_renewed = now;
  }
  if (stopped_early_ || record().broken) {
    stopping_ = true;
    early_stop_end_ = now;
    give_up_at_ = now + times_.reconnect_last + seal_limit;
  }
}

}  // namespace squall::coordinator
