#pragma once
// A server that speaks OpenAI's API as a target: chats or completions, streamed over keep-alive
// connections. Requests become bytes on the submitting thread; all else happens on one I/O thread.

#include <memory>

#include "agents/targets/openai/request_body.hpp"
#include "agents/targets/target.hpp"

namespace squall::agents {

class OpenAiTarget : public Target {
 public:
  /// Asks the server for its models first. Throws std::invalid_argument for what the user can mend:
  /// no server there, a key that it does not take, settings that contradict each other.
  OpenAiTarget(const scenarios::Scenario& scenario, const TargetSurroundings& surroundings,
               TargetEvents events, ServerPrompts prompts, const Environment& environment);
  ~OpenAiTarget() override;

  const TargetDescription& description() const override;
  void submit(actors::LoadRequest request) override;
  void abandon(const actors::RequestOutcome& outcome) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The variables of this process.
Environment process_environment();

}  // namespace squall::agents
