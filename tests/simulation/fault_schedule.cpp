#include "tests/simulation/fault_schedule.hpp"

#include <algorithm>
#include <cstdio>

namespace squall::tests {

using namespace std::chrono_literals;
using scenarios::Random;

namespace {

constexpr std::uint64_t purpose_world = 0x776f726c64;   // "world"
constexpr std::uint64_t purpose_faults = 0x6661756c74;  // "fault"
constexpr std::uint64_t purpose_more = 0x6d6f7265;  // "more": came later, and moved no other dice

constexpr std::size_t many_agents =
    50;  // then everybody has little to do, and there are no weights

class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t purpose) : random_(seed, purpose) {}
  bool once_in(unsigned times) { return random_.next() % times == 0; }
  std::int64_t whole(std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(most - least + 1));
  }
  nanoseconds time(nanoseconds least, nanoseconds most) {
    return nanoseconds(whole(least.count(), most.count()));
  }
  double share(double most) { return random_.uniform() * most; }

 private:
  Random random_;
};

std::string seconds(nanoseconds duration) {
  return "\"" + std::to_string(duration.count() / 1'000'000) + "ms\"";
}

MachineClock clock_of_a_machine(Dice& dice) {
  return {dice.time(1h, 24h * 40), dice.whole(-200'000, 200'000)};
}

// ---- the scenario

std::string load_section(Dice& dice, std::size_t agents) {
  if (agents > many_agents)
    return "[arrivals]\nprocess = \"poisson\"\nrate = " + std::to_string(agents / 5) + "\n";
  if (dice.once_in(2)) {
    std::string text = "[users]\ncount = " + std::to_string(dice.whole(1, 12)) + "\n";
    if (dice.once_in(2)) text += "ramp = " + seconds(dice.time(500ms, 4s)) + "\n";
    return text + "think_time = " + seconds(dice.time(50ms, 900ms)) + "\n";
  }
  std::string text = "[arrivals]\nprocess = ";
  text += dice.once_in(3) ? "\"constant\"\n" : "\"poisson\"\n";
  text += "rate = " + std::to_string(dice.whole(3, 40)) + "\n";
  if (dice.once_in(4)) {
    const auto least = static_cast<std::int64_t>(agents) * 4;  // weights included
    text += "max_in_flight = " + std::to_string(dice.whole(least, least + 20)) + "\n";
    if (dice.once_in(2)) text += "when_full = \"drop\"\n";
  }
  return text;
}

std::string target_section(Dice& dice) {
  std::string text = "[target]\nkind = \"simulated\"\n";
  text += "first_token = " + seconds(dice.time(5ms, 120ms)) + "\n";
  text += "token_gap = " + seconds(dice.time(2ms, 60ms)) + "\n";
  if (dice.once_in(4)) text += "error_rate = 0.1\n";
  if (dice.once_in(5)) text += "timeout = \"300ms\"\n";
  if (dice.once_in(8)) text += "servers = 2\n";
  return text;
}

std::string rules_section(Dice& dice, bool weighted) {
  std::string text = "[agents]\n";
  const auto may_lose = dice.whole(0, 2);
  text += "may_lose = " + std::to_string(may_lose) + "\n";
  const nanoseconds ramp = dice.time(0ms, 4s);
  if (may_lose > 0) text += "take_over_ramp = " + seconds(ramp) + "\n";
  if (dice.once_in(2)) text += "may_pause = \"30s\"\n";
  if (weighted) text += "weights = [{ label = \"big\", weight = 3 }]\n";
  return text;
}

void write_scenario(Dice& dice, World& world) {
  const bool weighted = dice.once_in(3) && world.agents.size() <= many_agents;
  const nanoseconds warm_up = dice.once_in(2) ? dice.time(500ms, 3s) : nanoseconds{0};
  const nanoseconds measure = dice.time(4s, 18s);
  const nanoseconds drain = dice.time(500ms, 3s);
  world.planned_length = warm_up + measure + drain;
  std::string& text = world.scenario_text;
  text = "name = \"simulated\"\n";
  text += "seed = " + std::to_string(dice.whole(1, 1000)) + "\n";
  text += "answers = { tokens = " + std::to_string(dice.whole(1, 6)) + " }\n";
  text += target_section(dice);
  text += load_section(dice, world.agents.size());
  text += rules_section(dice, weighted);
  text += "[phases]\nwarm_up = " + seconds(warm_up) + "\nmeasure = " + seconds(measure) +
          "\ndrain = " + seconds(drain) + "\n";
  if (!weighted) return;
  for (AgentMachine& agent : world.agents)
    if (dice.once_in(2)) agent.labels.push_back("big");
}

