#include "agents/targets/prompt_source.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace squall::agents {

namespace {

std::vector<std::string> read_prompts(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw PromptError("prompt file " + path.string() + " is a directory; name a text file");
  std::ifstream file(path);
  if (!file)
    throw PromptError("cannot read prompt file " + path.string() + ": " + std::strerror(errno) +
                      "; the path is relative to the scenario file");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
  }
  if (lines.empty())
    throw PromptError("prompt file " + path.string() + " holds no prompt; write one a line");
  return lines;
}

}  // namespace

PromptSource::PromptSource(const scenarios::Scenario& scenario,
                           const std::filesystem::path& folder) {
  if (const auto* file = std::get_if<scenarios::PromptsFromFile>(&scenario.prompts))
    lines_ = read_prompts(folder / file->file);
}

Prompt PromptSource::prompt(const scenarios::RequestPlan& plan) const {
  if (lines_.empty()) return SyntheticPrompt{plan.prompt_seed, plan.prompt_tokens};
  return lines_[plan.prompt_seed % lines_.size()];
}

}  // namespace squall::agents
