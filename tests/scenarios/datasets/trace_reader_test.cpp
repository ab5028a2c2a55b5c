#include "scenarios/datasets/trace_reader.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "scenarios/datasets/trace_columns.hpp"
#include "scenarios/load/arrival_stream.hpp"
#include "scenarios/load/load_plan.hpp"
#include "tests/scenarios/datasets/dataset_files.hpp"

using namespace squall::scenarios;
using namespace squall::fixtures;
using namespace std::chrono_literals;

namespace {

using Format = TraceReplay::Format;

constexpr const char* mooncake =
    R"({"timestamp": 27482, "input_length": 1025, "output_length": 52, "hash_ids": [46, 47, 900]}
{"timestamp": 27482.5, "input_length": 100, "output_length": 0, "hash_ids": [46]}
{"timestamp": 30535, "input_length": 6472, "output_length": 26}
)";
constexpr const char* azure =
    "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
    "2023-11-16 23:59:59.9799600,374,44\r\n"
    "2023-11-17 00:00:00.0000000,396,109\r\n";
constexpr const char* burstgpt =
    "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
    "5,ChatGPT,472,18,490,Conversation log\n"
    "45.25,\"GPT-4, large\",1087,0,1087,\"API log\"\n";

TraceReplay replay(Format format = Format::automatic, std::uint64_t skip = 0,
                   std::uint64_t limit = 0) {
  TraceReplay result;
  result.format = format;
  result.skip = skip;
  result.limit = limit;
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(mooncake_has_milliseconds_lengths_and_blocks) {
  const DatasetFolder folder;
  const auto path = folder.write("trace.jsonl", mooncake);
  for (const Format format : {Format::automatic, Format::mooncake}) {
    const auto trace = load_trace(path, replay(format));
    BOOST_REQUIRE(trace->entries.size() == 3u);
    const auto& [first, second, third] =
        std::tie(trace->entries[0], trace->entries[1], trace->entries[2]);
    BOOST_TEST(first.at.count() == 0);
    BOOST_TEST((second.at == 500us));
    BOOST_TEST((third.at == 3053ms));
    BOOST_TEST(first.prompt_tokens == 1025u);
    BOOST_TEST(first.answer_tokens == 52u);
    BOOST_TEST(second.answer_tokens == 1u);  // somebody asked, though nothing came back
    BOOST_TEST(first.first_block == 0u);
    BOOST_TEST(first.blocks == 3u);
    BOOST_TEST(second.first_block == 3u);
    BOOST_TEST(second.blocks == 1u);
    BOOST_TEST(third.blocks == 0u);
    BOOST_TEST(trace->blocks == (std::vector<std::uint64_t>{46, 47, 900, 46}));
  }
}

BOOST_AUTO_TEST_CASE(azure_has_dates) {
  const DatasetFolder folder;
  const auto path = folder.write("trace.csv", azure);
  for (const Format format : {Format::automatic, Format::azure}) {
    const auto trace = load_trace(path, replay(format));
    BOOST_REQUIRE(trace->entries.size() == 2u);
    BOOST_TEST(trace->entries[0].at.count() == 0);
    BOOST_TEST(trace->entries[1].at.count() == 20'040'000);  // over midnight
    BOOST_TEST(trace->entries[1].prompt_tokens == 396u);
    BOOST_TEST(trace->entries[1].answer_tokens == 109u);
    BOOST_TEST(trace->blocks.empty());
  }
}

BOOST_AUTO_TEST_CASE(burstgpt_has_seconds_and_columns_that_nobody_needs) {
  const DatasetFolder folder;
  const auto trace = load_trace(folder.write("trace.csv", burstgpt), replay());
  BOOST_REQUIRE(trace->entries.size() == 2u);
  BOOST_TEST((trace->entries[1].at == 40250ms));
  BOOST_TEST(trace->entries[1].prompt_tokens == 1087u);
  BOOST_TEST(trace->entries[1].answer_tokens == 1u);
  // Later releases have more columns, in another order.
  const auto later = load_trace(
      folder.write("later.csv",
                   "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total "
                   "tokens,Log Type\n5,,1.5,ChatGPT,472.0,18,490,API log\n"),
      replay());
  BOOST_TEST(later->entries.at(0).prompt_tokens == 472u);
  BOOST_TEST(later->entries.at(0).answer_tokens == 18u);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_and_blank_lines_change_nothing) {
  const DatasetFolder folder;
  const std::string mark = "\xEF\xBB\xBF";
  BOOST_TEST(load_trace(folder.write("a", mark + azure + "\r\n \r\n"), replay())->entries.size() ==
             2u);
  BOOST_TEST(load_trace(folder.write("b", mark + "\n" + mooncake), replay())->entries.size() == 3u);
}

BOOST_AUTO_TEST_CASE(entries_out_of_order_are_sorted_and_equal_instants_keep_their_order) {
  const DatasetFolder folder;
  const auto trace = load_trace(folder.write("trace.csv",
                                             "Timestamp,Request tokens,Response tokens\n"
                                             "9,1,1\n7,2,1\n9,3,1\n7,4,1\n8,5,1\n"),
                                replay());
  std::vector<std::uint32_t> order;
  std::vector<std::int64_t> seconds;
  for (const TraceEntry& entry : trace->entries) {
    order.push_back(entry.prompt_tokens);
    seconds.push_back(entry.at / 1s);
  }
  BOOST_TEST(order == (std::vector<std::uint32_t>{2, 4, 5, 1, 3}));
  BOOST_TEST(seconds == (std::vector<std::int64_t>{0, 0, 1, 2, 2}));
}

BOOST_AUTO_TEST_CASE(skip_and_limit_count_entries_of_the_file) {
  const DatasetFolder folder;
  const auto path = folder.write("trace.jsonl", mooncake);
  const auto middle = load_trace(path, replay(Format::automatic, 1, 1));
  BOOST_REQUIRE(middle->entries.size() == 1u);
  BOOST_TEST(middle->entries[0].at.count() == 0);
  BOOST_TEST(middle->entries[0].prompt_tokens == 100u);
  BOOST_TEST(middle->blocks == (std::vector<std::uint64_t>{46}));
  BOOST_TEST(load_trace(path, replay(Format::automatic, 0, 9))->entries.size() == 3u);
  const auto all_skipped = [&] { load_trace(path, replay(Format::automatic, 3)); };
  BOOST_TEST(says(refusal(all_skipped), "has 3 entries, and 3 are skipped; skip fewer"));
  // What lies behind the last entry that is wanted is not read.
  const auto broken = folder.write("broken.jsonl", std::string(mooncake) + "{broken");
  BOOST_TEST(load_trace(broken, replay(Format::automatic, 0, 3))->entries.size() == 3u);
  BOOST_TEST(says(refusal([&] { load_trace(broken, replay()); }), "broken.jsonl:4: the line"));
}

// From the file to what is asked when: as an agent does it.
BOOST_AUTO_TEST_CASE(skip_and_limit_of_a_file_hold_once_on_the_way_to_the_plan) {
  const DatasetFolder folder;
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += R"({"timestamp": )" + std::to_string(1000 + 100 * (i / 2)) + R"(, "input_length": )" +
            std::to_string(10 + i) + R"(, "output_length": 5})" + "\n";
  const auto path = folder.write("trace.jsonl", text);
  Scenario scenario;
  scenario.categories.emplace_back();
  scenario.phases.warm_up = 2s;
  scenario.phases.measure = 10s;
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{150}, std::uint64_t{7}}) {
    for (const std::uint64_t skip : {std::uint64_t{0}, std::uint64_t{11}, std::uint64_t{100}}) {
      const TraceReplay load = replay(Format::automatic, skip, limit);
      scenario.load = load;
      const auto trace = load_trace(path, load);
      const LoadPlan plan = make_load_plan(scenario, {}, trace);
      const std::uint64_t wanted = std::min(200 - skip, limit == 0 ? 200 : limit);
      BOOST_TEST(plan.arrivals == wanted, "skip " << skip << ", limit " << limit);
      const auto arrivals = arrivals_of(scenario, plan);
      const nanoseconds first = 100ms * (skip / 2);
      std::uint64_t wrong = 0, seen = 0;
      for (; const auto arrival = arrivals->next(); ++seen) {
        const std::uint64_t of_file = skip + seen;
        const auto request = plan_request(scenario, {arrival->arrival, 0, 0}, trace.get());
        wrong += request.prompt_tokens != 10 + of_file;
        wrong += arrival->at != 100ms * (of_file / 2) - first;
      }
      BOOST_TEST(seen == wanted);
      BOOST_TEST(wrong == 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_line_is_refused_with_its_number_and_a_remedy) {
  const DatasetFolder folder;
  const auto refused = [&](const std::string& text, Format format = Format::automatic) {
    const auto path = folder.write("t", text);
    return refusal([&] { load_trace(path, replay(format)); });
  };
  const std::string azure_header = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  const auto azure_line = [&](const std::string& line) { return refused(azure_header + line); };
  BOOST_TEST(
      says(azure_line("2023-11-16 18:17:03,1"), "t:2: the line has 2 fields, and the header"));
  BOOST_TEST(says(azure_line("2023-02-29 18:17:03,1,1"), "has the time '2023-02-29 18:17:03'"));
  BOOST_TEST(says(azure_line("5,1,1"), "it must be like '2023-11-16"));
  BOOST_TEST(says(azure_line("2023-11-16 18:17:03,-1,1"), "'-1' tokens of a prompt"));
  BOOST_TEST(says(azure_line("2023-11-16 18:17:03,1,99999999999999999999"), "tokens of an answer"));
  BOOST_TEST(says(azure_line("2023-11-16 18:17:03,1,1.5"), "'1.5' tokens of an answer"));
  BOOST_TEST(says(azure_line("2023-11-16 18:17:03,,1"), "'' tokens of a prompt"));
  BOOST_TEST(says(azure_line("\"2023-11-16 18:17:03,1,1"), "a quote that is not closed"));
  BOOST_TEST(says(azure_line("\"2023\"x,1,1"), "text behind a closing quote"));
  BOOST_TEST(says(azure_line(""), "a trace needs one at least"));
  BOOST_TEST(says(refused("a,b\n1,2\n"), "t:1: the line names the columns 'a,b', and"));
  BOOST_TEST(says(refused(azure_header + "x", Format::burstgpt), "(burstgpt) are needed"));
  BOOST_TEST(says(refused(azure, Format::mooncake), "t:1: the line is no valid JSON"));

  const auto mooncake_line = [&](const std::string& line) { return refused(line); };
  BOOST_TEST(says(mooncake_line(R"({"timestamp": 1, "input_length": 5})"), "no 'output_length'"));
  BOOST_TEST(says(mooncake_line(R"({"timestamp": -1, "input_length": 5, "output_length": 1})"),
                  "the 'timestamp' -1; it must be milliseconds"));
  BOOST_TEST(says(mooncake_line(R"({"timestamp": 1e99, "input_length": 5, "output_length": 1})"),
                  "it must be milliseconds"));
  BOOST_TEST(says(mooncake_line(R"({"timestamp": 1, "input_length": 1.5, "output_length": 1})"),
                  "'input_length' 1.5; it must be a whole number"));
  BOOST_TEST(
      says(mooncake_line(
               R"({"timestamp": 1, "input_length": 512, "output_length": 1, "hash_ids": [1, 2]})"),
           "has 2 hash_ids for 512 tokens"));
  BOOST_TEST(
      says(mooncake_line(
               R"({"timestamp": 1, "input_length": 512, "output_length": 1, "hash_ids": ["a"]})"),
           "'hash_ids' that are no list of whole numbers"));
}

BOOST_AUTO_TEST_CASE(dates_are_read_with_and_without_an_offset) {
  const auto since_epoch = [](const char* date) { return instant_of_date(date).count(); };
  BOOST_TEST(since_epoch("1970-01-01 00:00:00") == 0);
  BOOST_TEST(since_epoch("2024-05-10 00:00:00.009930+00:00") == 1715299200'009930000);
  BOOST_TEST(since_epoch("2024-05-10T02:00:00.009930+02:00") == 1715299200'009930000);
  BOOST_TEST(since_epoch("2024-05-09 18:30:00.00993-0530") == 1715299200'009930000);
  BOOST_TEST(since_epoch("2024-05-10T00:00:00.0099300001Z") == 1715299200'009930000);
  for (const char* wrong :
       {"", "2024", "2024-05-10", "2024-13-10 00:00:00", "2024-05-32 00:00:00",
        "2024-05-10 24:00:00", "2024-05-10 00:60:00", "2024-05-10 00:00:61", "2024-05-10 00:00:00.",
        "2024-05-10 00:00:00x", "2024-05-10 00:00:00+2", "1969-05-10 00:00:00",
        "9999-05-10 00:00:00", "2024-05-10 00:00:00+25:00", "-024-05-10 00:00:00"})
    BOOST_CHECK_THROW(instant_of_date(wrong), ItemMistake);
}

BOOST_AUTO_TEST_CASE(seconds_are_decimal) {
  BOOST_TEST((instant_of_seconds("0") == 0ns));
  BOOST_TEST((instant_of_seconds("5.000000001") == 5s + 1ns));
  BOOST_TEST((instant_of_seconds("5.0") == 5s));
  for (const char* wrong : {"", "-1", "-0", "1e3", "5.", ".5", "nan", "5 6", "99999999999", "0x1"})
    BOOST_CHECK_THROW(instant_of_seconds(wrong), ItemMistake);
}

BOOST_AUTO_TEST_CASE(quoted_fields_are_read) {
  using Fields = std::vector<std::string>;
  BOOST_TEST(csv_fields("a, b ,c") == (Fields{"a", "b", "c"}));
  BOOST_TEST(csv_fields("\"a,b\" , \"say \"\"hi\"\"\",\"\"") == (Fields{"a,b", "say \"hi\"", ""}));
  BOOST_TEST(csv_fields("") == (Fields{""}));
  BOOST_TEST(csv_fields(",") == (Fields{"", ""}));
}
