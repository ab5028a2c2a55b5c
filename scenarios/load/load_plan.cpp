#include "scenarios/load/load_plan.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>
#include <utility>

#include "scenarios/load/random_stream.hpp"
#include "scenarios/load/work_stretches.hpp"

namespace squall::scenarios {

namespace {

// What a fingerprint covers at most, so that it stays cheap for plans of any size. How many
// requests a user makes depends on the answers' speed, so no plan can know it.
constexpr std::uint64_t fingerprinted_arrivals = 1'000'000;
constexpr std::uint64_t fingerprinted_plans = 20'000;
constexpr std::uint64_t fingerprinted_sessions = 16;  // of a user

nanoseconds to_nanoseconds(double seconds) {
  return nanoseconds(static_cast<std::int64_t>(std::floor(seconds * 1e9 + 0.5)));
}

std::uint64_t session_index(const RequestPlace& place) {
  return mix_bits(mix_bits(place.who + 1) + place.session);
}

// Token and turn counts are whole numbers of at least 1.
std::uint32_t sample_count(const Distribution& counts, Random random) {
  if (counts.shape == Distribution::Shape::uniform) {
    // Rounding would give the two outermost counts half a share; half a count more mends that.
    const double spread = counts.maximum - counts.minimum + 1;
    const double count = std::floor(counts.minimum + spread * random.uniform());
    return static_cast<std::uint32_t>(
        std::clamp(count, std::max(1.0, counts.minimum), std::max(1.0, counts.maximum)));
  }
  return static_cast<std::uint32_t>(std::max(1.0, std::floor(counts.sample(random) + 0.5)));
}

std::vector<PlannedUser> plan_users(const ClosedUsers& load, std::uint64_t seed, AgentShare share,
                                    LateEntry entry, nanoseconds stop) {
  std::vector<PlannedUser> users;
  const auto count = static_cast<std::uint64_t>(std::ceil(load.count.highest(stop)));
  const WorkStretches work(load.count, stop);
  users.reserve(std::min(count, count / share.count * share.width + share.width));
  for (std::uint64_t number = 0; share.item_at(number) < count; ++number) {
    const std::uint64_t user = share.item_at(number);
    const nanoseconds enters = entry_of_user(entry, seed, user);
    std::uint32_t stretch = 0;
    for (const WorkStretch& each : work.above(user)) {
      const PlannedUser planned{user, stretch++, std::max(each.start, enters), each.end};
      if (planned.start < planned.end) users.push_back(planned);
    }
  }
  const auto by_start = [](const PlannedUser& one, const PlannedUser& other) {
    return std::tie(one.start, one.user) < std::tie(other.start, other.user);
  };
  if (!std::is_sorted(users.begin(), users.end(), by_start)) {
    std::sort(users.begin(), users.end(), by_start);
  }
  return users;
}

std::uint32_t choose_category(const std::vector<Category>& categories, Random random) {
  if (categories.size() == 1) return 0;
  double total = 0;
  for (const Category& category : categories) total += category.weight;
  double left = random.uniform() * total;
  for (std::uint32_t index = 0; index + 1 < categories.size(); ++index) {
    left -= categories[index].weight;
    if (left < 0) return index;
  }
  return static_cast<std::uint32_t>(categories.size() - 1);
}

// All that is random about a request, each choice from a stream of its own: so none moves another.
class Choices {
 public:
  Choices(const Scenario& scenario, const RequestPlace& place)
      : seed_(scenario.seed),
        session_(session_index(place)),
        request_(mix_bits(session_ + place.turn)) {}

  Random of_session(RandomStream::Purpose purpose) const {
    return Random(seed_, purpose, session_);
  }
  Random of_request(RandomStream::Purpose purpose) const {
    return Random(seed_, purpose, request_);
  }

