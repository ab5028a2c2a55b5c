#include "agents/targets/simulated_service.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

constexpr std::uint64_t purpose_service = 0x73657276;  // "serv"; names the stream of draws
constexpr std::uint64_t purpose_answer = 0x616e7377;   // "answ"

/// So that no law, however heavy its tail, leaves the range of an instant.
constexpr double longest_seconds = 1e6;

std::uint32_t prompt_tokens(const LoadRequest& request) {
  if (request.prompt.parts.empty()) return request.plan.prompt_tokens;
  return static_cast<std::uint32_t>(scenarios::estimated_tokens(request.prompt));
}

/// The last instant at which waiting that began at `since` goes on.
Instant patience(nanoseconds timeout, Instant since, Instant deadline) {
  return timeout > nanoseconds{0} ? std::min(since + timeout, deadline) : deadline;
}

void give_up(Instant at, RequestTimeline& timeline) {
  timeline.ended = at;
  timeline.outcome = TimedOut{};
}

}  // namespace

SimulatedService::SimulatedService(const scenarios::TargetSettings& settings,
                                   const scenarios::AgentShare& share)
    : settings_(settings.simulated),
      first_token_timeout_(settings.first_token_timeout),
      token_gap_timeout_(settings.token_gap_timeout) {
  std::sort(settings_.freezes.begin(), settings_.freezes.end(),
            [](const auto& a, const auto& b) { return a.at < b.at; });
  // An agent of some weight has so many places in the round: any of them names it.
  const auto slow = static_cast<std::uint32_t>(settings_.slow_agent);
  if (settings_.slow_agent >= 0 && slow >= share.index && slow - share.index < share.width)
    factor_ = settings_.slow_factor;
}

RequestTimeline SimulatedService::plan(const LoadRequest& request, Instant dispatched) {
  RequestTimeline timeline;
  timeline.request = request.id;
  timeline.phase = request.phase;
  timeline.scheduled = request.scheduled;
  timeline.dispatched = dispatched;
  timeline.category = request.plan.category;
  timeline.prompt_tokens = prompt_tokens(request);
  // Another attempt must have chances of its own, or one that failed would fail for ever.
  scenarios::Random random(request.plan.sampling_seed, purpose_service, request.attempt - 1);
  const bool refused = random.uniform() < settings_.refuse_rate;
  const bool fails = random.uniform() < settings_.error_rate;
  if (refused)
    refuse(request, timeline);
  else
    serve(request, fails, random, timeline);
  timeline.output_tokens = static_cast<std::uint32_t>(timeline.content.size());
  if (!timeline.content.empty())
    timeline.first_chunk = timeline.first_output = timeline.content.front();
  if (request.keep_answer) timeline.answer = simulated_answer(request, timeline.content.size());
  return timeline;
}

/// What would come during a freeze comes at its end.
Instant SimulatedService::held_back(Instant at) const {
  if (!start_) return at;
  for (const auto& freeze : settings_.freezes)
    if (at >= *start_ + freeze.at && at < *start_ + freeze.at + freeze.length)
      at = *start_ + freeze.at + freeze.length;
  return at;
}

nanoseconds SimulatedService::draw(const scenarios::Distribution& law,
                                   scenarios::Random& random) const {
  const double seconds = std::clamp(law.sample(random) * factor_, 0.0, longest_seconds);
  return nanoseconds(std::llround(seconds * 1e9));
}

Instant SimulatedService::server_free(Instant dispatched) {
  while (!busy_until_.empty() && busy_until_.top() <= dispatched) busy_until_.pop();
  return busy_until_.size() < settings_.servers ? dispatched : busy_until_.top();
}

void SimulatedService::refuse(const LoadRequest& request, RequestTimeline& timeline) const {
  const Instant at = held_back(timeline.dispatched);
  if (at >= request.deadline) return give_up(request.deadline, timeline);
  timeline.ended = at;
  timeline.outcome = Failed{"simulated refusal", true, nanoseconds{0}};
}

void SimulatedService::serve(const LoadRequest& request, bool fails, scenarios::Random& random,
                             RequestTimeline& timeline) {
  const bool limited = settings_.servers > 0;
  const Instant begun = limited ? server_free(timeline.dispatched) : timeline.dispatched;
  const Instant until = patience(first_token_timeout_, timeline.dispatched, request.deadline);
  if (begun >= until) return give_up(until, timeline);  // leaves the queue unserved
  timeline.admitted = begun;
  const Instant first = begun + draw(settings_.first_token, random);
  if (held_back(first) >= until) {
    give_up(until, timeline);
  } else if (fails) {
    timeline.ended = held_back(first);
    timeline.outcome = Failed{"simulated error", true, nanoseconds{0}};
  } else {
    answer(request, first, random, timeline);
  }
  if (!limited) return;
  if (busy_until_.size() == settings_.servers) busy_until_.pop();
  busy_until_.push(timeline.ended);
}

void SimulatedService::answer(const LoadRequest& request, Instant first, scenarios::Random& random,
                              RequestTimeline& timeline) const {
  Instant computed = first;  // a freeze holds answers back, not the work on them
  timeline.content.reserve(request.plan.answer_tokens);
  timeline.content.push_back(held_back(first));
  while (timeline.content.size() < request.plan.answer_tokens) {
    computed += draw(settings_.token_gap, random);
    const Instant at = held_back(computed);
    const Instant until = patience(token_gap_timeout_, timeline.content.back(), request.deadline);
    if (at >= until) return give_up(until, timeline);
    timeline.content.push_back(at);
  }
  timeline.ended = timeline.content.back();
  timeline.outcome = Completed{};
}

std::string simulated_answer(const LoadRequest& request, std::size_t words) {
  constexpr std::array<std::string_view, 16> vocabulary{
      "wind",  "rain", "cloud", "front", "gust", "calm", "storm", "drizzle",
      "north", "sea",  "south", "mist",  "hail", "east", "west",  "thunder"};
  scenarios::Random random(request.plan.prompt_seed, purpose_answer);
  std::string text;
  for (std::size_t word = 0; word < words; ++word)
    text.append(word == 0 ? "" : " ").append(vocabulary[random.next() % vocabulary.size()]);
  return text;
}

}  // namespace squall::agents
