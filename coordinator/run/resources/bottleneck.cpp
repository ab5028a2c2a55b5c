#include "coordinator/run/resources/bottleneck.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <utility>

#include "coordinator/run/agents/agent_machines.hpp"
#include "coordinator/run/audit.hpp"
#include "coordinator/run/resources/device_loads.hpp"
#include "coordinator/run/resources/measured_demand.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using scenarios::TargetKind;

namespace {

Nearness nearness_of(double share) {
  return share >= reached_share ? Nearness::reached
         : share >= near_share  ? Nearness::near
                                : Nearness::clear;
}

Evidence unknown(Limit limit, std::string why) { return {limit, Nearness::not_known, {}, why}; }

Evidence by_share(Limit limit, double share, std::string figures) {
  return {limit, nearness_of(share), share, std::move(figures)};
}

std::string giga(double amount) { return readable_rate(amount / 1e9); }

bool embeds_engine(const RunRecord& record) {
  return record.scenario.target.kind == TargetKind::engine;
}

struct Ask {
  Limit limit;
  double DeviceLoad::*wanted;
  double DeviceLoad::*there;
  const char* unit;
  const char* what;
};

/// What lies nearer to the limit comes first, and what is not known last.
bool is_nearer(const Evidence& one, const Evidence& other) {
  return std::pair(one.nearness, *one.share) > std::pair(other.nearness, *other.share);
}

/// Of one device, which has a ceiling.
Evidence on_device(const Ask& ask, const std::string& host, const DeviceLoad& load) {
  const double share = load.*ask.wanted / load.*ask.there;
  Evidence evidence =
      by_share(ask.limit, share,
               giga(load.*ask.wanted) + " of " + giga(load.*ask.there) + " " + ask.unit + " (" +
                   readable_share(share) + ") " + ask.what + " on " + host);
  // Nobody does more than what is possible: either figure is wrong, or caches helped.
  constexpr double believable = 1.1;
  if (share <= believable) return evidence;
  evidence.nearness = Nearness::not_known;
  evidence.figures += ", more than there can be";
  return evidence;
}

/// Of the device that came nearest to its ceiling. One that tells nothing hides none that did.
Evidence against_ceiling(const RunRecord& record, const Ask& ask) {
  if (!embeds_engine(record)) return unknown(ask.limit, "the target's machine is not looked into");
  std::optional<Evidence> worst;
  std::string untold;        // why some device's share is not known
  bool from_caches = false;  // some device does not ask for it
  const bool of_memory = ask.limit == Limit::memory_bandwidth;
  for (const auto& [device, load] : device_loads(record)) {
    if (!load.measured) continue;
    if (!load.untold.empty()) {
      untold = load.untold;
    } else if (of_memory && load.weights_may_fit_caches) {
      untold = "the weights may fit in the GPU's caches, and nobody tells how large these are";
    } else if (of_memory && load.weights_fit_caches) {
      from_caches = true;
    } else if (load.*ask.there <= 0) {
      untold = "the ceiling was not measured";
    } else if (const Evidence each = on_device(ask, device.host, load);
               !worst || is_nearer(each, *worst)) {
      worst = each;
    }
  }
  // "Clear" is of all devices.
  if (worst && (worst->nearness >= Nearness::near || untold.empty())) return *worst;
  if (!untold.empty()) return unknown(ask.limit, untold);
  return unknown(ask.limit, from_caches ? "the weights fit in the caches" : "nothing was measured");
}

Evidence memory_bandwidth(const RunRecord& record) {
  return against_ceiling(
      record, {Limit::memory_bandwidth, &DeviceLoad::bytes, &DeviceLoad::bandwidth, "GB/s",
               "read for tokens, prompts left out,"});
}

Evidence arithmetic(const RunRecord& record) {
  return against_ceiling(record,
                         {Limit::arithmetic, &DeviceLoad::multiply_adds, &DeviceLoad::arithmetic,
                          "G multiply-adds/s", "for tokens and prompts"});
}

/// All agents together.
MeasuredDemand whole_demand(const RunRecord& record) {
  MeasuredDemand sum;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    const MeasuredDemand each = demand_of(record, agent);
    sum.seconds = std::max(sum.seconds, each.seconds);
    sum.answers += each.answers;
    sum.queue += each.queue;
    sum.prefill += each.prefill;
    sum.ttft += each.ttft;
    sum.answering += each.answering;
    sum.tells_queue = sum.tells_queue || each.tells_queue;
  }
  return sum;
}

