#pragma once
// A fleet that is not here: the scenario's very requests, sent to simulated machines, each an
// engine whose steps take as long as a law says. Discrete events on virtual time; no clock, no
// thread. Equal arguments give equal results. What it says is a prediction: whoever shows it says
// "simulated".

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "actors/metrics/histogram.hpp"
#include "coordinator/fleet/engine_law.hpp"
#include "scenarios/load/trace.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// Which machine a request goes to.
enum class Routing {
  round_robin,   // one after the other
  least_loaded,  // that with the fewest open requests; of equals the one asked longest ago
  random,        // any, by the seed
  by_user        // each user has its machine, as the users of Squall's own agents have
};
inline constexpr Routing all_routings[] = {Routing::round_robin, Routing::least_loaded,
                                           Routing::random, Routing::by_user};
std::string_view name_of(Routing routing);  // "round-robin", "least-loaded", "random", "by-user"

/// Machines that are alike.
struct MachineKind {
  std::string name;
  EngineLaw law;
  std::uint32_t count = 1;
};

inline constexpr std::uint32_t most_machines = 100'000;

struct FleetOptions {
  std::vector<MachineKind> machines;  // at least one machine in all
  Routing routing = Routing::least_loaded;
  std::uint64_t seed = 1;                   // of random routing; the load's is the scenario's
  std::uint32_t assumed_prompt_tokens = 0;  // of a prompt from a file, whose length nobody knows
};

/// Requests by how they ended: issued = completed + timed_out + open_at_end + refused.
struct FleetLedger {
  std::uint64_t issued = 0;
  std::uint64_t completed = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t refused = 0;  // no machine has memory for so long a request
  std::uint64_t open_at_end = 0;
  std::uint64_t not_sent = 0;  // arrivals that found as many in flight as may be; not issued
};

/// The fleet over a stretch of time, from `at` to the next moment.
struct FleetMoment {
  nanoseconds at{0};
  double in_flight = 0;  // mean, over all machines; those that wait included
  double waiting = 0;    // mean; not in a batch yet
  double busy = 0;       // share of the machines' time
  double tokens_per_second = 0;
  std::uint64_t started = 0, answered = 0;
  nanoseconds ttft_p95{0};  // of requests that had their first token here; 0: there was none
};

/// Machines of one kind, in the measured window.
struct KindResult {
  std::string name;
  std::uint32_t count = 0;
  double utilisation = 0;  // share of time in which a step is computed; mean over machines
  double lowest_utilisation = 0, highest_utilisation = 0;  // of one machine
  double mean_batch = 0;                                   // requests in a step, over its time
  double mean_waiting = 0;                                 // requests of one machine, over time
  std::uint64_t most_waiting = 0;                          // on one machine
  double peak_memory = 0;  // share of the pages, of the fullest machine; 0: there is no limit
};

/// Latencies and ledger are of requests whose intended start lies in the measured phase, rates of
/// what happened in it, as in the report of a run.
struct FleetResult {
  std::uint32_t machines = 0;
  nanoseconds window{0};
  FleetLedger measured, whole;
  std::uint64_t output_tokens = 0;  // in the window
  double tokens_per_second = 0, requests_per_second = 0, mean_in_flight = 0;
  // Completed requests. Percentiles with those that got no answer: estimate() in fleet_goal.hpp.
  actors::Histogram ttft, e2e, tpot, queue;
  nanoseconds unanswered_at_least{0};  // so long had those waited that got no answer
  std::vector<KindResult> kinds;
  std::vector<FleetMoment> course;  // of the whole run, at most 600 moments
  std::uint64_t events = 0;         // how much work the simulation was
};

/// A scenario that cannot be simulated: what is missing, and the remedy.
struct FleetError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The law with the batch limits that the scenario sets for its engine; of another target as it is.
EngineLaw law_for(const scenarios::Scenario& scenario, EngineLaw law);

/// `trace` as for make_load_plan. The scenario's target is not looked at but for its timeout.
/// Throws FleetError.
FleetResult simulate_fleet(const scenarios::Scenario& scenario, const FleetOptions& options,
                           std::shared_ptr<const scenarios::Trace> trace = nullptr);

}  // namespace squall::coordinator
