#include "coordinator/run/agents/agent_gathering.hpp"

#include <algorithm>
#include <numeric>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Hello;
using actors::Rejected;

namespace {

// Of epochs that are remembered as replaced; an agent that restarts for ever takes no more memory.
constexpr std::size_t replaced_limit = 10'000;
// Of agents of one run, whoever greets.
constexpr std::size_t candidate_limit = 20'000;

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

}  // namespace

AgentGathering::AgentGathering(Gathering gathering, scenarios::AgentRules rules, Instant now)
    : gathering_(std::move(gathering)), rules_(std::move(rules)), begun_(now) {}

std::optional<Rejected> AgentGathering::on_hello(const actors::PeerId& peer,
                                                 const std::string& identity, std::uint64_t epoch,
                                                 const Hello& hello, Instant now) {
  if (const auto known = candidates_.find(epoch); known != candidates_.end()) {
    if (known->second.identity != identity)
      return Rejected{"another agent is known by its epoch; start it again"};
    known->second.peer = peer;
    known->second.last_heard = now;
    return std::nullopt;
  }
  if (const auto replaced = replaced_.find(epoch); replaced != replaced_.end())
    return Rejected{replaced->second};
  // The same key with another epoch is the same agent, started again: the newer one counts.
  if (!identity.empty()) {
    if (const auto older = by_called_.find(identity); older != by_called_.end()) {
      if (replaced_.size() < replaced_limit)
        replaced_.emplace(older->second, "an agent with the same key was started after it");
      drop(older->second);
    }
  }
  if (auto reason = why_not(identity, epoch, hello); !reason.empty())
    return Rejected{std::move(reason), true};
  Candidate candidate{peer, identity, epoch, hello, now, next_place_++};
  by_called_.emplace(candidate.called(), epoch);
  by_name_.emplace(hello.name, epoch);
  candidates_.emplace(epoch, std::move(candidate));
  return std::nullopt;
}

std::string AgentGathering::why_not(const std::string& identity, std::uint64_t epoch,
                                    const Hello& hello) const {
  if (const std::string label = missing_label(hello.labels); !label.empty())
    return "the scenario wants agents with the label '" + label + "'; start it with --label " +
           label;
  const std::string& called = identity.empty() ? hello.name : identity;
  if (!gathering_.names.empty() &&
      std::ranges::find(gathering_.names, called) == gathering_.names.end())
    return "'" + called + "' is not on the list of agents of this run";
  const auto same = by_name_.find(hello.name);
  if (same != by_name_.end() && same->second != epoch)
    return "an agent named '" + hello.name + "' is here already; give this one another --name";
  if (candidates_.size() >= candidate_limit) return "this run has as many agents as can be";
  return "";
}

std::string AgentGathering::missing_label(const std::vector<std::string>& labels) const {
  for (const auto& required : rules_.require)
    if (std::ranges::find(labels, required) == labels.end()) return required;
  return "";
}

unsigned AgentGathering::weight_of(const std::vector<std::string>& labels) const {
  for (const auto& [label, weight] : rules_.weights)
    if (std::ranges::find(labels, label) != labels.end()) return weight;
  return 1;
}

void AgentGathering::drop(std::uint64_t epoch) {
  const auto found = candidates_.find(epoch);
  if (found == candidates_.end()) return;
  by_called_.erase(found->second.called());
  by_name_.erase(found->second.hello.name);
  candidates_.erase(found);
}

void AgentGathering::excuse(nanoseconds duration, Instant now) {
  for (auto& [epoch, candidate] : candidates_)
    candidate.last_heard = std::min(candidate.last_heard + duration, now);
}

void AgentGathering::drop_silent(Instant now, nanoseconds limit) {
  std::vector<std::uint64_t> silent;
  for (const auto& [epoch, candidate] : candidates_)
    if (now - candidate.last_heard >= limit) silent.push_back(epoch);
  for (const auto epoch : silent) drop(epoch);
}

void AgentGathering::drop_identity(const std::string& identity) {
  for (const auto& [epoch, candidate] : candidates_)
    if (candidate.identity == identity) {
      drop(epoch);
      return;
    }
}

const Candidate* AgentGathering::find_by_process(std::uint64_t process_id) const {
  for (const auto& [epoch, candidate] : candidates_)
    if (candidate.hello.process_id == process_id &&
        (gathering_.host.empty() || candidate.hello.host == gathering_.host))
      return &candidate;
  return nullptr;
}

std::size_t AgentGathering::wanted() const {
  if (!gathering_.names.empty()) return gathering_.names.size();
  return gathering_.wait ? 0 : gathering_.agents;
}

bool AgentGathering::complete(Instant now) const {
  if (wanted() > 0 && candidates_.size() >= wanted()) return true;
  return gathering_.wait && now - begun_ >= *gathering_.wait && !candidates_.empty();
}

std::string AgentGathering::given_up(Instant now) const {
  const nanoseconds limit = gathering_.wait.value_or(gathering_.patience);
  if (now - begun_ < limit || complete(now)) return "";
  if (wanted() == 0) return "no agent joined within " + readable(limit);
  std::string text = std::to_string(candidates_.size()) + " of " + std::to_string(wanted()) +
                     " agents joined within " + readable(limit);
  std::vector<std::string> missing;
  for (const auto& name : gathering_.names)
    if (!by_called_.contains(name)) missing.push_back(name);
  if (!missing.empty()) text += "; missing: " + some_of(missing);
  return text;
}

std::vector<Placement> AgentGathering::deal() const {
  std::vector<Placement> placements;
  for (const auto& [epoch, candidate] : candidates_) placements.push_back({candidate, {}});
  std::ranges::sort(placements, {}, [](const Placement& each) { return each.candidate.place; });

  std::vector<std::size_t> by_name(placements.size());
  std::iota(by_name.begin(), by_name.end(), std::size_t{0});
  std::ranges::sort(by_name, {}, [&](std::size_t i) -> const std::string& {
    return placements[i].candidate.hello.name;
  });
  std::uint32_t width = 0;
  for (const std::size_t i : by_name) {
    auto& placement = placements[i];
    placement.share.index = width;
    placement.share.width = weight_of(placement.candidate.hello.labels);
    width += placement.share.width;
  }
  for (auto& placement : placements) placement.share.count = width;
  return placements;
}

}  // namespace squall::coordinator
