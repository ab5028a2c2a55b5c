#include "scenarios/load/load_plan.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace squall::scenarios {

namespace {

// Names of the random streams. They are part of what a seed means: never renumber them.
enum Purpose : std::uint64_t {
  arrival_gaps = 1,
  prompt_choice = 2,
  prompt_length = 3,
  answer_length = 4,
  sampling = 5,
  thinking = 6,
};

// How many requests of each user of the closed model the fingerprint covers: how many a user will
// make depends on the answers' speed, so no plan can know it.
constexpr std::uint64_t fingerprinted_requests = 16;

nanoseconds to_nanoseconds(double seconds) {
  return nanoseconds(static_cast<std::int64_t>(std::floor(seconds * 1e9 + 0.5)));
}

std::uint64_t request_index(std::uint64_t user_or_arrival, std::uint64_t sequence) {
  return mix_bits(mix_bits(user_or_arrival + 1) + sequence);
}

// Token counts are whole numbers of at least 1.
std::uint32_t sample_tokens(Distribution tokens, Random random) {
  if (tokens.shape == Distribution::Shape::uniform) {
    // Rounding would give the two outermost counts half a share; half a token more mends that.
    const double lowest = tokens.minimum, highest = tokens.maximum;
    tokens.minimum -= 0.5;
    tokens.maximum += 0.5;
    return static_cast<std::uint32_t>(
        std::max(1.0, std::clamp(std::floor(tokens.sample(random) + 0.5), lowest, highest)));
  }
  return static_cast<std::uint32_t>(std::max(1.0, std::floor(tokens.sample(random) + 0.5)));
}

std::vector<PlannedUser> plan_users(const ClosedUsers& load, AgentShare share, nanoseconds stop) {
  std::vector<PlannedUser> users;
  const std::int64_t count = load.count;
  for (std::int64_t user = share.index; user < count; user += share.count) {
    // ramp * user / count without the product, which can exceed 64 bits.
    const std::int64_t ramp = load.ramp.count();
    const nanoseconds start(ramp / count * user + ramp % count * user / count);
    if (start >= stop) break;
    users.push_back({static_cast<std::uint64_t>(user), start});
  }
  return users;
}

// Every agent walks all arrivals of the run and keeps its own: that is what makes the union of the
// shares the whole, whatever the number of agents.
std::vector<PlannedArrival> plan_arrivals(const OpenArrivals& load, std::uint64_t seed,
                                          AgentShare share, nanoseconds stop) {
  const double expected = load.rate * 1e-9 * static_cast<double>(stop.count());
  std::vector<PlannedArrival> arrivals;
  arrivals.reserve(static_cast<std::size_t>(expected / share.count * 1.01) + 16);

  Random gaps(seed, arrival_gaps);
  double elapsed = 0;  // in mean gaps, so that the rate only scales the plan
  for (std::uint64_t arrival = 0;; ++arrival) {
    elapsed = load.process == OpenArrivals::Process::poisson ? elapsed + gaps.exponential()
                                                             : static_cast<double>(arrival);
    const double seconds = elapsed / load.rate;
    if (seconds * 1e9 >= static_cast<double>(stop.count())) break;
    const nanoseconds at = to_nanoseconds(seconds);
    if (at >= stop) break;
    if (share.owns(arrival)) arrivals.push_back({arrival, at});
  }
  return arrivals;
}

// Order matters: equal values in another order give another fingerprint.
class Fingerprint {
 public:
  void add(std::uint64_t value) { state_ = mix_bits(state_ * 3 + value + 0x9E3779B97F4A7C15); }
  void add(nanoseconds value) { add(static_cast<std::uint64_t>(value.count())); }
  void add(const RequestPlan& plan) {
    add(plan.prompt_seed);
    add(plan.prompt_tokens);
    add(plan.answer_tokens);
    add(plan.sampling_seed);
    add(plan.think_time);
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace

LoadPlan make_load_plan(const Scenario& scenario, AgentShare share) {
  assert(share.count > 0 && share.index < share.count);
  LoadPlan plan;
  plan.share = share;
  plan.stop = scenario.phases.warm_up + scenario.phases.measure;
  if (const auto* closed = std::get_if<ClosedUsers>(&scenario.load)) {
    plan.users = plan_users(*closed, share, plan.stop);
  } else {
    plan.arrivals =
        plan_arrivals(std::get<OpenArrivals>(scenario.load), scenario.seed, share, plan.stop);
  }
  return plan;
}

RequestPlan plan_request(const Scenario& scenario, std::uint64_t user_or_arrival,
                         std::uint64_t sequence) {
  const std::uint64_t index = request_index(user_or_arrival, sequence);
  const auto stream = [&](Purpose purpose) { return Random(scenario.seed, purpose, index); };

  RequestPlan plan{};
  plan.prompt_seed = stream(prompt_choice).next();
  if (const auto* synthetic = std::get_if<SyntheticPrompts>(&scenario.prompts)) {
    plan.prompt_tokens = sample_tokens(synthetic->tokens, stream(prompt_length));
  }
  plan.answer_tokens = sample_tokens(scenario.answers.tokens, stream(answer_length));
  plan.sampling_seed = stream(sampling).next();
  if (const auto* closed = std::get_if<ClosedUsers>(&scenario.load)) {
    Random random = stream(thinking);
    plan.think_time = to_nanoseconds(closed->think_time.sample(random));
  }
  return plan;
}

std::uint64_t fingerprint(const Scenario& scenario, const LoadPlan& plan) {
  Fingerprint result;
  result.add(plan.share.index);
  result.add(plan.share.count);
  result.add(plan.stop);
  result.add(plan.users.size());
  for (const PlannedUser& user : plan.users) {
    result.add(user.user);
    result.add(user.start);
    for (std::uint64_t sequence = 0; sequence < fingerprinted_requests; ++sequence) {
      result.add(plan_request(scenario, user.user, sequence));
    }
  }
  result.add(plan.arrivals.size());
  for (const PlannedArrival& arrival : plan.arrivals) {
    result.add(arrival.arrival);
    result.add(arrival.at);
    result.add(plan_request(scenario, arrival.arrival, 0));
  }
  return result.value();
}

}  // namespace squall::scenarios
