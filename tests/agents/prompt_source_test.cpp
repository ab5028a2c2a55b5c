#include "agents/load/prompt_source.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/scenarios/datasets/dataset_files.hpp"

using namespace squall::agents;
using namespace squall::scenarios;
using squall::fixtures::DatasetFolder;

namespace {

Scenario with_prefixes(std::uint32_t groups, std::uint32_t depth) {
  Scenario scenario;
  scenario.categories.front().prefixes = {groups, depth, Distribution::constant(64)};
  return scenario;
}

Scenario with_file(const std::string& file, const std::string& system_prompt = {}) {
  Scenario scenario;
  scenario.categories.front().prompts = PromptsFromFile{file};
  ClosedUsers users;
  users.conversations.system_prompt = system_prompt;
  users.conversations.turns = Distribution::constant(4);
  scenario.load = users;
  return scenario;
}

RequestPlan made_up_request(std::uint32_t group, std::uint32_t prefix_tokens,
                            std::uint32_t prompt_tokens) {
  RequestPlan plan;
  plan.prompt_seed = 99;
  plan.prefix_group = group;
  plan.prefix_tokens = prefix_tokens;
  plan.prompt_tokens = prompt_tokens;
  return plan;
}

std::uint64_t tokens_of(const Prompt& prompt) {
  std::uint64_t tokens = 0;
  for (const PromptPart& part : prompt.parts) tokens += std::get<SyntheticText>(part.text).tokens;
  return tokens;
}

std::uint64_t seed_of(const Prompt& prompt, std::size_t part) {
  return std::get<SyntheticText>(prompt.parts.at(part).text).seed;
}

const std::string& text_of(const PromptPart& part) { return std::get<std::string>(part.text); }

constexpr const char* conversations = R"([
 {"conversations": [{"from": "system", "value": "be a"}, {"from": "human", "value": "a1"},
                    {"from": "gpt", "value": "x"}, {"from": "human", "value": "a2"}]},
 {"conversations": [{"from": "human", "value": "b1"}]},
 {"conversations": [{"from": "human", "value": "c1"}, {"from": "human", "value": "c2"},
                    {"from": "human", "value": "c3"}]}])";

}  // namespace

BOOST_AUTO_TEST_CASE(a_lone_made_up_prompt_is_named_by_its_seed) {
  const PromptSource source(Scenario{}, "");
  const Prompt prompt = source.prompt(made_up_request(0, 0, 40));
  BOOST_TEST((prompt == Prompt{{{Speaker::user, SyntheticText{99, 40}}}, false}));
}

BOOST_AUTO_TEST_CASE(prefixes_share_as_many_levels_as_their_groups_do) {
  const PromptSource source(with_prefixes(8, 3), "");
  std::vector<std::set<std::uint64_t>> seeds(3);
  for (std::uint32_t group = 0; group < 8; ++group) {
    const Prompt prompt = source.prompt(made_up_request(group, 64, 100));
    BOOST_REQUIRE(prompt.parts.size() == 4u);
    BOOST_TEST(tokens_of(prompt) == 100u);
    BOOST_TEST(seed_of(prompt, 3) == 99u);
    for (std::size_t level = 0; level < 3; ++level) {
      seeds[level].insert(seed_of(prompt, level));
      // Groups 2i and 2i + 1 of a level share all levels before it.
      const Prompt sister = source.prompt(made_up_request(group ^ (1U << (2 - level)), 64, 100));
      for (std::size_t before = 0; before < level; ++before)
        BOOST_TEST(seed_of(sister, before) == seed_of(prompt, before));
      BOOST_TEST(seed_of(sister, level) != seed_of(prompt, level));
    }
  }
  BOOST_TEST(seeds[0].size() == 2u);
  BOOST_TEST(seeds[1].size() == 4u);
  BOOST_TEST(seeds[2].size() == 8u);
}