Evidence queueing(const MeasuredDemand& demand) {
  if (demand.ttft <= 0) return unknown(Limit::queueing, "nothing was measured");
  if (!demand.tells_queue)
    return unknown(Limit::queueing, "the target does not tell when it takes up a request");
  const double share = demand.queue / demand.ttft;
  return by_share(
      Limit::queueing, share,
      readable_share(share) + " of the time to the first token was waiting for a place");
}

/// The engine narrows its batch only when there are no pages left; else it grows while anybody
/// waits. So who waits although the batch is not full may wait for pages. It may as well have
/// waited in bursts that filled the batch, which means over the window do not tell: never reached.
Evidence kv_memory_of(const RunRecord& record, const MeasuredDemand& demand) {
  const double waiting = demand.queue / demand.ttft;
  const auto places = static_cast<double>(record.scenario.target.max_batch);
  const bool roomy = demand.places() < 0.8 * places;  // a batch fuller than this is full at times
  Evidence evidence{Limit::kv_memory, Nearness::clear, waiting,
                    readable_rate(demand.places()) + " of " + readable_rate(places) +
                        " places of the batch were taken, and " + readable_share(waiting) +
                        " of the time to the first token was waiting"};
  if (!roomy || waiting < near_share) return evidence;
  evidence.nearness = Nearness::near;
  evidence.figures += ": for pages, or bursts filled the batch at times";
  return evidence;
}

/// Of the agent that waited most, those whose batch had room before all others.
Evidence kv_memory(const RunRecord& record) {
  if (!embeds_engine(record))
    return unknown(Limit::kv_memory, "the target does not tell of its memory");
  std::optional<Evidence> worst;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    const MeasuredDemand demand = demand_of(record, agent);
    if (!demand.tells_queue || demand.ttft <= 0) continue;
    const Evidence each = kv_memory_of(record, demand);
    if (!worst || is_nearer(each, *worst)) worst = each;
  }
  return worst ? *worst : unknown(Limit::kv_memory, "nothing was measured");
}

/// What an agent's own limit leaves it of a machine, and what it took of that.
struct LimitedAgent {
  std::string name;
  double own = 0, limit = 0;  // processors

  double share() const { return own / limit; }
};

/// What one machine's processors did in the measured window, where all is told.
struct ProcessorUse {
  double all = 0, busy = 0, of_agents = 0;  // processors
  double widest = 0, together = 0;          // what is left to an agent: the most, and the sum
  std::optional<LimitedAgent> tightest;     // of those that a limit leaves less than all

  /// Agents of one container share its limit. Those that clearly take more than any of them may
  /// have limits of their own.
  double left_to_agents() const {
    return of_agents > 1.1 * widest ? std::min(together, all) : widest;
  }
};

/// How much of one core the generator may have: it runs on one thread.
double core_of(const AgentRecord& agent) {
  const double limit = cpu_limit_of(agent);
  return limit > 0 ? std::min(limit, 1.0) : 1;
}

double generator_share(const RunRecord& record, std::size_t agent) {
  return record.timeline.window_of(agent).generator_cores() / core_of(record.agents[agent]);
}

