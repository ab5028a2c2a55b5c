#include "coordinator/run/run_replay.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <variant>

#include "coordinator/run/thresholds/threshold_resolution.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

using namespace actors;

void RunReplay::take(const RunEntry& entry) {
  ++taken_;
  if ((taken_ == 1) != std::holds_alternative<RunOpened>(entry))
    refuse("a run opens once, and first of all");
  if (finished_) refuse("it follows the end of the run");
  std::visit([&](const auto& each) { apply(each); }, entry);
}

void RunReplay::refuse(const std::string& why) const {
  throw JournalError("the journal contradicts itself in record " + std::to_string(taken_) + ": " +
                     why);
}

AgentRecord& RunReplay::agent(std::uint32_t number) {
  if (number >= record_.agents.size()) refuse("agent " + std::to_string(number) + " never joined");
  return record_.agents[number];
}

nanoseconds RunReplay::since_start(std::int64_t instant) const {
  return nanoseconds(start_ ? std::max<std::int64_t>(0, instant - *start_) : 0);
}

/// The load begins when the common start is reached and nobody stopped the run before.
void RunReplay::reached(std::int64_t instant) {
  if (start_ && instant >= *start_ && !stopped_before_start_) record_.began = true;
}

void RunReplay::apply(const RunOpened& entry) {
  record_.id = entry.run;
  record_.tool_version = entry.tool_version;
  record_.started_at = entry.started_at;
  record_.scenario = scenarios::parse_scenario(entry.scenario_text, entry.scenario_file);
  record_.scenario_file = entry.scenario_file;
  record_.scenario_text = entry.scenario_text;
  record_.scenario_hash = hash_of_scenario(entry.scenario_text);
  record_.boot = entry.boot;
  record_.endpoint = entry.endpoint;
  record_.security = entry.security;
  record_.insecure = is_insecure(entry.security);
}

void RunReplay::apply(const AgentJoined& entry) {
  // One that ended and came again while the others were awaited takes its own place.
  if (entry.agent > record_.agents.size())
    refuse("agent " + std::to_string(entry.agent) + " joined as number " +
           std::to_string(record_.agents.size()));
  if (timeline_made_) refuse("an agent joined after the start was decided");
  record_.agents.resize(std::max<std::size_t>(record_.agents.size(), entry.agent + std::size_t{1}));
  hashes_.resize(record_.agents.size());
  AgentRecord& joined = record_.agents[entry.agent] = AgentRecord{};
  joined.hello = entry.hello;
  joined.epoch = entry.epoch;
  joined.identity = entry.identity;
  joined.hash = hashes_[entry.agent].value();
}

void RunReplay::apply(const ShareDealt& entry) { agent(entry.agent).share = entry.share; }

void RunReplay::apply(const AgentReady& entry) { agent(entry.agent).ready = entry.ready; }

void RunReplay::apply(const StartDecided& entry) {
  if (start_) refuse("the start was decided before");
  start_ = entry.instant;
  record_.timeline = MetricsTimeline(record_.scenario.phases, record_.agents.size());
  timeline_made_ = true;
  watch_.watch(thresholds_of(record_), record_);
}

void RunReplay::apply(const AgentStarted& entry) {
  agent(entry.agent).started = entry.started;
  if (start_) reached(*start_);
}

void RunReplay::apply(const BatchKept& entry) {
  AgentRecord& from = agent(entry.agent);
  if (!start_) refuse("a batch came before the start was decided");
  if (entry.batch.sequence != from.batches + 1)
    refuse("batch " + std::to_string(entry.batch.sequence) + " of " + from.hello.name +
           " follows batch " + std::to_string(from.batches));
  record_.timeline.add(entry.agent, entry.batch.snapshot);
  watch_.add(entry.batch.snapshot, record_);
  ++from.batches;
  hashes_[entry.agent].add(entry.batch);
  from.hash = hashes_[entry.agent].value();
  from.known_until = std::max(from.known_until, entry.batch.snapshot.to);
  reached(*start_);
}

void RunReplay::apply(const SealKept& entry) {
  agent(entry.agent).sealed = entry.sealed;
  wait_no_more_for(entry.agent);
}

