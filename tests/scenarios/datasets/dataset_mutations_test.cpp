// Readers of datasets on mutated files: what they hold, or a DatasetError that names the file;
// nothing else, and never an item that can be found but not read.

#include <array>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "scenarios/datasets/prompt_dataset.hpp"
#include "scenarios/datasets/trace_reader.hpp"
#include "scenarios/load/random.hpp"
#include "tests/scenarios/datasets/dataset_files.hpp"

using namespace squall::scenarios;
using namespace squall::fixtures;

namespace {

constexpr std::array<std::string_view, 30> fragments{"[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     ",",
                                                     ":",
                                                     "\"",
                                                     "\\",
                                                     "\\u",
                                                     "\\ud83d",
                                                     "\n",
                                                     "\r\n",
                                                     " ",
                                                     "-",
                                                     "1e400",
                                                     "0.5",
                                                     "null",
                                                     "true",
                                                     "\"from\"",
                                                     "\"value\"",
                                                     "\"role\"",
                                                     "\"human\"",
                                                     "\xFF",
                                                     "\xC3",
                                                     "\xE6\xBC\xA2",
                                                     "\xEF\xBB\xBF",
                                                     "99999999999999999999",
                                                     "\"hash_ids\"",
                                                     "[[[[[[[[",
                                                     "2023-11-16"};

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> texts{
      "What is it?\nWho?\r\n\nWhy, gr\xC3\xBC\xC3\x9F?\n",
      "{\"prompt\": \"one\"}\n{\"prompt\": \"t\\nwo \\u6f22\", \"id\": [1, 2.5, null]}\n",
      R"([{"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "a}]"},
         {"from": "gpt", "value": "b"}]}, {"conversations": []},
         {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}])",
      R"({"timestamp": 5, "input_length": 1025, "output_length": 52, "hash_ids": [1, 2, 3]}
{"timestamp": 6.5, "input_length": 10, "output_length": 0, "hash_ids": [1]})",
      "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n"
      "2023-11-16 18:17:02.97+00:00,48,1\r\n",
      "Timestamp,Model,Request tokens,Response tokens,Log Type\n5,\"a,b\",472,18,x\n4,c,1,0,y\n"};
  return texts;
}

std::string mutated(std::string text, Random& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random.next() % n); };
  for (std::size_t change = 1 + below(4); change-- > 0 && !text.empty();) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        text.insert(at, fragments[below(fragments.size())]);
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text.insert(at, text.substr(below(text.size()), below(40)));
    }
  }
  return text;
}

void read_prompts(const std::filesystem::path& path, PromptsFromFile::Format format) {
  const auto dataset = PromptDataset::open(path, {path.string(), format, "prompt"});
  for (std::uint64_t i = 0; i < dataset.size(); ++i) {
    const DatasetItem item = dataset.item(i);
    BOOST_REQUIRE(!item.parts.empty());
    BOOST_REQUIRE(!item.answer_bytes.empty());
    BOOST_REQUIRE(item.parts.size() - item.answer_bytes.size() <= 1u);
    BOOST_REQUIRE((item.parts.back().speaker == Speaker::user));
  }
}

void read_trace(const std::filesystem::path& path, TraceReplay::Format format) {
  TraceReplay replay;
  replay.format = format;
  const auto trace = load_trace(path, replay);
  BOOST_REQUIRE(!trace->entries.empty());
  nanoseconds last{0};
  for (const TraceEntry& entry : trace->entries) {
    BOOST_REQUIRE(entry.at >= last);
    last = entry.at;
    BOOST_REQUIRE(entry.prompt_tokens > 0 && entry.prompt_tokens <= DatasetLimits::tokens);
    BOOST_REQUIRE(entry.answer_tokens > 0 && entry.answer_tokens <= DatasetLimits::tokens);
    BOOST_REQUIRE(std::size_t{entry.first_block} + entry.blocks <= trace->blocks.size());
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_mutated_file_is_read_or_refused_by_name) {
  const DatasetFolder folder;
  std::size_t read = 0, refused = 0;
  const auto attempt = [&](auto reader, const std::filesystem::path& path, auto format) {
    const std::string message = refusal([&] { reader(path, format); });
    if (!message.empty()) BOOST_REQUIRE(says(message, path.string()));
    ++(message.empty() ? read : refused);
  };
  Random random(20240510);
  for (int round = 0; round < 500; ++round) {
    const std::string text = mutated(seeds()[random.next() % seeds().size()], random);
    BOOST_TEST_CONTEXT("round " << round << ": " << text) {
      const auto path = folder.write("mutated", text);
      using Prompts = PromptsFromFile::Format;
      for (const auto format :
           {Prompts::automatic, Prompts::text, Prompts::jsonl, Prompts::sharegpt})
        attempt(read_prompts, path, format);
      using Traces = TraceReplay::Format;
      for (const auto format :
           {Traces::automatic, Traces::mooncake, Traces::azure, Traces::burstgpt})
        attempt(read_trace, path, format);
    }
  }
  // Both ends are tried in earnest.
  BOOST_TEST(read > 150u);
  BOOST_TEST(refused > 150u);
}