void add_agent(const AgentRecord& agent, double own, ProcessorUse& use) {
  const double limit = cpu_limit_of(agent);
  const bool limited = limit > 0 && limit < use.all;
  const double left = limited ? limit : use.all;
  use.of_agents += own;
  use.widest = std::max(use.widest, left);
  use.together += left;
  const LimitedAgent each{agent.hello.name, own, left};
  if (limited && (!use.tightest || each.share() > use.tightest->share())) use.tightest = each;
}

std::map<std::string, ProcessorUse> processors_of(const RunRecord& record) {
  std::map<std::string, ProcessorUse> hosts;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    const auto& machine = record.timeline.resources().of_agent(agent).measured();
    if (!machine || machine->processors == 0) continue;
    ProcessorUse& use = hosts[record.agents[agent].hello.host];
    use.all = static_cast<double>(machine->processors);
    use.busy = std::max(use.busy, machine->cpu_busy.per_second().value_or(0) +
                                      machine->cpu_stolen.per_second().value_or(0));
    add_agent(record.agents[agent], machine->own_cpu.per_second().value_or(0), use);
  }
  return hosts;
}

/// Of what one machine has, how much was taken from the load generator.
struct Taken {
  double processors = 0, there = 0;
  std::string by, how;  // around the figures
};

/// Where the target is elsewhere agents may run out of all processors, or one of what a limit
/// leaves it. Where it is inside them, what others took counts; under limits only what they took
/// of the part that is left.
Taken taken_on(const ProcessorUse& use, bool elsewhere) {
  if (elsewhere && use.tightest && use.tightest->share() > use.busy / use.all)
    return {use.tightest->own, use.tightest->limit, use.tightest->name + " took ",
            " that a limit leaves it ("};
  if (elsewhere) return {use.busy, use.all, "", " were busy ("};
  const double there = use.left_to_agents();
  const double others = use.busy - use.of_agents - (use.all - there);
  return {std::max(others, 0.0), there, "other programs or the host of this virtual machine took ",
          " ("};
}

std::size_t busiest_generator(const RunRecord& record) {
  std::size_t worst = 0;
  for (std::size_t agent = 1; agent < record.agents.size(); ++agent)
    if (generator_share(record, agent) > generator_share(record, worst)) worst = agent;
  return worst;
}

/// The load generator's own core, as in the audit, or what a limit leaves of it; and what there is
/// on each machine.
Evidence client_cpu(const RunRecord& record) {
  if (record.agents.empty() || record.timeline.measured().length <= nanoseconds{0})
    return unknown(Limit::client_cpu, "nothing was measured");
  const std::size_t worst = busiest_generator(record);
  const double core = core_of(record.agents[worst]);
  Evidence evidence =
      by_share(Limit::client_cpu, generator_share(record, worst),
               "generating the load took " +
                   readable_share(record.timeline.window_of(worst).generator_cores()) +
                   " of a core" + (core < 1 ? ", a limit leaves " + readable_share(core) : "") +
                   " (" + record.agents[worst].hello.name + ")");
  const bool elsewhere = record.scenario.target.kind == TargetKind::openai;
  for (const auto& [host, use] : processors_of(record)) {
    constexpr double full = 0.9;  // of a machine: what is beyond waits for its turn
    const Taken taken = taken_on(use, elsewhere);
    const double share = taken.processors / taken.there;
    if (share < (elsewhere ? full : near_share) || share <= *evidence.share) continue;
    evidence =
        by_share(Limit::client_cpu, share,
                 taken.by + readable_rate(taken.processors) + " of " + readable_rate(taken.there) +
                     " processors of " + host + taken.how + readable_share(share) + ")");
  }
  return evidence;
}

/// Bytes a second in the busiest second of any agent's machine; none: not told.
std::optional<double> busiest_transfer(const RunRecord& record) {
  std::optional<double> most;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    const auto& machine = record.timeline.resources().of_agent(agent).measured();
    if (!machine || machine->network_sent.told <= nanoseconds{0}) continue;
    most = std::max(
        {most.value_or(0), machine->network_sent.fastest, machine->network_received.fastest});
  }
  return most;
}

