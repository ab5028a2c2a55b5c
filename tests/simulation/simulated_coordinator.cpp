#include "tests/simulation/simulated_coordinator.hpp"

#include <utility>

#include "actors/wire/message_codec.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using namespace actors;
using coordinator::RunKeeper;
using coordinator::RunPhases;

namespace {

constexpr nanoseconds tick_interval = 100ms;
constexpr nanoseconds longest_group = 5ms;  // so long may what is to be said wait for a commit

coordinator::RunRecord fresh_record(const World& world) {
  coordinator::RunRecord record;
  record.id = "run-1";
  record.tool_version = "1";
  record.started_at = "2026-11-21T00:00:00Z";
  record.scenario_text = world.scenario_text;
  record.scenario_file = "simulated.toml";
  record.scenario = scenarios::parse_scenario(world.scenario_text, "simulated.toml");
  record.scenario_hash = coordinator::hash_of_scenario(world.scenario_text);
  record.security = world.with_keys ? "curve" : "loopback without keys";
  return record;
}

coordinator::Gathering gathering_of(const World& world) {
  coordinator::Gathering gathering;
  gathering.agents = world.agents.size();
  gathering.patience = 20s;
  gathering.host = "machine";
  if (world.by_names)
    for (const AgentMachine& agent : world.agents) gathering.names.push_back(agent.name);
  if (world.gathering > 0ns) gathering.wait = world.gathering;
  return gathering;
}

}  // namespace

SimulatedCoordinator::SimulatedCoordinator(const Around& around, SimulatedDisk& disk,
                                           std::uint64_t process_id)
    : around_(around),
      who_("coordinator/" + std::to_string(process_id)),
      disk_(disk),
      process_(around.queue, around.world.coordinator_clock, around.world.seed * 1013 + process_id),
      link_(around.hub.coordinator()) {
  try {
    if (disk_.records(journal_file).empty())
      begin();
    else
      resume();
  } catch (const JournalError& error) {
    tell(std::string("cannot begin: ") + error.what());
    leave();
    return;
  }
  link_->start([this](Arrival arrival) {
    process_.post(SimulatedProcess::wire, [this, arrival = std::move(arrival)] { hear(arrival); });
  });
  flush();
  process_.post_after(SimulatedProcess::timer, tick_interval, [this] { tick(); });
}

std::unique_ptr<Journal> SimulatedCoordinator::open_journal() {
  auto on_record = [this](const Bytes& record) {
    around_.referee.kept(decode_run_entry(record).value());
  };
  return around_.world.plant == Plant::ack_before_journal
             ? disk_.open_forgetful(journal_file, std::move(on_record))
             : disk_.open(journal_file, std::move(on_record));
}

void SimulatedCoordinator::begin() {
  tell("begins");
  RunPhases phases(fresh_record(around_.world), gathering_of(around_.world),
                   around_.world.coordinator_times, process_.now());
  keeper_ = std::make_unique<RunKeeper>(
      std::move(phases), open_journal(),
      [this](const PeerId& peer, Envelope envelope) { say(peer, std::move(envelope)); });
}

void SimulatedCoordinator::resume() {
  tell("goes on from " + std::to_string(disk_.records(journal_file).size()) + " records");
  std::vector<RunEntry> entries;
  for (const Bytes& record : disk_.records(journal_file))
    entries.push_back(decode_run_entry(record).value());
  auto phases = RunPhases::resumed(entries, around_.world.coordinator_times, process_.now());
  keeper_ = std::make_unique<RunKeeper>(
      std::move(phases), open_journal(),
      [this](const PeerId& peer, Envelope envelope) { say(peer, std::move(envelope)); });
}

// ---- what happens to it

void SimulatedCoordinator::interrupt() {
  process_.post(SimulatedProcess::timer, [this] {
    tell("is interrupted");
    take(keeper_->phases().on_interrupt(process_.now()));
  });
}

void SimulatedCoordinator::process_ended(std::uint64_t process_id) {
  process_.post(SimulatedProcess::timer, [this, process_id] {
    take(keeper_->phases().on_process_ended(process_id, "killed by signal 9", process_.now()));
  });
}

void SimulatedCoordinator::key_revoked(const std::string& identity) {
  process_.post(SimulatedProcess::timer,
                [this, identity] { take(keeper_->phases().on_revoked(identity, process_.now())); });
}

void SimulatedCoordinator::go_on() {
  if (process_.stopped()) process_.go_on();
}

void SimulatedCoordinator::crash() {
  tell("crashes");
  process_.kill();
  around_.hub.coordinator_gone();
}

void SimulatedCoordinator::leave() {
  if (!process_.alive()) return;
  tell("leaves");
  process_.kill();
  around_.hub.coordinator_gone();
}

std::string SimulatedCoordinator::identity_of(const PeerId& peer) const {
  if (!around_.world.with_keys) return {};
  const std::string process = around_.hub.agent_of(peer);  // "agent-1/4711"
  return process.substr(0, process.find('/'));
}

void SimulatedCoordinator::hear(const Arrival& arrival) {
  auto decoded = decode(arrival.frame, Sender::agent);
  if (const auto* error = std::get_if<DecodeError>(&decoded))
    return take(keeper_->phases().on_protocol_error(arrival.peer, error->text, process_.now()));
  const auto& envelope = std::get<Envelope>(decoded);
  if (const auto* message = std::get_if<AgentMessage>(&envelope.message))
    take(keeper_->phases().on_message(arrival.peer, identity_of(arrival.peer), envelope.epoch,
                                      envelope.run, AgentMessage(*message), process_.now()));
}

void SimulatedCoordinator::tick() {
  take(keeper_->phases().on_tick(process_.now()));
  process_.post_after(SimulatedProcess::timer, tick_interval, [this] { tick(); });
}

// ---- what it decides

void SimulatedCoordinator::take(coordinator::Steps steps) {
  keeper_->take(std::move(steps));
  if (std::exchange(flush_ordered_, true)) return;
  const nanoseconds waits(static_cast<std::int64_t>(process_.random().uniform() *
                                                    static_cast<double>(longest_group.count())));
  process_.post_after(SimulatedProcess::timer, waits, [this] { flush(); });
}

void SimulatedCoordinator::flush() {
  flush_ordered_ = false;
  keeper_->flush(process_.now());
  over_ = keeper_->phases().finished();  // as the program does: first kept, then reported
}

void SimulatedCoordinator::say(const PeerId& peer, Envelope envelope) {
  const auto& message = std::get<CoordinatorMessage>(envelope.message);
  if (around_.course.read())
    tell("says to " + around_.hub.agent_of(peer) + " " + in_words(message));
  around_.referee.coordinator_says(envelope.epoch, message);
  link_->send(peer, encode(envelope));
}

}  // namespace squall::tests