// ---- what goes wrong

actors::InMemoryHub::Faults bad_wire(Dice& dice, bool gentle) {
  actors::InMemoryHub::Faults wire;
  wire.loss = dice.share(gentle ? 0.12 : 0.6);
  wire.duplication = dice.share(0.3);
  wire.delay_at_least = dice.time(100us, gentle ? 20ms : 300ms);
  wire.delay_at_most = wire.delay_at_least + dice.time(0ms, gentle ? 120ms : 1500ms);
  return wire;
}

Fault partition(Dice& dice, bool gentle) {
  Fault fault;
  fault.kind = Fault::Kind::partition;
  fault.lasts = gentle ? dice.time(100ms, 1500ms) : dice.time(1s, 20s);
  const auto way = dice.whole(0, 2);
  fault.from_agents = way != 1;
  fault.from_coordinator = way != 2;
  // Half of the cuts lose what is sent meanwhile; the others only hold it, as TCP does.
  if (dice.once_in(2))
    fault.wire.held = true;
  else
    fault.wire.loss = 1;
  return fault;
}

Fault::Kind draw_kind(Dice& dice) {
  using Kind = Fault::Kind;
  constexpr Kind often[] = {Kind::bad_wire,          Kind::bad_wire,
                            Kind::partition,         Kind::partition,
                            Kind::partition,         Kind::broken_connection,
                            Kind::agent_crash,       Kind::agent_crash,
                            Kind::agent_crash,       Kind::agent_stop,
                            Kind::agent_stop,        Kind::coordinator_crash,
                            Kind::coordinator_crash, Kind::coordinator_crash,
                            Kind::coordinator_stop,  Kind::coordinator_stop,
                            Kind::agent_disk_full,   Kind::coordinator_disk_full,
                            Kind::agent_babbles,     Kind::key_revoked,
                            Kind::agent_interrupt,   Kind::coordinator_interrupt};
  return often[dice.whole(0, std::size(often) - 1)];
}

Fault draw_fault(Dice& dice, const World& world) {
  using Kind = Fault::Kind;
  Fault fault;
  const Kind kind = draw_kind(dice);
  if (kind == Kind::partition) fault = partition(dice, false);
  fault.kind = kind;
  const auto some_agent = [&] {
    return static_cast<int>(dice.whole(0, static_cast<std::int64_t>(world.agents.size()) - 1));
  };
  fault.agent = some_agent();
  switch (kind) {
    case Kind::bad_wire:
      fault.wire = bad_wire(dice, false);
      fault.lasts = dice.time(1s, 15s);
      if (dice.once_in(2)) fault.agent = -1;
      break;
    case Kind::partition:
      if (dice.once_in(4)) fault.agent = -1;
      break;
    case Kind::agent_crash:
      fault.lasts = dice.once_in(2) ? dice.time(500ms, 12s) : nanoseconds{0};
      fault.handed_over = dice.once_in(2);
      fault.noticed = dice.once_in(2);
      break;
    case Kind::coordinator_crash:
      fault.lasts = dice.once_in(8) ? nanoseconds{0} : dice.time(200ms, 15s);
      break;
    case Kind::agent_stop:
    case Kind::coordinator_stop:
      fault.lasts = dice.time(1s, 10s);
      break;
    case Kind::agent_disk_full:
    case Kind::coordinator_disk_full:
      fault.lasts = dice.once_in(3) ? nanoseconds{0} : dice.time(1s, 8s);
      break;
    default:
      break;
  }
  return fault;
}

void add_accuracy(Dice& dice, World& world) {
  if (!dice.once_in(4)) return;
  const nanoseconds limit = dice.time(1s, 5s);
  world.scenario_text.insert(0,
                             "accuracy = { sample = 0.2, time_limit = " + seconds(limit) + " }\n");
  world.planned_length += limit;
}

