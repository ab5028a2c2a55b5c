#pragma once
// An OpenAiTarget under test, and what it reported.

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "agents/targets/openai/openai_target.hpp"

namespace squall::fixtures {

using actors::Instant;
using actors::RequestTimeline;

/// Prompts whose text is there already.
inline agents::ServerPrompts plain_prompts() {
  return {.messages =
              [](const scenarios::Prompt& prompt) {
                std::vector<agents::ChatMessage> messages;
                for (const auto& part : prompt.parts)
                  messages.push_back({"user", std::get<std::string>(part.text)});
                return messages;
              },
          .text =
              [](const scenarios::Prompt& prompt) {
                return std::get<std::string>(prompt.parts.at(0).text);
              },
          .count = [](const scenarios::Prompt&) { return 77U; },
          .token_counts = "estimated"};
}

inline scenarios::Scenario scenario_for(const std::string& url) {
  scenarios::Scenario scenario;
  scenario.target.kind = scenarios::TargetKind::openai;
  scenario.target.openai.url = url;
  scenario.target.timeout = std::chrono::seconds(20);
  return scenario;
}
inline std::string local_url(int port, const std::string& scheme = "http") {
  return scheme + "://127.0.0.1:" + std::to_string(port) + "/v1";
}

class Asking {
 public:
  using Variables = std::map<std::string, std::string>;

  explicit Asking(const scenarios::Scenario& scenario, const Variables& variables = {})
      : target_(scenario, {}, events(), plain_prompts(), [variables](const char* name) {
          const auto found = variables.find(name);
          return found == variables.end() ? std::string() : found->second;
        }) {}

  agents::OpenAiTarget& target() { return target_; }

  void submit(std::uint64_t id, std::uint32_t answer_tokens = 4) {
    actors::LoadRequest request;
    request.id = id;
    request.scheduled = std::chrono::steady_clock::now();
    request.plan.answer_tokens = answer_tokens;
    request.prompt.parts = {
        {scenarios::Speaker::user, "Say something, number " + std::to_string(id) + "."}};
    request.keep_answer = true;
    target_.submit(std::move(request));
  }

  /// What was reported as soon as there are so many; fewer after 30 s.
  std::vector<RequestTimeline> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return ended_.size() >= count; });
    return ended_;
  }
  RequestTimeline ask() {
    const auto before = wait_for(0).size();
    submit(before + 1);
    const auto all = wait_for(before + 1);
    if (all.size() != before + 1) throw std::runtime_error("no answer was reported");
    return all.back();
  }
  std::uint64_t tokens() {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }
  std::vector<std::string> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  agents::TargetEvents events() {
    return {.ended =
                [this](RequestTimeline timeline) {
                  const std::lock_guard lock(mutex_);
                  ended_.push_back(std::move(timeline));
                  changed_.notify_all();
                },
            .progress =
                [this](std::uint64_t tokens) {
                  const std::lock_guard lock(mutex_);
                  tokens_ += tokens;
                },
            .happened =
                [this](Instant, std::string what) {
                  const std::lock_guard lock(mutex_);
                  notes_.push_back(std::move(what));
                }};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RequestTimeline> ended_;
  std::vector<std::string> notes_;
  std::uint64_t tokens_ = 0;
  agents::OpenAiTarget target_;  // last: its thread uses the rest
};

/// "completed", "timed out", or the class of the failure.
inline std::string outcome_of(const RequestTimeline& timeline) {
  if (std::holds_alternative<actors::Completed>(timeline.outcome)) return "completed";
  if (std::holds_alternative<actors::TimedOut>(timeline.outcome)) return "timed out";
  if (std::holds_alternative<actors::Cancelled>(timeline.outcome)) return "cancelled";
  if (const auto* failed = std::get_if<actors::Failed>(&timeline.outcome)) return failed->reason;
  return "open at end";
}

}  // namespace squall::fixtures
