#include "agents/targets/make_target.hpp"

#include <cassert>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "agents/engine/model/model.hpp"
#include "agents/targets/engine_target.hpp"
#include "agents/targets/openai/openai_target.hpp"
#include "agents/targets/prompt_text.hpp"
#include "agents/targets/resilience/target_stack.hpp"
#include "agents/targets/simulated_target.hpp"

namespace squall::agents {

namespace {

std::unique_ptr<Target> make_engine(const scenarios::Scenario& scenario,
                                    const TargetSurroundings& surroundings, TargetEvents events,
                                    DownloadContext downloads) {
  // Other processes that failed at the same moment should not try again at the same moment.
  downloads.seed = scenario.seed + static_cast<std::uint64_t>(getpid());
  return std::make_unique<EngineTarget>(scenario, surroundings, std::move(events), downloads);
}

std::unique_ptr<Target> make_openai(const scenarios::Scenario& scenario,
                                    const TargetSurroundings& surroundings, TargetEvents events) {
  const auto& settings = scenario.target.openai;
  const auto tokenizer = settings.tokenizer.empty()
                             ? nullptr
                             : load_tokenizer(surroundings.folder / settings.tokenizer);
  const auto writer = std::make_shared<const PromptWriter>(tokenizer, settings.api);
  ServerPrompts prompts{
      .messages = [writer](const scenarios::Prompt& prompt) { return writer->messages(prompt); },
      .text = [writer](const scenarios::Prompt& prompt) { return writer->text(prompt); },
      .count = [writer](const scenarios::Prompt& prompt) { return writer->count(prompt); },
      .token_counts = writer->token_counts()};
  return std::make_unique<OpenAiTarget>(scenario, surroundings, std::move(events),
                                        std::move(prompts), process_environment());
}

std::unique_ptr<Target> make_bare_target(const scenarios::Scenario& scenario,
                                         const TargetSurroundings& surroundings,
                                         TargetEvents events, const DownloadContext& downloads) {
  switch (scenario.target.kind) {
    case scenarios::TargetKind::engine:
      return make_engine(scenario, surroundings, std::move(events), downloads);
    case scenarios::TargetKind::simulated:
      return std::make_unique<SimulatedTarget>(scenario, surroundings, std::move(events));
    case scenarios::TargetKind::openai:
      return make_openai(scenario, surroundings, std::move(events));
  }
  assert(false);
  return nullptr;
}

}  // namespace

std::unique_ptr<Target> make_target(const scenarios::Scenario& scenario,
                                    const TargetSurroundings& surroundings, TargetEvents events,
                                    const DownloadContext& downloads) {
  try {
    return make_target_stack(scenario.target, std::move(events), [&](TargetEvents of_the_bare) {
      return make_bare_target(scenario, surroundings, std::move(of_the_bare), downloads);
    });
  } catch (const ModelError& error) {
    throw TargetError(error.what());
  } catch (const std::invalid_argument& error) {
    throw TargetError(error.what());
  }
}

}  // namespace squall::agents