void RunReplay::apply(const AgentGivenUp& entry) {
  AgentRecord& lost = agent(entry.agent);
  lost.lost = entry.why;
  lost.lost_at = since_start(entry.at);
  lost.lease_end = entry.lease_end == 0 ? nanoseconds{0} : since_start(entry.lease_end);
  wait_no_more_for(entry.agent);
  reached(entry.at);
}

void RunReplay::apply(const ShareMoved& entry) {
  agent(entry.agent);
  agent(entry.to);
  record_.moved.push_back({.agent = entry.agent,
                           .to = entry.to,
                           .from = entry.order.from,
                           .ramp = entry.order.ramp,
                           .taken = false,
                           .number = entry.order.number,
                           .share = entry.order.share});
}

void RunReplay::apply(const ShareTaken& entry) {
  const auto moved = std::ranges::find(record_.moved, entry.number, &MovedShare::number);
  if (moved == record_.moved.end() || moved->to != entry.agent)
    refuse("order " + std::to_string(entry.number) + " to agent " + std::to_string(entry.agent) +
           " was never given");
  moved->taken = true;
}

void RunReplay::apply(const LoadStopped& entry) {
  stopped_before_start_ = stopped_before_start_ || !start_ || entry.at < *start_;
  reached(entry.at);
  record_.interrupted |= entry.interrupted;
  if (!entry.why.empty() && !record_.broken) record_.broken = entry.why;
  if (timeline_made_) record_.timeline.end_measuring_at(since_start(entry.at));
}

void RunReplay::apply(const CoordinatorResumed& entry) {
  const nanoseconds from = since_start(entry.last);
  record_.gaps.push_back({from, std::max(from, since_start(entry.at))});
  reached(entry.at);
}

void RunReplay::apply(const ThresholdsResolved& entry) {
  if (timeline_made_) refuse("thresholds were resolved after the start was decided");
  record_.thresholds = entry.thresholds;
  record_.threshold_notes = entry.notes;
}

void RunReplay::apply(const ThresholdSet& entry) {
  auto thresholds = thresholds_of(record_);
  std::string what = "set " + entry.threshold.threshold.text;
  if (const auto same = find_same_figure(thresholds, entry.threshold.threshold)) {
    what += " in place of " + thresholds[*same].threshold.text;
    thresholds[*same] = entry.threshold;
  } else {
    thresholds.push_back(entry.threshold);
  }
  change_thresholds(std::move(thresholds), entry.at, what);
}

void RunReplay::apply(const ThresholdUnset& entry) {
  auto thresholds = thresholds_of(record_);
  const auto unset = std::erase_if(
      thresholds, [&](const auto& each) { return each.threshold.text == entry.text; });
  if (unset == 0) refuse("threshold '" + entry.text + "' was unset and had never been");
  change_thresholds(std::move(thresholds), entry.at, "unset " + entry.text);
}

void RunReplay::change_thresholds(std::vector<scenarios::ResolvedThreshold> thresholds,
                                  std::int64_t at, std::string what) {
  record_.thresholds = std::move(thresholds);
  record_.threshold_changes.push_back({since_start(at), std::move(what)});
  if (timeline_made_) watch_.watch(*record_.thresholds, record_);
}

void RunReplay::apply(const LoadAborted& entry) {
  record_.aborted =
      RunAborted{entry.threshold, entry.why, since_start(entry.at), entry.from, entry.to};
}

void RunReplay::wait_no_more_for(std::uint32_t agent) {
  if (!timeline_made_) return;
  record_.timeline.wait_no_more_for(agent);
  watch_.judge(record_);
}

void RunReplay::apply(const RunFinished& entry) {
  reached(entry.at);
  record_.turned_away = entry.turned_away;
  record_.protocol_errors = entry.protocol_errors;
  finished_ = true;
}

RunRecord RunReplay::record() const {
  RunRecord record = record_;
  if (!timeline_made_)
    record.timeline = MetricsTimeline(record.scenario.phases, record.agents.size());
  return record;
}

RunRecord replay(const std::vector<RunEntry>& entries) {
  RunReplay all;
  for (const RunEntry& entry : entries) all.take(entry);
  return all.record();
}

std::string hash_of_scenario(const std::string& text) {
  // FNV-1a (Fowler, Noll, Vo), 64 bits.
  std::uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 1099511628211ULL;
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

bool is_insecure(const std::string& security) { return security.starts_with("INSECURE"); }

}  // namespace squall::coordinator
