#include "tests/simulation/simulation.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "coordinator/report/json_report.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/run/run_replay.hpp"
#include "tests/simulation/simulated_agent.hpp"
#include "tests/simulation/simulated_coordinator.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using actors::Sender;

namespace {

constexpr std::uint64_t purpose_processes = 0x70726f63;  // "proc"
constexpr nanoseconds hand_over_after = 1500ms;          // of a crash: somebody has noticed
// The program is there for a while after its report; where nothing serious happens long enough to
// be sure that everybody hears its last word.
constexpr nanoseconds lingers = 2s, lingers_when_gentle = 25s;

class Simulation {
 public:
  Simulation(const World& world, const Course& course)
      : world_(world),
        hub_(world.seed, Instant{}),
        referee_(world, queue_),
        around_{world_, queue_, hub_, referee_, course},
        random_(world.seed, purpose_processes),
        disks_(world.agents.size()),
        last_process_(world.agents.size()),
        births_(world.agents.size()) {}

  SimulationResult run();

 private:
  void order_births();
  void order_faults();
  void begin_agent(std::size_t machine);
  void hand_over(std::size_t machine, const std::string& journal);
  void add_process(std::size_t machine, SimulatedAgent::Birth birth);
  void begin_coordinator();

  void begin_fault(const Fault& fault);
  void end_fault(const Fault& fault);
  void crash_agent(const Fault& fault);
  void crash_coordinator(const Fault& fault);
  void apply_wire();
  void apply_wire_of(std::size_t process);
  actors::InMemoryHub::Faults wire_of(int machine, Sender sender) const;
  void later(nanoseconds delay, EventQueue::Event what);

  void look_at_the_coordinator();
  void check_replay(const std::string& told);
  bool over() const;
  std::string who_is_left() const;
  nanoseconds limit() const;
  void pass(nanoseconds end);
  SimulationResult result() const;