Evidence network(const RunRecord& record) {
  if (record.scenario.target.kind != TargetKind::openai)
    return {Limit::network, Nearness::clear, 0.0, "the target is inside the agents"};
  const actors::PhaseMetrics& metrics = record.timeline.total(actors::Phase::measure);
  const auto& errors = metrics.durations[static_cast<std::size_t>(scenarios::Metric::ttft_error)];
  const auto& ttft = metrics.durations[static_cast<std::size_t>(scenarios::Metric::ttft_service)];
  if (errors.count() > 0 && ttft.count() > 0 && ttft.sum() > nanoseconds{0}) {
    const double share =
        static_cast<double>(errors.mean().count()) / static_cast<double>(ttft.mean().count());
    return by_share(Limit::network, share,
                    "first tokens took " + readable(errors.mean()) + " of " +
                        readable(ttft.mean()) + " from the server's stamp to ours (" +
                        readable_share(share) + ")");
  }
  const auto bytes = busiest_transfer(record);
  if (!bytes) return unknown(Limit::network, "nothing tells of it");
  return unknown(Limit::network, "the busiest second had " + readable_rate(*bytes / 1e6) +
                                     " MB one way; what the network carries is not known");
}

std::string in_words(const Bottleneck& bottleneck) {
  const auto find = [&](auto wanted) { return std::ranges::find_if(bottleneck.evidence, wanted); };
  if (bottleneck.limit) {
    const auto found = find([&](const Evidence& each) { return each.limit == *bottleneck.limit; });
    return std::string(name_of(*bottleneck.limit)) + ": " + found->figures;
  }
  const auto near = find([](const Evidence& each) { return each.nearness == Nearness::near; });
  if (near != bottleneck.evidence.end())
    return "nothing at its limit; nearest is " + std::string(name_of(near->limit)) + ": " +
           near->figures;
  std::string unknowns;
  for (const Evidence& each : bottleneck.evidence)
    if (each.nearness == Nearness::not_known)
      unknowns += (unknowns.empty() ? "" : ", ") + std::string(name_of(each.limit));
  if (unknowns.empty()) return "nothing: the load reached no limit";
  return "nothing seen at its limit; not known: " + unknowns;
}

}  // namespace

// The order in which the reached ones are named: what spoils the figures first; then causes before
// their effects, for whatever slows the target lets requests queue. Of two ceilings the one that is
// nearer.
Bottleneck find_bottleneck(const RunRecord& record) {
  const MeasuredDemand demand = whole_demand(record);
  Bottleneck bottleneck;
  bottleneck.evidence = {client_cpu(record),       network(record),    kv_memory(record),
                         memory_bandwidth(record), arithmetic(record), queueing(demand)};
  const auto of = [&](Limit limit) -> const Evidence& {
    return bottleneck.evidence[static_cast<std::size_t>(limit)];
  };
  std::vector<Limit> order{Limit::client_cpu,       Limit::network,    Limit::kv_memory,
                           Limit::memory_bandwidth, Limit::arithmetic, Limit::queueing};
  if (of(Limit::arithmetic).share.value_or(0) > of(Limit::memory_bandwidth).share.value_or(0))
    std::swap(order[3], order[4]);
  for (const Limit limit : order)
    if (!bottleneck.limit && of(limit).nearness == Nearness::reached) bottleneck.limit = limit;
  bottleneck.sentence = in_words(bottleneck);
  return bottleneck;
}

std::string_view name_of(Limit limit) {
  constexpr std::array<std::string_view, limit_count> names{
      "client CPU", "network", "KV memory", "memory bandwidth", "arithmetic", "queueing"};
  return names.at(static_cast<std::size_t>(limit));
}

std::string_view name_of(Nearness nearness) {
  constexpr std::array<std::string_view, 4> names{"not known", "clear", "near", "reached"};
  return names.at(static_cast<std::size_t>(nearness));
}

}  // namespace squall::coordinator
