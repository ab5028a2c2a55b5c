#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "coordinator/preview/block_chart.hpp"
#include "coordinator/preview/preview_json.hpp"
#include "coordinator/preview/preview_text.hpp"
#include "coordinator/text/printable_text.hpp"
#include "tests/coordinator/golden_text.hpp"

using namespace squall;
using namespace squall::scenarios;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

Scenario bare(Load load) {
  Scenario scenario;
  scenario.name = "a preview";
  scenario.description = "What would be asked, and when?";
  scenario.seed = 7;
  scenario.target.kind = TargetKind::simulated;
  scenario.phases = {5s, 30s, 10s};
  scenario.load = std::move(load);
  return scenario;
}

Scenario spike() {
  OpenArrivals arrivals;
  arrivals.rate = LoadShape({{15s, 20, 20, 0, 0s}, {5s, 120, 120, 0, 0s}, {0s, 20, 20, 0, 0s}});
  arrivals.max_in_flight = 200;
  Scenario scenario = bare(arrivals);
  scenario.accuracy.sample = 0.02;
  Category chat, documents;
  chat.name = "chat";
  chat.weight = 3;
  chat.prompts = SyntheticPrompts{{Distribution::Shape::uniform, 60, 0, 20, 100, {}}};
  chat.answer_tokens = Distribution::constant(64);
  documents.name = "long \x1b[2Jdocuments";
  documents.prompts = SyntheticPrompts{{Distribution::Shape::lognormal, 900, 600, 100, 4000, {}}};
  documents.answer_tokens = {Distribution::Shape::exponential, 120, 0, 1, 600, {}};
  scenario.categories = {chat, documents};
  return scenario;
}

Scenario ramp_of_users() {
  ClosedUsers users;
  users.count = LoadShape({{20s, 2, 40, 0, 0s}, {0s, 40, 40, 0, 0s}});
  users.conversations.turns = {Distribution::Shape::uniform, 3, 0, 1, 5, {}};
  return bare(users);
}

LoadPreview preview_of(const Scenario& scenario, const PreviewStyle& style = {},
                       std::uint32_t agents = 1, std::shared_ptr<const Trace> trace = nullptr) {
  return preview_load(scenario, {.agents = agents, .bins = preview_bins(style)}, std::move(trace));
}

std::string text_of(const Scenario& scenario, const PreviewStyle& style, std::uint32_t agents = 1) {
  return preview_text(scenario, preview_of(scenario, style, agents), style);
}

std::shared_ptr<const Trace> trace_of_an_hour() {
  Trace trace;
  for (std::uint32_t i = 0; i < 3600; ++i)
    trace.entries.push_back({std::chrono::seconds(i), 100 + i % 7, 10 + i % 3, 0, 0});
  return std::make_shared<const Trace>(std::move(trace));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_spike_looks_like_this_at_80_columns_without_unicode) {
  check_golden("preview_spike_80.txt", text_of(spike(), {.width = 80}, 3));
}

BOOST_AUTO_TEST_CASE(a_spike_looks_like_this_at_60_columns_with_unicode) {
  check_golden("preview_spike_60.txt", text_of(spike(), {.width = 60, .unicode = true}, 3));
}

BOOST_AUTO_TEST_CASE(a_ramp_of_users_looks_like_this_at_120_columns) {
  check_golden("preview_users_120.txt",
               text_of(ramp_of_users(), {.width = 120, .unicode = true}, 2));
}

BOOST_AUTO_TEST_CASE(no_line_is_wider_than_the_terminal_and_none_has_control_characters) {
  for (const Scenario& scenario : {spike(), ramp_of_users()})
    for (std::size_t width = 60; width <= 200; width += 7)
      for (const bool unicode : {false, true}) {
        std::istringstream lines(text_of(scenario, {.width = width, .unicode = unicode}, 64));
        for (std::string line; std::getline(lines, line);) {
          BOOST_TEST(width_of(line) <= width, line);
          for (const char byte : line) BOOST_TEST(static_cast<unsigned char>(byte) >= 0x20);
          if (!unicode)
            for (const char byte : line) BOOST_TEST(static_cast<unsigned char>(byte) < 0x80);
        }
      }
}

BOOST_AUTO_TEST_CASE(the_columns_and_the_agents_add_up_to_the_plan) {
  const Scenario scenario = spike();
  for (const std::uint32_t agents : {1u, 3u, 64u}) {
    const LoadPreview preview = preview_of(scenario, {}, agents);
    std::uint64_t in_bins = 0, of_agents = 0, in_rows = 0, in_categories = 0;
    for (const PreviewBin& bin : preview.bins) in_bins += bin.arrivals;
    for (const AgentPreview& agent : preview.agents) of_agents += agent.arrivals;
    for (const auto& row : preview.answers.rows) in_rows += row.count;
    for (const auto& category : preview.categories) in_categories += category.requests;
    BOOST_TEST(preview.arrivals == make_load_plan(scenario, {0, 1}).arrivals);
    BOOST_TEST(in_bins == preview.arrivals);
    BOOST_TEST(of_agents == preview.arrivals);
    BOOST_TEST(in_rows == preview.looked_at);
    BOOST_TEST(in_categories == preview.looked_at);
    BOOST_TEST(!preview.sampled);
    for (std::uint32_t i = 0; i < agents; ++i)
      BOOST_TEST(preview.agents[i].arrivals == make_load_plan(scenario, {i, agents}).arrivals);
  }
}

