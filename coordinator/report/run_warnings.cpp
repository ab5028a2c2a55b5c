#include "coordinator/report/run_warnings.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/run/agents/agent_machines.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

struct Warning {
  std::string text;
  std::vector<std::string> agents;
};

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) text += " and " + plural(names.size() - most, "more agent");
  return text;
}

/// Figures of different models in one sum are of neither.
std::string different_models(const std::vector<const AgentRecord*>& agents) {
  const auto first =
      std::ranges::find_if(agents, [](const auto* one) { return one->ready.has_value(); });
  if (first == agents.end()) return {};
  const auto other = std::find_if(first, agents.end(), [&](const auto* one) {
    return one->ready && one->ready->model_fingerprint != (*first)->ready->model_fingerprint;
  });
  if (other == agents.end()) return {};
  const auto named = [](const AgentRecord& agent) {
    return agent.hello.name + " " + agent.ready->model_name + " (" +
           agent.ready->model_fingerprint + ")";
  };
  return "the agents did not all run the same model: " + named(**first) + ", " + named(**other);
}

/// Threads that a limit keeps waiting: figures are of the limit, not of the machine.
std::string too_many_threads(const AgentRecord& agent) {
  if (!agent.ready || agent.ready->target_kind != "engine") return {};
  const double limit = cpu_limit_of(agent);
  if (limit <= 0 || agent.ready->engine_threads <= std::ceil(limit)) return {};
  return "the engine of " + agent.hello.name + " runs " +
         plural(agent.ready->engine_threads, "thread") + ", but a limit on its machine leaves it " +
         readable_rate(limit) + " processors at a time";
}

}  // namespace

std::vector<std::string> run_warnings(const std::vector<const AgentRecord*>& agents) {
  std::vector<Warning> warnings;
  for (const AgentRecord* agent : agents) {
    if (!agent->ready) continue;
    for (const std::string& text : agent->ready->warnings) {
      auto known = std::ranges::find(warnings, text, &Warning::text);
      if (known == warnings.end()) known = warnings.insert(known, {text, {}});
      known->agents.push_back(agent->hello.name);
    }
  }
  std::vector<std::string> sentences;
  for (const Warning& warning : warnings) {
    const bool all_say_it = warning.agents.size() == agents.size();
    sentences.push_back(all_say_it ? warning.text : some_of(warning.agents) + ": " + warning.text);
  }
  if (std::string text = different_models(agents); !text.empty())
    sentences.push_back(std::move(text));
  for (const AgentRecord* agent : agents)
    if (std::string text = too_many_threads(*agent); !text.empty())
      sentences.push_back(std::move(text));
  return sentences;
}

}  // namespace squall::coordinator