 private:
  std::uint64_t seed_, session_, request_;
};

void plan_prefix(const Scenario& scenario, const Category& category, const Choices& choices,
                 RequestPlan& plan) {
  if (category.prefixes.groups == 0) return;
  plan.prefix_group = static_cast<std::uint32_t>(
      choices.of_session(RandomStream::prefix_choice).uniform() * category.prefixes.groups);
  // Later turns carry the first one's prefix in their history. At least one token is one's own.
  if (plan.place.turn > 0 || plan.prompt_tokens < 2) return;
  const std::uint64_t group = (std::uint64_t{plan.category} << 32) + plan.prefix_group;
  const std::uint32_t tokens = sample_count(
      category.prefixes.tokens, Random(scenario.seed, RandomStream::prefix_length, group));
  plan.prefix_tokens = std::min(tokens, plan.prompt_tokens - 1);
}

void plan_session(const ClosedUsers& users, const Choices& choices, RequestPlan& plan) {
  const std::uint32_t turns =
      sample_count(users.conversations.turns, choices.of_session(RandomStream::session_turns));
  plan.last_turn = plan.place.turn + 1 >= turns;
  Random thinking = choices.of_request(RandomStream::thinking);
  plan.think_time = to_nanoseconds(users.think_time.sample(thinking));
  if (plan.last_turn) {
    Random pausing = choices.of_session(RandomStream::session_pause);
    plan.think_time += to_nanoseconds(users.conversations.pause.sample(pausing));
  }
}

// Without regard to a late entry; none for the closed model.
std::unique_ptr<RepeatableStream> all_arrivals_of(const Scenario& scenario, const LoadPlan& plan) {
  if (const auto* open = std::get_if<OpenArrivals>(&scenario.load)) {
    return stream_of(*open, scenario.seed, plan.share, plan.stop, plan.marks);
  }
  if (const auto* replay = std::get_if<TraceReplay>(&scenario.load)) {
    return stream_of(*replay, plan.trace, plan.share, plan.stop);
  }
  return stream_of(OpenArrivals{}, scenario.seed, plan.share, nanoseconds{0});
}

// Order matters: equal values in another order give another fingerprint.
class Fingerprint {
 public:
  void add(std::uint64_t value) { state_ = mix_bits(state_ * 3 + value + 0x9E3779B97F4A7C15); }
  void add(nanoseconds value) { add(static_cast<std::uint64_t>(value.count())); }
  void add(const RequestPlan& plan) {
    add(plan.category);
    add(plan.prompt_seed);
    add(plan.prompt_tokens);
    add((std::uint64_t{plan.prefix_group} << 32) + plan.prefix_tokens);
    add(plan.answer_tokens);
    add(plan.sampling_seed);
    add((plan.last_turn ? 2u : 0u) + (plan.check_accuracy ? 1u : 0u));
    add(plan.think_time);
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

// Share, stop, trace and marks are there.
void plan_work(const Scenario& scenario, LateEntry entry, LoadPlan& plan) {
  assert(plan.share.width > 0 && plan.share.index < plan.share.count);
  assert(plan.share.width <= plan.share.count - plan.share.index);
  plan.entry = {std::max(entry.from, nanoseconds{0}), std::max(entry.ramp, nanoseconds{0})};
  if (const auto* closed = std::get_if<ClosedUsers>(&scenario.load)) {
    plan.users = plan_users(*closed, scenario.seed, plan.share, plan.entry, plan.stop);
    return;
  }
  if (plan.entry != LateEntry{}) {
    plan.from_entry = late_arrivals(all_arrivals_of(scenario, plan), scenario.seed, plan.entry);
  }
  plan.arrivals = arrivals_of(scenario, plan)->count_rest();
}

}  // namespace

LoadPlan make_load_plan(const Scenario& scenario, AgentShare share,
                        std::shared_ptr<const Trace> trace, LateEntry entry) {
  assert(std::holds_alternative<TraceReplay>(scenario.load) == (trace != nullptr));
  LoadPlan plan;
  plan.share = share;
  plan.stop = scenario.phases.warm_up + scenario.phases.measure;
  plan.trace = std::move(trace);
  if (const auto* open = std::get_if<OpenArrivals>(&scenario.load)) {
    plan.marks = mark_arrivals(*open, scenario.seed, plan.stop);
  }
  plan_work(scenario, entry, plan);
  return plan;
}

LoadPlan make_late_plan(const Scenario& scenario, const LoadPlan& own, AgentShare share,
                        LateEntry entry) {
  LoadPlan plan;
  plan.share = share;
  plan.stop = own.stop;
  plan.trace = own.trace;
  plan.marks = own.marks;
  plan_work(scenario, entry, plan);
  return plan;
}

std::unique_ptr<ArrivalStream> arrivals_of(const Scenario& scenario, const LoadPlan& plan) {
  if (plan.from_entry != nullptr) return plan.from_entry->copy();
  return all_arrivals_of(scenario, plan);
}
RequestPlan plan_request(const Scenario& scenario, const RequestPlace& place, const Trace* trace) {
  const Choices choices(scenario, place);
  RequestPlan plan{};
  plan.place = place;
  plan.category =
      choose_category(scenario.categories, choices.of_session(RandomStream::category_choice));
  const Category& category = scenario.categories[plan.category];

  plan.session_seed = choices.of_session(RandomStream::prompt_choice).next();
  plan.prompt_seed =
      place.turn == 0 ? plan.session_seed : choices.of_request(RandomStream::prompt_choice).next();
  if (trace != nullptr) {
    assert(place.who < trace->entries.size());
    const TraceEntry& entry = trace->entries[place.who];
    plan.prompt_tokens = std::max(1u, entry.prompt_tokens);
    plan.answer_tokens = std::max(1u, entry.answer_tokens);
  } else {
    if (const auto* synthetic = std::get_if<SyntheticPrompts>(&category.prompts)) {
      plan.prompt_tokens =
          sample_count(synthetic->tokens, choices.of_request(RandomStream::prompt_length));
    }
    plan.answer_tokens =
        sample_count(category.answer_tokens, choices.of_request(RandomStream::answer_length));
  }
  const bool shares_blocks = trace != nullptr && trace->entries[place.who].blocks > 0;
  if (!shares_blocks) plan_prefix(scenario, category, choices, plan);
  plan.sampling_seed = choices.of_request(RandomStream::sampling).next();
  if (const auto* closed = std::get_if<ClosedUsers>(&scenario.load)) {
    plan_session(*closed, choices, plan);
  }
  if (scenario.accuracy.sample > 0) {
    plan.check_accuracy =
        choices.of_request(RandomStream::accuracy_sample).uniform() < scenario.accuracy.sample;
  }
  return plan;
}

std::uint64_t fingerprint(const Scenario& scenario, const LoadPlan& plan) {
  Fingerprint result;
  result.add(plan.share.index);
  result.add(plan.share.count);
  result.add(std::uint64_t{plan.share.width});
  result.add(plan.entry.from);
  result.add(plan.entry.ramp);
  result.add(plan.stop);
  result.add(plan.users.size());
  const std::uint32_t first = first_session(plan.entry);
  std::uint64_t plans_left = fingerprinted_plans;
  for (const PlannedUser& user : plan.users) {
    result.add(user.user);
    result.add(user.start);
    result.add(user.end);
    for (std::uint32_t session = 0; session < fingerprinted_sessions; ++session) {
      std::uint32_t turn = 0;
      RequestPlan request{};
      for (request.last_turn = false; !request.last_turn && plans_left > 0; --plans_left) {
        request = plan_request(scenario, {user.user, first + session, turn++});
        result.add(request);
      }
    }
  }
  result.add(plan.arrivals);
  const auto stream = arrivals_of(scenario, plan);
  for (std::uint64_t seen = 0; seen < fingerprinted_arrivals; ++seen) {
    const auto arrival = stream->next();
    if (!arrival) break;
    result.add(arrival->arrival);
    result.add(arrival->at);
    if (seen < fingerprinted_plans) {
      result.add(plan_request(scenario, {arrival->arrival, 0, 0}, plan.trace.get()));
    }
  }
  return result.value();
}

}  // namespace squall::scenarios