  const World& world_;
  EventQueue queue_;
  actors::InMemoryHub hub_;
  Referee referee_;
  Around around_;
  scenarios::Random random_;
  std::vector<SimulatedDisk> disks_;
  SimulatedDisk coordinators_disk_;
  std::vector<std::unique_ptr<SimulatedAgent>> processes_;
  std::vector<SimulatedAgent*> last_process_;  // by machine
  std::vector<unsigned> births_;               // likewise
  std::vector<std::size_t> machine_of_;        // by process
  std::vector<std::unique_ptr<SimulatedCoordinator>> coordinators_;
  std::vector<const Fault*> wire_faults_;  // those that hold now
  std::size_t to_come_ = 0;                // births and ends of faults that are still ordered
  std::uint64_t processes_ids_ = 0;
  std::size_t finish_seen_ = 0;  // of the so-manieth process of the coordinator; 0: none
  std::string outcome_, sentence_;
};

void Simulation::later(nanoseconds delay, EventQueue::Event what) {
  ++to_come_;
  queue_.at(queue_.now() + delay, [this, what = std::move(what)] {
    --to_come_;
    what();
  });
}

// ---- processes

void Simulation::order_births() {
  begin_coordinator();
  for (std::size_t i = 0; i < world_.agents.size(); ++i)
    if (world_.agents[i].comes) later(world_.agents[i].starts_at, [this, i] { begin_agent(i); });
}

void Simulation::begin_coordinator() {
  coordinators_.push_back(
      std::make_unique<SimulatedCoordinator>(around_, coordinators_disk_, ++processes_ids_));
}

void Simulation::begin_agent(std::size_t machine) {
  add_process(machine, {.machine = world_.agents[machine],
                        .disk = disks_[machine],
                        .epoch = random_.next() | 1,
                        .process_id = ++processes_ids_});
  last_process_[machine] = processes_.back().get();
  ++births_[machine];
}

void Simulation::hand_over(std::size_t machine, const std::string& journal) {
  if (journal.empty() || !disks_[machine].exists(journal) || disks_[machine].full()) return;
  add_process(machine, {.machine = world_.agents[machine],
                        .disk = disks_[machine],
                        .epoch = 0,  // that of the journal
                        .process_id = ++processes_ids_,
                        .hands_over = journal});
}

void Simulation::add_process(std::size_t machine, SimulatedAgent::Birth birth) {
  processes_.push_back(std::make_unique<SimulatedAgent>(around_, birth));
  machine_of_.push_back(machine);
  apply_wire_of(processes_.size() - 1);
}

// ---- faults

void Simulation::order_faults() {
  apply_wire();
  for (const Fault& fault : world_.faults) later(fault.at, [this, &fault] { begin_fault(fault); });
}

void Simulation::begin_fault(const Fault& fault) {
  using Kind = Fault::Kind;
  around_.course.tell(queue_.now(), "fault", in_words(fault));
  const std::size_t machine = fault.agent < 0 ? 0 : static_cast<std::size_t>(fault.agent);
  SimulatedAgent* agent = last_process_[machine];
  SimulatedCoordinator& coordinator = *coordinators_.back();
  switch (fault.kind) {
    case Kind::bad_wire:
    case Kind::partition:
      wire_faults_.push_back(&fault);
      apply_wire();
      break;
    case Kind::broken_connection:
      if (agent != nullptr && agent->alive()) hub_.break_connection(agent->name());
      break;
    case Kind::agent_crash:
      return crash_agent(fault);
    case Kind::agent_stop:
      if (agent != nullptr) agent->stop();
      break;
    case Kind::agent_interrupt:
      if (agent != nullptr) agent->interrupt();
      break;
    case Kind::agent_babbles:
      if (agent != nullptr) agent->babble();
      break;
    case Kind::agent_disk_full:
      disks_[machine].set_full(true);
      break;
    case Kind::key_revoked:
      if (!world_.with_keys) return;
      wire_faults_.push_back(&fault);  // for ever: the link drops what that key's owner sends
      apply_wire();
      coordinator.key_revoked(world_.agents[machine].name);
      return;
    case Kind::coordinator_crash:
      return crash_coordinator(fault);
    case Kind::coordinator_stop:
      coordinator.stop();
      break;
    case Kind::coordinator_interrupt:
      coordinator.interrupt();
      break;
    case Kind::coordinator_disk_full:
      coordinators_disk_.set_full(true);
      break;
  }
  if (fault.lasts > 0ns) later(fault.lasts, [this, &fault] { end_fault(fault); });
}

void Simulation::end_fault(const Fault& fault) {
  using Kind = Fault::Kind;
  around_.course.tell(queue_.now(), "fault", "over: " + in_words(fault));
  const std::size_t machine = fault.agent < 0 ? 0 : static_cast<std::size_t>(fault.agent);
  switch (fault.kind) {
    case Kind::bad_wire:
    case Kind::partition:
      std::erase(wire_faults_, &fault);
      apply_wire();
      break;
    case Kind::agent_stop:
      if (last_process_[machine] != nullptr) last_process_[machine]->go_on();
      break;
    case Kind::agent_interrupt:  // somebody has no patience
      if (last_process_[machine] != nullptr) last_process_[machine]->interrupt();
      break;
    case Kind::agent_disk_full:
      disks_[machine].set_full(false);
      break;
    case Kind::coordinator_stop:
      coordinators_.back()->go_on();
      break;
    case Kind::coordinator_disk_full:
      coordinators_disk_.set_full(false);
      break;
    default:
      break;
  }
}

void Simulation::crash_agent(const Fault& fault) {
  const auto machine = static_cast<std::size_t>(fault.agent);
  SimulatedAgent* agent = last_process_[machine];
  if (agent == nullptr || !agent->alive()) return;
  agent->crash();
  // Only who began a process hears of its end, and only a first one did the coordinator begin.
  const bool child = coordinators_.size() == 1 && births_[machine] == 1;
  if (fault.noticed && child) coordinators_.back()->process_ended(agent->process_id());
  if (fault.lasts > 0ns) later(fault.lasts, [this, machine] { begin_agent(machine); });
  if (fault.handed_over)
    later(hand_over_after,
          [this, machine, journal = agent->journal()] { hand_over(machine, journal); });
}

void Simulation::crash_coordinator(const Fault& fault) {
  if (!coordinators_.back()->alive()) return;
  coordinators_.back()->crash();
  if (fault.lasts > 0ns) later(fault.lasts, [this] { begin_coordinator(); });
}

void Simulation::apply_wire() {
  for (const Sender sender : {Sender::agent, Sender::coordinator})
    hub_.set_faults(sender, wire_of(-1, sender));
  for (std::size_t i = 0; i < processes_.size(); ++i)
    if (processes_[i]->alive()) apply_wire_of(i);
}

void Simulation::apply_wire_of(std::size_t process) {
  const auto machine = static_cast<int>(machine_of_[process]);
  const bool own = std::any_of(wire_faults_.begin(), wire_faults_.end(),
                               [&](const Fault* fault) { return fault->agent == machine; });
  if (!own) return hub_.clear_faults(processes_[process]->name());
  for (const Sender sender : {Sender::agent, Sender::coordinator})
    hub_.set_faults(sender, processes_[process]->name(), wire_of(machine, sender));
}

/// The worst of all that holds now.
actors::InMemoryHub::Faults Simulation::wire_of(int machine, Sender sender) const {
  auto worst = world_.wire;
  for (const Fault* fault : wire_faults_) {
    if (fault->agent >= 0 && fault->agent != machine) continue;
    if (sender == Sender::agent ? !fault->from_agents : !fault->from_coordinator) continue;
    const bool revoked = fault->kind == Fault::Kind::key_revoked;
    worst.loss = revoked ? 1 : std::max(worst.loss, fault->wire.loss);
    worst.duplication = std::max(worst.duplication, fault->wire.duplication);
    worst.delay_at_least = std::max(worst.delay_at_least, fault->wire.delay_at_least);
    worst.delay_at_most = std::max(worst.delay_at_most, fault->wire.delay_at_most);
    worst.held |= fault->wire.held;
  }
  return worst;
}

// ---- the course

void Simulation::look_at_the_coordinator() {
  SimulatedCoordinator& it = *coordinators_.back();
  if (!it.alive() || !it.finished() || coordinators_.size() == finish_seen_) return;
  finish_seen_ = coordinators_.size();  // another process may finish a finished run once more
  const auto record = it.keeper().phases().final_record();
  const auto report = coordinator::make_run_report(record);
  outcome_ = name_of(report.verdict.outcome);
  sentence_ = report.verdict.sentence;
  around_.course.tell(queue_.now(), "coordinator", "finished: " + outcome_ + ": " + sentence_);
  const bool unwritten = it.keeper().journal_failed();
  referee_.run_finished(record, unwritten);
  if (!unwritten) check_replay(coordinator::json_report(report, record));
  later(world_.gentle ? lingers_when_gentle : lingers, [&it] { it.leave(); });
}

/// What `squall verify` does: every figure follows from the journal alone.
void Simulation::check_replay(const std::string& told) {
  std::vector<actors::RunEntry> entries;
  for (const auto& each : coordinators_disk_.records(SimulatedCoordinator::journal_file))
    entries.push_back(actors::decode_run_entry(each).value());
  const auto record = coordinator::replay(entries);
  const std::string again = coordinator::json_report(coordinator::make_run_report(record), record);
  if (again == told) return;
  const auto [one, other] = std::mismatch(told.begin(), told.end(), again.begin(), again.end());
  const auto at = static_cast<std::size_t>(one - told.begin());
  const std::size_t from = at > 60 ? at - 60 : 0;
  throw InvariantBroken(queue_.now(), "replay",
                        "the report says: " + told.substr(from, 120) +
                            "\nthe journal says: " + again.substr(from, 120));
}

bool Simulation::over() const {
  if (to_come_ > 0 || coordinators_.back()->alive()) return false;
  return std::none_of(processes_.begin(), processes_.end(),
                      [](const auto& each) { return each->alive(); });
}

std::string Simulation::who_is_left() const {
  std::string names;
  if (coordinators_.back()->alive()) names += " the coordinator";
  for (const auto& each : processes_)
    if (each->alive()) names += " " + each->name();
  return names;
}

/// By then everybody has lost patience with everybody.
nanoseconds Simulation::limit() const {
  nanoseconds end{0};
  for (const Fault& fault : world_.faults) end = std::max(end, fault.at + fault.lasts);
  return end + world_.planned_length + 2 * world_.agents_times.agent_patience + 60s;
}

void Simulation::pass(nanoseconds end) {
  while (!over()) {
    const auto event = queue_.next();
    const auto frame = hub_.next_due();
    if (!event && !frame) return;
    nanoseconds next = event.value_or(nanoseconds::max());
    if (frame) next = std::min(next, frame->time_since_epoch());
    if (next > end)
      throw InvariantBroken(end, "ends", "still there after all patience:" + who_is_left());
    if (event && *event <= next) {
      queue_.pass_until(next);
      hub_.advance(Instant(next));  // frames that are due in this very instant come first
      queue_.run_next();
    } else {
      queue_.pass_until(next);
      hub_.advance(Instant(next));
    }
    look_at_the_coordinator();
  }
}

SimulationResult Simulation::result() const {
  SimulationResult result;
  result.finished = finish_seen_ > 0;
  result.outcome = outcome_;
  result.sentence = sentence_;
  result.length = queue_.now();
  result.events = queue_.happened();
  result.frames = hub_.delivered();
  result.starts = referee_.starts();
  result.checks = referee_.checks();
  for (const std::uint64_t each :
       {result.events, result.frames, result.starts, result.checks,
        static_cast<std::uint64_t>(result.length.count()), std::uint64_t{hub_.lost()}})
    result.fingerprint = scenarios::mix_bits(result.fingerprint + each + 1);
  return result;
}

SimulationResult Simulation::run() {
  std::optional<SimulationResult::Wrong> wrong;
  try {
    order_births();
    order_faults();
    pass(limit());
    referee_.at_the_end();
  } catch (const InvariantBroken& broken) {
    wrong = SimulationResult::Wrong{broken.at, broken.invariant, broken.what()};
  } catch (const std::exception& error) {  // that nobody was prepared for
    wrong = SimulationResult::Wrong{queue_.now(), "exception", error.what()};
  }
  SimulationResult all = result();
  all.wrong = std::move(wrong);
  return all;
}

}  // namespace

SimulationResult simulate(const World& world, const Course& course) {
  return Simulation(world, course).run();
}

}  // namespace squall::tests
