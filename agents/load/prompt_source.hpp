#pragma once
// What is asked: the Prompt of a planned request, made up or from a file, alone or as the next turn
// of a conversation.
//
// Unchanging after construction, so any thread may use it. A prompt costs a microsecond where it is
// made up, and reading one item where it comes from a file.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/prompt_dataset.hpp"
#include "scenarios/load/load_plan.hpp"
#include "scenarios/load/prompt.hpp"
#include "scenarios/load/trace.hpp"

namespace squall::agents {

class PromptSource {
 public:
  /// Opens the files that the categories name; relative paths start from `folder`. `trace`: of a
  /// replay, as for make_load_plan; its blocks become prefixes that prompts share.
  /// Throws scenarios::DatasetError.
  PromptSource(const scenarios::Scenario& scenario, const std::filesystem::path& folder,
               std::shared_ptr<const scenarios::Trace> trace = nullptr);

  /// `history`, and then what the user says in this turn; in a session's first turn the system
  /// prompt and the shared prefix come before. The history of a later turn is what prompt() gave
  /// for the turn before and then the real answer, as Speaker::assistant. Whoever keeps it himself
  /// calls without it and gets the turn's own parts.
  scenarios::Prompt prompt(const scenarios::RequestPlan& plan,
                           const std::vector<scenarios::PromptPart>& history = {}) const;

 private:
  using Parts = std::vector<scenarios::PromptPart>;

  void add_made_up(const scenarios::RequestPlan& plan, Parts& parts) const;
  std::uint32_t add_prefix(const scenarios::RequestPlan& plan, Parts& parts) const;
  std::uint32_t add_blocks(const scenarios::RequestPlan& plan, Parts& parts) const;
  bool add_recorded(const scenarios::RequestPlan& plan, const scenarios::PromptDataset& file,
                    Parts& parts) const;

  scenarios::Scenario scenario_;
  std::shared_ptr<const scenarios::Trace> trace_;
  std::vector<std::optional<scenarios::PromptDataset>> files_;  // by category; none: made up
  bool converses_ = false;                                      // sessions may have several turns
};

}  // namespace squall::agents
