#include "agents/load/prompt_source.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "scenarios/load/random.hpp"
#include "scenarios/load/random_stream.hpp"

namespace squall::agents {

using namespace scenarios;

namespace {

constexpr std::uint32_t tokens_a_block = 512;  // of a trace

/// How many groups there are on a level of SharedPrefixes: each half of those of the level below.
std::uint32_t groups_on(std::uint32_t level, const SharedPrefixes& prefixes) {
  const std::uint32_t halvings = prefixes.depth - 1 - level;
  return halvings >= 32 ? 1 : std::max(1U, prefixes.groups >> halvings);
}

const Conversations* conversations_of(const Scenario& scenario) {
  const auto* users = std::get_if<ClosedUsers>(&scenario.load);
  return users ? &users->conversations : nullptr;
}

}  // namespace

PromptSource::PromptSource(const Scenario& scenario, const std::filesystem::path& folder,
                           std::shared_ptr<const Trace> trace)
    : scenario_(scenario), trace_(std::move(trace)) {
  for (const Category& category : scenario_.categories) {
    const auto* from_file = std::get_if<PromptsFromFile>(&category.prompts);
    auto& file = files_.emplace_back();
    if (from_file) file = PromptDataset::open(folder / from_file->file, *from_file);
  }
  if (const auto* conversations = conversations_of(scenario_))
    converses_ =
        conversations->turns != Distribution::constant(1) || !conversations->system_prompt.empty();
}

Prompt PromptSource::prompt(const RequestPlan& plan, const std::vector<PromptPart>& history) const {
  assert(plan.category < files_.size());
  Prompt prompt{history, converses_};
  const auto* conversations = conversations_of(scenario_);
  const bool opens = plan.place.turn == 0;
  const bool system_given = conversations && !conversations->system_prompt.empty();
  if (opens && system_given)
    prompt.parts.push_back({Speaker::system, conversations->system_prompt});
  if (const auto& file = files_[plan.category]) {
    Parts recorded;
    prompt.conversation |= add_recorded(plan, *file, recorded);
    for (PromptPart& part : recorded)
      if (part.speaker == Speaker::user || (opens && !system_given))
        prompt.parts.push_back(std::move(part));
  } else {
    add_made_up(plan, prompt.parts);
  }
  return prompt;
}

void PromptSource::add_made_up(const RequestPlan& plan, Parts& parts) const {
  const bool blocks = trace_ && trace_->entries.at(plan.place.who).blocks > 0;
  const std::uint32_t shared = blocks ? add_blocks(plan, parts) : add_prefix(plan, parts);
  if (shared < plan.prompt_tokens)
    parts.push_back({Speaker::user, SyntheticText{plan.prompt_seed, plan.prompt_tokens - shared}});
}

/// Levels are laid one behind the other: groups that share a level share all before it.
std::uint32_t PromptSource::add_prefix(const RequestPlan& plan, Parts& parts) const {
  const SharedPrefixes& prefixes = scenario_.categories[plan.category].prefixes;
  if (prefixes.groups == 0 || plan.prefix_tokens == 0) return 0;
  assert(prefixes.depth > 0 && plan.prefix_group < prefixes.groups);
  // From the group upwards to the one that all share, where there is one.
  std::vector<std::uint32_t> groups(prefixes.depth);
  std::uint32_t group = plan.prefix_group;
  for (std::uint32_t level = prefixes.depth; level-- > 0; group /= 2)
    groups[level] = group = std::min(group, groups_on(level, prefixes) - 1);
  std::uint64_t laid = 0;
  for (std::uint32_t level = 0; level < prefixes.depth; ++level) {
    const std::uint64_t end = std::uint64_t{plan.prefix_tokens} * (level + 1) / prefixes.depth;
    const std::uint64_t name = (std::uint64_t{plan.category} << 32) + level;
    Random words(scenario_.seed, RandomStream::prefix_words, mix_bits(name) + groups[level]);
    if (end > laid)
      parts.push_back(
          {Speaker::user, SyntheticText{words.next(), static_cast<std::uint32_t>(end - laid)}});
    laid = end;
  }
  return plan.prefix_tokens;
}

std::uint32_t PromptSource::add_blocks(const RequestPlan& plan, Parts& parts) const {
  const TraceEntry& entry = trace_->entries[plan.place.who];
  std::uint32_t laid = 0;
  for (std::uint32_t block = 0; block < entry.blocks && laid < plan.prompt_tokens; ++block) {
    const std::uint64_t hash = trace_->blocks.at(std::size_t{entry.first_block} + block);
    const std::uint32_t tokens = std::min(tokens_a_block, plan.prompt_tokens - laid);
    Random words(scenario_.seed, RandomStream::block_words, hash);
    parts.push_back({Speaker::user, SyntheticText{words.next(), tokens}});
    laid += tokens;
  }
  return laid;
}

/// A line a request, or a conversation a session: turn by turn what the human said, and when that
/// is used up, the first words of the conversations that follow in the file. Adds one part of the
/// user, and before it the system's where the conversation has one. True: it is a conversation.
bool PromptSource::add_recorded(const RequestPlan& plan, const PromptDataset& file,
                                Parts& parts) const {
  const bool by_session = file.has_conversations();
  const std::uint64_t index = (by_session ? plan.session_seed : plan.prompt_seed) % file.size();
  std::uint64_t turn = by_session ? plan.place.turn : 0;
  DatasetItem item = file.item(index);
  if (const std::uint64_t turns = item.answer_bytes.size(); turn >= turns) {
    item = file.item((index + 1 + turn - turns) % file.size());
    turn = 0;
  }
  // The human's turns stand last, behind the system's part.
  PromptPart& said = item.parts[item.parts.size() - item.answer_bytes.size() + turn];
  if (item.parts.front().speaker == Speaker::system) parts.push_back(std::move(item.parts.front()));
  parts.push_back(std::move(said));
  return item.conversation;
}

}  // namespace squall::agents
