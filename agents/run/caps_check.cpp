#include "agents/run/caps_check.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "agents/targets/openai/http/server_url.hpp"
#include "scenarios/text/words.hpp"

namespace squall::agents {

using namespace scenarios;

namespace {

// Rates are sums and quotients of whole numbers: what differs by less is not more.
constexpr double rounding = 1 + 1e-9;

std::string number(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

std::string seconds(nanoseconds duration) {
  return number(std::chrono::duration<double>(duration).count()) + " s";
}

/// The host of an address that a scenario names; as our own HTTP client reads it.
std::optional<std::string> refused_host(const actors::AgentCaps& caps, const std::string& url) {
  std::string host;
  try {
    host = parse_server_url(url).host;
  } catch (const std::invalid_argument&) {
    host = url;  // what cannot be read is not on the list either
  }
  return may_talk_to(caps, host) ? std::nullopt : std::optional(host);
}

double fullest_second(const Scenario& scenario, const LoadPlan& plan) {
  const auto arrivals = arrivals_of(scenario, plan);
  double most = 0, count = 0;
  std::int64_t second = -1;
  while (const auto arrival = arrivals->next()) {
    const auto at = std::chrono::floor<std::chrono::seconds>(arrival->at).count();
    count = at == second ? count + 1 : 1;
    second = at;
    most = std::max(most, count);
  }
  return most;
}

}  // namespace

bool may_talk_to(const actors::AgentCaps& caps, const std::string& host) {
  return caps.hosts.empty() ||
         std::ranges::any_of(caps.hosts, [wanted = lower(host)](const std::string& allowed) {
           return lower(allowed) == wanted;
         });
}

std::optional<std::string> cap_exceeded(const actors::AgentCaps& caps, const Scenario& scenario) {
  const nanoseconds duration = scenario.phases.warm_up + scenario.phases.measure;
  if (caps.duration > nanoseconds{0} && duration > caps.duration)
    return "the scenario loads for " + seconds(duration) + ", this agent allows " +
           seconds(caps.duration) +
           " (its --max-duration); shorten warm_up and measure, or raise the cap";
  if (caps.hosts.empty()) return std::nullopt;
  std::vector<std::string> addresses = scenario.target.sources;
  if (scenario.target.kind == TargetKind::openai) addresses.push_back(scenario.target.openai.url);
  for (const std::string& address : addresses)
    if (const auto host = refused_host(caps, address))
      return "the scenario names the host " + *host +
             ", which this agent may not talk to; start the agent with --allow-host " + *host +
             " if it may";
  return std::nullopt;
}

AskedLoad& AskedLoad::operator+=(const AskedLoad& other) {
  users += other.users;
  rate += other.rate;
  return *this;
}

AskedLoad asked_load(const Scenario& scenario, const LoadPlan& plan) {
  AskedLoad asked;
  std::vector<std::uint64_t> users;  // a user may have several stretches
  for (const PlannedUser& each : plan.users) users.push_back(each.user);
  std::sort(users.begin(), users.end());
  asked.users = static_cast<std::uint64_t>(std::unique(users.begin(), users.end()) - users.begin());
  if (const auto* open = std::get_if<OpenArrivals>(&scenario.load)) {
    asked.rate = open->rate.highest(plan.stop) * plan.share.width / plan.share.count;
  } else if (std::holds_alternative<TraceReplay>(scenario.load)) {
    asked.rate = fullest_second(scenario, plan);
  }
  return asked;
}

std::optional<std::string> cap_exceeded(const actors::AgentCaps& caps, const AskedLoad& asked) {
  if (caps.users > 0 && asked.users > caps.users)
    return "the scenario asks " + std::to_string(asked.users) +
           " users of this agent, which allows " + std::to_string(caps.users) +
           " (its --max-users); take more agents, fewer users, or raise the cap";
  if (caps.rate > 0 && asked.rate > caps.rate * rounding)
    return "the scenario asks " + number(asked.rate) +
           " arrivals per second of this agent, which allows " + number(caps.rate) +
           " (its --max-rate); take more agents, a lower rate, or raise the cap";
  return std::nullopt;
}

}  // namespace squall::agents