BOOST_AUTO_TEST_CASE(levels_are_nested_for_any_number_of_groups_and_any_depth) {
  for (const std::uint32_t groups : {1, 2, 3, 5, 6, 7, 12, 100})
    for (const std::uint32_t depth : {1, 2, 3, 5, 40}) {
      const PromptSource source(with_prefixes(groups, depth), "");
      std::vector<std::map<std::uint64_t, std::uint64_t>> parents(depth);
      std::vector<std::set<std::uint64_t>> seeds(depth);
      for (std::uint32_t group = 0; group < groups; ++group) {
        const Prompt prompt = source.prompt(made_up_request(group, 400, 500));
        BOOST_REQUIRE(prompt.parts.size() == depth + 1);
        for (std::size_t level = 0; level < depth; ++level) {
          seeds[level].insert(seed_of(prompt, level));
          if (level == 0) continue;
          const auto parent =
              parents[level].emplace(seed_of(prompt, level), seed_of(prompt, level - 1));
          BOOST_TEST(parent.first->second == seed_of(prompt, level - 1));
        }
      }
      for (std::uint32_t level = 0; level < depth; ++level) {
        const std::uint32_t halvings = depth - 1 - level;
        const std::uint32_t expected = halvings > 31 ? 1 : std::max(1U, groups >> halvings);
        BOOST_TEST(seeds[level].size() == expected);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_prefix_shorter_than_its_levels_still_has_its_length) {
  const PromptSource source(with_prefixes(4, 3), "");
  for (std::uint32_t tokens = 1; tokens < 9; ++tokens)
    BOOST_TEST(tokens_of(source.prompt(made_up_request(3, tokens, tokens + 1))) == tokens + 1);
}

BOOST_AUTO_TEST_CASE(categories_have_prefixes_and_files_of_their_own) {
  const DatasetFolder folder;
  folder.write("one.txt", "first\n");
  folder.write("two.txt", "second\n");
  Scenario scenario = with_prefixes(1, 1);
  scenario.categories.push_back(scenario.categories.front());
  scenario.categories.push_back({"one", 1, PromptsFromFile{"one.txt"}, {}, {}});
  scenario.categories.push_back({"two", 1, PromptsFromFile{"two.txt"}, {}, {}});
  const PromptSource source(scenario, folder.path());
  RequestPlan plan = made_up_request(0, 8, 16);
  const Prompt first = source.prompt(plan);
  plan.category = 1;
  BOOST_TEST(seed_of(source.prompt(plan), 0) != seed_of(first, 0));
  plan.category = 2;
  BOOST_TEST(text_of(source.prompt(plan).parts.back()) == "first");
  plan.category = 3;
  BOOST_TEST(text_of(source.prompt(plan).parts.back()) == "second");
}

BOOST_AUTO_TEST_CASE(blocks_with_equal_hashes_are_equal_text_in_all_requests_of_a_trace) {
  Scenario scenario;
  scenario.load = TraceReplay{};
  auto trace = std::make_shared<Trace>();
  trace->blocks = {7, 8, 9, 7, 8};
  trace->entries = {{nanoseconds{0}, 1100, 5, 0, 3},  // its last block is not full
                    {nanoseconds{1}, 2000, 5, 3, 2},  // more tokens than its blocks have
                    {nanoseconds{2}, 300, 5, 0, 0},   // no blocks
                    {nanoseconds{3}, 100, 5, 0, 1}};  // less than a block
  const PromptSource source(scenario, "", trace);
  const auto prompt = [&](std::uint64_t entry) {
    RequestPlan plan = made_up_request(0, 0, trace->entries[entry].prompt_tokens);
    plan.place.who = entry;
    return source.prompt(plan);
  };
  for (std::uint64_t entry = 0; entry < 4; ++entry)
    BOOST_TEST(tokens_of(prompt(entry)) == trace->entries[entry].prompt_tokens);
  BOOST_REQUIRE(prompt(0).parts.size() == 3u);
  BOOST_REQUIRE(prompt(1).parts.size() == 3u);
  BOOST_TEST((prompt(0).parts[0] == prompt(1).parts[0]));
  BOOST_TEST((prompt(0).parts[1] == prompt(1).parts[1]));
  BOOST_TEST(seed_of(prompt(0), 0) != seed_of(prompt(0), 1));
  BOOST_TEST(seed_of(prompt(1), 2) == 99u);
  BOOST_TEST(prompt(2).parts.size() == 1u);
  BOOST_TEST(seed_of(prompt(3), 0) == seed_of(prompt(0), 0));
}

BOOST_AUTO_TEST_CASE(lines_of_a_file_are_picked_by_the_seed_and_all_of_them) {
  const DatasetFolder folder;
  folder.write("lines.txt", "a\nb\nc\n");
  Scenario scenario;
  scenario.categories.front().prompts = PromptsFromFile{"lines.txt"};
  const PromptSource source(scenario, folder.path());
  std::map<std::string, int> seen;
  for (std::uint64_t who = 0; who < 300; ++who) {
    const RequestPlan plan = plan_request(scenario, {who, 0, 0});
    const Prompt prompt = source.prompt(plan);
    BOOST_TEST(!prompt.conversation);
    BOOST_REQUIRE(prompt.parts.size() == 1u);
    ++seen[text_of(prompt.parts[0])];
    BOOST_TEST((source.prompt(plan) == prompt));
  }
  BOOST_TEST(seen.size() == 3u);
  for (const auto& [line, times] : seen) BOOST_TEST(times > 50);
}

BOOST_AUTO_TEST_CASE(a_session_asks_what_one_recorded_human_asked_turn_by_turn) {
  const DatasetFolder folder;
  folder.write("chats.json", conversations);
  const Scenario scenario = with_file("chats.json");
  const PromptSource source(scenario, folder.path());
  // Behind the last turn of a conversation come the first ones of those that follow.
  using Turns = std::vector<std::string>;
  const std::map<std::string, Turns> expected{{"a1", {"a1", "a2", "b1", "c1", "a1", "b1", "c1"}},
                                              {"b1", {"b1", "c1", "a1", "b1", "c1", "a1", "b1"}},
                                              {"c1", {"c1", "c2", "c3", "a1", "b1", "c1", "a1"}}};
  std::set<std::string> openings;
  for (std::uint32_t session = 0; session < 40; ++session) {
    std::vector<std::string> asked;
    std::string system;
    for (std::uint32_t turn = 0; turn < 7; ++turn) {
      const Prompt prompt = source.prompt(plan_request(scenario, {3, session, turn}));
      BOOST_TEST(prompt.conversation);
      BOOST_TEST(prompt.parts.size() ==
                 (turn == 0 && asked.empty() && prompt.parts.front().speaker == Speaker::system
                      ? 2u
                      : 1u));
      if (prompt.parts.front().speaker == Speaker::system) system = text_of(prompt.parts.front());
      asked.push_back(text_of(prompt.parts.back()));
    }
    openings.insert(asked.front());
    BOOST_TEST(asked == expected.at(asked.front()));
    BOOST_TEST(system == (asked.front() == "a1" ? "be a" : ""));
  }
  BOOST_TEST(openings == (std::set<std::string>{"a1", "b1", "c1"}));
}

BOOST_AUTO_TEST_CASE(the_next_turn_carries_what_was_said_and_the_real_answers) {
  Scenario scenario;
  ClosedUsers users;
  users.conversations = {Distribution::constant(3), Distribution::constant(0), "Be brief."};
  scenario.load = users;
  const PromptSource source(scenario, "");
  std::vector<PromptPart> history;
  for (std::uint32_t turn = 0; turn < 3; ++turn) {
    RequestPlan plan = made_up_request(0, 0, 10 + turn);
    plan.place.turn = turn;
    plan.prompt_seed = turn;
    const Prompt prompt = source.prompt(plan, history);
    BOOST_TEST(prompt.conversation);
    BOOST_REQUIRE(prompt.parts.size() == 2 + 2 * turn);
    BOOST_TEST(std::equal(history.begin(), history.end(), prompt.parts.begin()));
    BOOST_TEST((prompt.parts[0] == PromptPart{Speaker::system, "Be brief."}));
    BOOST_TEST((prompt.parts.back() == PromptPart{Speaker::user, SyntheticText{turn, 10 + turn}}));
    history = prompt.parts;
    history.push_back({Speaker::assistant, "answer " + std::to_string(turn)});
    // Without the history there are the turn's own parts.
    const Prompt own = source.prompt(plan);
    BOOST_TEST(own.parts.size() == (turn == 0 ? 2u : 1u));
    BOOST_TEST((own.parts.back() == prompt.parts.back()));
  }
}

BOOST_AUTO_TEST_CASE(the_scenarios_system_prompt_takes_the_place_of_a_recorded_one) {
  const DatasetFolder folder;
  folder.write(
      "chats.jsonl",
      R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]})");
  RequestPlan plan;
  const Prompt recorded = PromptSource(with_file("chats.jsonl"), folder.path()).prompt(plan);
  const Prompt given = PromptSource(with_file("chats.jsonl", "G"), folder.path()).prompt(plan);
  BOOST_TEST(
      (recorded.parts == std::vector<PromptPart>{{Speaker::system, "S"}, {Speaker::user, "U"}}));
  BOOST_TEST(
      (given.parts == std::vector<PromptPart>{{Speaker::system, "G"}, {Speaker::user, "U"}}));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_used_is_refused_at_once) {
  const DatasetFolder folder;
  BOOST_CHECK_THROW(PromptSource(with_file("absent.txt"), folder.path()), DatasetError);
  folder.write("broken.jsonl", "{\"prompt\": 1}");
  BOOST_CHECK_THROW(PromptSource(with_file("broken.jsonl"), folder.path()), DatasetError);
}

BOOST_AUTO_TEST_CASE(several_threads_may_ask_at_once) {
  const DatasetFolder folder;
  folder.write("chats.json", conversations);
  const Scenario scenario = with_file("chats.json");
  const PromptSource source(scenario, folder.path());
  const auto ask = [&](std::vector<Prompt>& prompts) {
    for (std::uint64_t who = 0; who < 300; ++who)
      prompts.push_back(source.prompt(plan_request(scenario, {who, 0, 0})));
  };
  std::vector<std::vector<Prompt>> prompts(4);
  std::vector<std::thread> threads;
  for (auto& each : prompts) threads.emplace_back(ask, std::ref(each));
  for (auto& thread : threads) thread.join();
  for (const auto& each : prompts) BOOST_TEST((each == prompts.front()));
}