/// Whoever asked an agent to end may ask again.
void ask_again(Dice& dice, World& world) {
  for (Fault& fault : world.faults)
    if (fault.kind == Fault::Kind::agent_interrupt && dice.once_in(2))
      fault.lasts = dice.time(50ms, 4s);
}

void draw_faults(Dice& dice, World& world) {
  const nanoseconds end = 5s + world.planned_length + 8s;
  if (world.gentle) {
    world.wire = bad_wire(dice, true);
    for (std::int64_t i = dice.whole(0, 2); i > 0; --i) {
      Fault fault = dice.once_in(2) ? Fault{} : partition(dice, true);
      if (fault.lasts == 0ns) fault.kind = Fault::Kind::broken_connection;
      fault.agent =
          static_cast<int>(dice.whole(-1, static_cast<std::int64_t>(world.agents.size()) - 1));
      fault.at = dice.time(1s, end);
      world.faults.push_back(fault);
    }
    return;
  }
  if (dice.once_in(2)) world.wire = bad_wire(dice, true);
  for (std::int64_t i = dice.whole(1, 6); i > 0; --i) {
    Fault fault = draw_fault(dice, world);
    fault.at = dice.time(200ms, end);
    // A coordinator that is gone cannot be stopped and the like; mishaps come one by one there.
    world.faults.push_back(fault);
  }
}

}  // namespace

World make_world(const WorldOptions& options) {
  World world;
  world.seed = options.seed;
  world.plant = options.plant;
  Dice dice(options.seed, purpose_world);
  const std::size_t count =
      options.agents > 0 ? options.agents : static_cast<std::size_t>(dice.whole(1, 6));
  world.coordinator_clock = clock_of_a_machine(dice);
  world.with_keys = dice.once_in(2);
  world.gentle = dice.once_in(4) || count > many_agents;
  world.by_names = dice.once_in(5);
  for (std::size_t i = 0; i < count; ++i) {
    AgentMachine machine;
    machine.name = "agent-" + std::to_string(i);
    machine.clock = clock_of_a_machine(dice);
    machine.starts_at = dice.time(0ms, 1500ms);
    machine.comes = world.gentle || !dice.once_in(40);
    world.agents.push_back(std::move(machine));
  }
  if (!world.by_names && dice.once_in(5)) world.gathering = dice.time(2s, 4s);
  world.agents_times.agent_patience = 60s;  // ten minutes would only be more of the same
  world.coordinator_times = world.agents_times;
  write_scenario(dice, world);
  Dice mishaps(options.seed, purpose_faults);
  draw_faults(mishaps, world);
  Dice more(options.seed, purpose_more);
  add_accuracy(more, world);
  ask_again(more, world);
  if (options.plant == Plant::early_reassign) world.agents_times.lease = 14s;
  return world;
}

std::string in_words(const Fault& fault) {
  using Kind = Fault::Kind;
  const auto name = [](Kind kind) -> std::string {
    switch (kind) {
      case Kind::bad_wire:
        return "bad wire";
      case Kind::partition:
        return "partition";
      case Kind::broken_connection:
        return "broken connection";
      case Kind::agent_crash:
        return "agent crashes";
      case Kind::agent_stop:
        return "agent is stopped";
      case Kind::agent_interrupt:
        return "agent is interrupted";
      case Kind::agent_babbles:
        return "agent babbles";
      case Kind::agent_disk_full:
        return "agent's disk is full";
      case Kind::key_revoked:
        return "key is revoked";
      case Kind::coordinator_crash:
        return "coordinator crashes";
      case Kind::coordinator_stop:
        return "coordinator is stopped";
      case Kind::coordinator_interrupt:
        return "coordinator is interrupted";
      case Kind::coordinator_disk_full:
        return "coordinator's disk is full";
    }
    return {};
  };
  char text[160];
  std::snprintf(text, sizeof text, "%s: agent %d, for %.3f s%s%s%s%s%s (loss %.2f, twice %.2f)",
                name(fault.kind).c_str(), fault.agent,
                std::chrono::duration<double>(fault.lasts).count(),
                fault.from_agents ? "" : ", not from agents",
                fault.from_coordinator ? "" : ", not from the coordinator",
                fault.wire.held ? ", frames held" : "", fault.handed_over ? ", handed over" : "",
                fault.noticed ? ", noticed" : "", fault.wire.loss, fault.wire.duplication);
  return text;
}

}  // namespace squall::tests