BOOST_AUTO_TEST_CASE(users_at_work_follow_their_shape) {
  const LoadPreview preview = preview_load(ramp_of_users(), {.agents = 2, .bins = 35});
  BOOST_TEST(preview.users == 40u);
  BOOST_TEST(preview.most_at_once == 40u);
  BOOST_TEST(preview.agents[0].users + preview.agents[1].users == 40u);
  BOOST_TEST(preview.bins[34].users == 40.0, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(preview.bins[10].users > 15.0);  // the ramp is at 22 in the middle of this second
  BOOST_TEST(preview.bins[10].users < 30.0);
  BOOST_TEST(preview.sampled);
}

BOOST_AUTO_TEST_CASE(more_requests_than_the_limit_are_sampled_and_said_to_be) {
  OpenArrivals arrivals;
  arrivals.process = OpenArrivals::Process::constant;
  arrivals.rate = LoadShape::constant(10'000);
  const LoadPreview preview = preview_of(bare(arrivals));
  BOOST_TEST(preview.arrivals == 350'000u);
  BOOST_TEST(preview.sampled);
  BOOST_TEST(preview.looked_at <= preview_request_limit);
  BOOST_TEST(preview.looked_at > preview_request_limit / 2);
  const std::string text = preview_text(bare(arrivals), preview, {});
  BOOST_TEST(text.find("of a sample of") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(arrivals_by_the_million_are_drawn_as_the_rate_has_them) {
  OpenArrivals arrivals;
  arrivals.process = OpenArrivals::Process::constant;
  arrivals.rate = LoadShape({{10s, 0, 1e6, 0, 0s}, {0s, 1e6, 1e6, 0, 0s}});
  const LoadPreview preview = preview_load(bare(arrivals), {.agents = 7, .bins = 35});
  BOOST_TEST(preview.expected);
  BOOST_TEST(preview.arrivals > 29'999'990u);
  BOOST_TEST(preview.bins[0].arrivals < 60'000u);
  BOOST_TEST(std::abs(static_cast<double>(preview.bins[20].arrivals) - 1e6) < 10);
  std::uint64_t of_agents = 0;
  for (const AgentPreview& agent : preview.agents) of_agents += agent.arrivals;
  BOOST_TEST(of_agents == preview.arrivals);
  BOOST_TEST(preview_text(bare(arrivals), preview_of(bare(arrivals)), {}).find("too many") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_trace_is_shown_as_it_will_be_replayed) {
  TraceReplay replay;
  replay.file = "hour.csv";
  replay.time_scale = 100;
  const Scenario scenario = bare(replay);
  const PreviewStyle style{.width = 100};
  const LoadPreview preview = preview_of(scenario, style, 1, trace_of_an_hour());
  BOOST_TEST(preview.trace_entries == 3600u);
  BOOST_TEST(preview.arrivals == 3500u);  // 35 s of load at 100 a second
  BOOST_TEST(preview.prompts.longest == 106u);
  const std::string text = preview_text(scenario, preview, style);
  BOOST_TEST(text.find("trace hour.csv at 100x") != std::string::npos, text);
  BOOST_TEST(text.find("3,600 entries recorded over 59:59, played in 0:35; 3,500 fall within") !=
                 std::string::npos,
             text);
}

BOOST_AUTO_TEST_CASE(a_load_without_any_arrival_is_drawn_as_such) {
  OpenArrivals arrivals;
  arrivals.rate = LoadShape::constant(0);
  const Scenario scenario = bare(arrivals);
  const LoadPreview preview = preview_of(scenario);
  BOOST_TEST(preview.arrivals == 0u);
  BOOST_TEST(preview_text(scenario, preview, {}).find("0 arrivals") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(prompts_of_a_file_have_no_lengths_and_that_is_said) {
  Scenario scenario = spike();
  scenario.categories.resize(1);
  scenario.categories[0].prompts = PromptsFromFile{.file = "questions.txt"};
  const LoadPreview preview = preview_of(scenario);
  BOOST_TEST(preview.prompts.samples == 0u);
  BOOST_TEST(preview.answers.samples > 0u);
  BOOST_TEST(preview_text(scenario, preview, {}).find("Prompts of questions.txt are counted by") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(rows_of_lengths_cover_every_length_without_gaps) {
  const LoadPreview preview = preview_of(spike());
  for (const LengthPreview* lengths : {&preview.prompts, &preview.answers}) {
    BOOST_REQUIRE(!lengths->rows.empty());
    BOOST_TEST(lengths->rows.front().from == lengths->shortest);
    BOOST_TEST(lengths->rows.back().to == lengths->longest);
    for (std::size_t i = 1; i < lengths->rows.size(); ++i)
      BOOST_TEST(lengths->rows[i].from == lengths->rows[i - 1].to + 1);
    BOOST_TEST(lengths->rows.size() <= 13u);
  }
}

BOOST_AUTO_TEST_CASE(bars_are_as_long_as_their_share_and_never_vanish) {
  BOOST_TEST(bar(0, 8, false) == "");
  BOOST_TEST(bar(0.001, 8, false) == "#");
  BOOST_TEST(bar(1, 8, false) == "########");
  BOOST_TEST(bar(0.5, 8, true) == "████");
  BOOST_TEST(bar(0.001, 8, true) == "▏");
  BOOST_TEST(bar(9.0 / 16, 2, true) == "█▏");
}

BOOST_AUTO_TEST_CASE(the_figures_can_be_read_by_programs) {
  const auto out = nlohmann::json::parse(preview_json(spike(), preview_of(spike(), {}, 2)));
  BOOST_TEST(out.at("schema") == "squall-preview/1");
  BOOST_TEST(out.at("simulated") == true);
  BOOST_TEST(out.at("users").is_null());
  BOOST_TEST(out.at("max_in_flight") == 200);
  BOOST_TEST(out.at("agents").size() == 2u);
  std::uint64_t sum = 0;
  for (const auto& each : out.at("course")) sum += each.at("arrivals").get<std::uint64_t>();
  BOOST_TEST(sum == out.at("arrivals").get<std::uint64_t>());
}
