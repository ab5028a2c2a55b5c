// scenarios/schema/sections: users, arrivals, traces, their shapes, prompts and categories.

#include <boost/test/unit_test.hpp>
#include <string>

#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

using Shape = Distribution::Shape;

// The first line of `rest` is line 2. The run has 60 seconds of load.
std::string file_with(const std::string& rest) {
  return "target = { model = 'm' }\n" + rest + "\n[phases]\nmeasure = '60s'\n";
}

Scenario scenario_of(const std::string& rest) {
  return parse_scenario("name = 'x'\n" + file_with(rest), "test.toml");
}

template <class Kind>
Kind load_of(const std::string& rest) {
  return std::get<Kind>(scenario_of(rest).load);
}

LoadShape rate_of(const std::string& shape) {
  return load_of<OpenArrivals>("[arrivals]\n" + shape).rate;
}

void expect(const std::string& rest, unsigned line, unsigned column, const std::string& message) {
  BOOST_TEST_CONTEXT(rest) {
    try {
      scenario_of(rest);
      BOOST_ERROR("it was accepted");
    } catch (const ScenarioError& error) {
      BOOST_REQUIRE(error.mistakes().size() == 1);
      BOOST_TEST(error.mistakes()[0].message == message);
      BOOST_TEST(error.mistakes()[0].line == line + 1);  // behind the name
      BOOST_TEST(error.mistakes()[0].column == column);
    }
  }
}

void expect_shape(const std::string& shape, unsigned column, const std::string& message) {
  expect("[arrivals]\nshape = {" + shape + "}", 3, column, message);
}

LoadPiece flat(nanoseconds length, double value) { return {length, value, value, 0, {}}; }

}  // namespace

BOOST_AUTO_TEST_CASE(every_kind_of_shape_becomes_its_pieces) {
  BOOST_TEST((rate_of("shape = { kind = 'constant', value = 4 }") == LoadShape::constant(4)));
  BOOST_TEST((rate_of("shape = { kind = 'ramp', to = 9, over = '30s' }") ==
              LoadShape({{30s, 0, 9, 0, {}}, flat(0s, 9)})));
  BOOST_TEST((rate_of("shape = { kind = 'ramp', from = 9, to = 2.5, over = '30s' }") ==
              LoadShape({{30s, 9, 2.5, 0, {}}, flat(0s, 2.5)})));
  BOOST_TEST((rate_of("shape = { kind = 'steps', from = 2, to = 8, steps = 4, each = '10s' }") ==
              LoadShape({flat(10s, 2), flat(10s, 4), flat(10s, 6), flat(10s, 8)})));
  BOOST_TEST(
      (rate_of("shape = { kind = 'spike', base = 1, peak = 20, at = '9s', length = '2s' }") ==
       LoadShape({flat(9s, 1), flat(2s, 20), flat(0s, 1)})));
  BOOST_TEST(
      (rate_of("shape = { kind = 'spike', base = 1, peak = 20, at = '0s', length = '2s' }") ==
       LoadShape({flat(2s, 20), flat(0s, 1)})));
  BOOST_TEST((rate_of("shape = { kind = 'sine', mean = 5, amplitude = 5, period = '20s' }") ==
              LoadShape({{0s, 5, 5, 5, 20s}})));
  BOOST_TEST((rate_of("shape = { kind = 'soak', value = 5, rise = '5s' }") ==
              LoadShape({{5s, 0, 5, 0, {}}, flat(0s, 5)})));
  BOOST_TEST(
      (rate_of("shape = { kind = 'soak', value = 5, rise = '5s', hold = '30s', fall = '2s' }") ==
       LoadShape({{5s, 0, 5, 0, {}}, flat(30s, 5), {2s, 5, 0, 0, {}}, flat(0s, 0)})));
}

BOOST_AUTO_TEST_CASE(stages_follow_one_another_or_jump) {
  const std::string stages =
      "stages = [{ to = 10, over = '20s' }, { to = 10, over = '5s' }, { from = 30, to = 0, over = "
      "'35s' }]";
  const LoadShape expected({{20s, 0, 10, 0, {}}, flat(5s, 10), {35s, 30, 0, 0, {}}});
  BOOST_TEST((rate_of(stages) == expected));
  BOOST_TEST((load_of<ClosedUsers>("[users]\n" + stages).count == expected));
}

BOOST_AUTO_TEST_CASE(mistakes_of_shapes_say_the_remedy) {
  expect_shape("value = 4", 9,
               "'shape' lacks 'kind'; add one of: constant, ramp, steps, spike, sine, soak");
  expect_shape("kind = 'rampe', to = 4", 17, "unknown kind 'rampe'; did you mean 'ramp'?");
  expect_shape("kind = 'spike', base = 1, at = '1s', length = '1s'", 9,
               "'shape' lacks 'peak'; add peak = …, which a shape of kind \"spike\" needs");
  expect_shape("kind = 'ramp', to = 4, over = '3s', till = 3", 46,
               "unknown key 'till' in 'shape'; known keys: kind, to, over, from");
  expect_shape("kind = 'sine', mean = 5, amplitude = 6, period = '1s'", 47,
               "'amplitude' (6) is above 'mean' (5): a load is never negative");
  expect_shape("kind = 'ramp', to = -4, over = '3s'", 30, "'to' must be 0 to 1000000; got -4");
  expect_shape("kind = 'ramp', to = 4, over = '0s'", 40,
               "'over' must be at least 0.001s; got \"0s\"");
  expect_shape("kind = 'ramp', to = 4, over = 30", 40,
               "'over': expected a duration such as \"300ms\", found an integer; write \"30s\" or "
               "\"30ms\"");
  expect_shape("kind = 'steps', from = 1, to = 4, steps = 1, each = '1s'", 52,
               "'steps' must be 2 to 1000; got 1");
  expect_shape("kind = 'soak', value = 1, rise = '1s', fall = '1s'", 49,
               "'fall' comes after 'hold'; add hold = …, how long the load stays");
  expect_shape("kind = 'constant', value = 0", 9,
               "'shape' is 0 at all times: there would be no load");
  expect_shape("kind = 'ramp', to = 4, over = '5m'", 9,
               "'shape' lasts 300s, and warm_up + measure 60s: its end would never come; shorten "
               "it or lengthen the phases");
  expect_shape("kind = 'constant', value = 1000000", 9,
               "'shape' for warm_up + measure (60s) plans 60000000 arrivals, and a run has at most "
               "50 million; lower the rate or shorten the phases");
  expect("[arrivals]\nshape = 'spike'", 3, 9,
         "'shape': expected a table such as { kind = \"ramp\", to = 10, over = \"30s\" }, found a "
         "string");
}

BOOST_AUTO_TEST_CASE(mistakes_of_stages_say_the_remedy) {
  const std::string wanted =
      "an array of stages such as [{ to = 10, over = \"30s\" }, { to = 10, over = \"2m\" }]";
  expect("[users]\nstages = []", 3, 10, "'stages' must not be empty; it is " + wanted);
  expect("[users]\nstages = 5", 3, 10, "'stages': expected " + wanted + ", found an integer");
  expect("[users]\nstages = [{ to = 5 }]", 3, 11,
         "a stage lacks 'over'; add over = \"30s\", how long it lasts");
  expect("[users]\nstages = [{ to = 5, over = '1s' }, { to = 5, ovr = '1s', over = '1s' }]", 3, 46,
         "unknown key 'ovr' in a stage; did you mean 'over'?");
  expect("[users]\nstages = [{ to = 0, over = '1s' }]", 3, 10,
         "'stages' is 0 at all times: there would be no load");
}

BOOST_AUTO_TEST_CASE(a_load_is_stated_once) {
  expect("[users]\ncount = 4\nshape = { kind = 'constant', value = 4 }", 4, 1,
         "[users] takes one of 'count', 'shape' and 'stages'; remove the others");
  expect("[arrivals]\nstages = [{ to = 1, over = '1s' }]\nrate = 4", 4, 1,
         "[arrivals] takes one of 'rate', 'shape' and 'stages'; remove the others");
  expect("[users]\nramp = '1s'\nshape = { kind = 'constant', value = 4 }", 3, 1,
         "'ramp' goes with 'count'; a shape says itself how users come and go");
  expect("[arrivals]\nrate = 1\n[trace]\nfile = 'a'", 4, 2,
         "a scenario has [arrivals] or [trace], not both; remove one of them");
  expect("[users]\nshape = { kind = 'sine', mean = 500000, amplitude = 9, period = '1s' }", 3, 9,
         "'shape' makes users come and go 30500549 times, and a run has at most 10 million such "
         "stretches; take fewer users, a longer period, or fewer stages");
}

BOOST_AUTO_TEST_CASE(conversations_are_read) {
  const auto users = load_of<ClosedUsers>(
      "[users]\nturns = { distribution = 'uniform', min = 2, max = 6 }\npause = '3s'\n"
      "system_prompt = \"\"\"You are kind.\nAlways.\"\"\"");
  BOOST_TEST((users.conversations.turns == Distribution{Shape::uniform, 4, 0, 2, 6, {}}));
  BOOST_TEST((users.conversations.pause == Distribution::constant(3)));
  BOOST_TEST(users.conversations.system_prompt == "You are kind.\nAlways.");
  BOOST_TEST((load_of<ClosedUsers>("[users]").conversations.turns == Distribution::constant(1)));
  expect("[users]\nturns = 0", 3, 9, "'turns' must be 1 to 1000; got 0");
  expect("[users]\nturns = 1.5", 3, 9, "'turns' counts turns and must be a whole number; got 1.5");
  expect("[users]\nsystem_prompt = '" + std::string(65'537, 'x') + "'", 3, 17,
         "'system_prompt' must be at most 65536 bytes long; it has 65537");
}

BOOST_AUTO_TEST_CASE(arrivals_have_a_process_a_burstiness_and_a_limit) {
  const auto arrivals = load_of<OpenArrivals>(
      "[arrivals]\nprocess = 'gamma'\nburstiness = 2.5\nrate = 3\nmax_in_flight = 100\n"
      "when_full = 'drop'");
  BOOST_TEST((arrivals.process == OpenArrivals::Process::gamma));
  BOOST_TEST(arrivals.burstiness == 2.5);
  BOOST_TEST(arrivals.max_in_flight == 100u);
  BOOST_TEST((arrivals.when_full == WhenFull::drop));
  expect("[arrivals]\nrate = 3\nburstiness = 2", 4, 1,
         "'burstiness' is for process = \"gamma\"; remove it, or change 'process'");
  expect("[arrivals]\nrate = 3\nwhen_full = 'drop'", 4, 1,
         "'when_full' needs a limit; add max_in_flight = 100, over all agents");
  expect("[arrivals]\nrate = 3\nmax_in_flight = 0", 4, 17,
         "'max_in_flight' must be 1 to 10000000; got 0");
  expect("[arrivals]\nrate = 3\nmax_in_flight = 5\nwhen_full = 'skip'", 5, 13,
         "unknown when_full 'skip'; known choices: wait, drop");
}

BOOST_AUTO_TEST_CASE(traces_are_read) {
  const auto trace = load_of<TraceReplay>(
      "[trace]\nfile = 'a.jsonl'\nformat = 'mooncake'\ntime_scale = 10\nskip = 5\nlimit = 7\n"
      "max_in_flight = 9\nwhen_full = 'wait'");
  BOOST_TEST(trace.file == "a.jsonl");
  BOOST_TEST((trace.format == TraceReplay::Format::mooncake));
  BOOST_TEST(trace.time_scale == 10.0);
  BOOST_TEST(trace.skip == 5u);
  BOOST_TEST(trace.limit == 7u);
  BOOST_TEST(trace.max_in_flight == 9u);
  BOOST_TEST(
      (load_of<TraceReplay>("[trace]\nfile = 'a'").format == TraceReplay::Format::automatic));
  expect("[trace]", 2, 1,
         "[trace] lacks 'file'; add file = \"trace.csv\", from the scenario's folder");
  expect("[trace]\nfile = 'a'\ntime_scale = 0", 4, 14,
         "'time_scale' must be 0.001 to 1000000; got 0");
}

BOOST_AUTO_TEST_CASE(a_trace_says_the_lengths_itself) {
  const Scenario scenario =
      scenario_of("[trace]\nfile = 'a'\n[prompts]\nshared_prefix = { groups = 4, tokens = 64 }");
  BOOST_TEST(scenario.categories.front().prefixes.groups == 4u);
  const std::string remedy = " has no meaning here: the [trace] says the lengths; remove it";
  expect("[trace]\nfile = 'a'\n[prompts]\ntokens = 5", 5, 1, "'tokens'" + remedy);
  expect("[trace]\nfile = 'a'\n[prompts]\nfile = 'b'", 5, 1, "'file'" + remedy);
  expect("[trace]\nfile = 'a'\n[answers]", 4, 2, "[answers]" + remedy);
  expect("[trace]\nfile = 'a'\n[[categories]]\nname = 'a'", 4, 3, "[[categories]]" + remedy);
}

BOOST_AUTO_TEST_CASE(prompts_come_from_files_of_several_formats) {
  const Scenario scenario =
      scenario_of("[users]\n[prompts]\nfile = 'a.jsonl'\nformat = 'jsonl'\nfield = 'question'");
  const auto& file = std::get<PromptsFromFile>(scenario.categories.front().prompts);
  BOOST_TEST(file.file == "a.jsonl");
  BOOST_TEST((file.format == PromptsFromFile::Format::jsonl));
  BOOST_TEST(file.field == "question");
  expect("[users]\n[prompts]\nfile = 'a'\nformat = 'json'", 5, 10,
         "unknown format 'json'; did you mean 'jsonl'?");
  expect("[users]\n[prompts]\nfile = 'a'\nformat = 'text'\nfield = 'a'", 6, 1,
         "'field' is for format = \"jsonl\", which names the text of each line; remove it");
  expect("[users]\n[prompts]\ntokens = 5\nformat = 'text'", 5, 1,
         "'format' describes a file; add file = \"prompts.jsonl\", or remove it");
}

BOOST_AUTO_TEST_CASE(shared_prefixes_are_read_and_leave_room) {
  const Scenario scenario = scenario_of(
      "[users]\n[prompts]\ntokens = 100\nshared_prefix = { groups = 8, depth = 3, tokens = 60 }");
  const SharedPrefixes& prefixes = scenario.categories.front().prefixes;
  BOOST_TEST(prefixes.groups == 8u);
  BOOST_TEST(prefixes.depth == 3u);
  BOOST_TEST((prefixes.tokens == Distribution::constant(60)));
  expect("[users]\n[prompts]\nshared_prefix = { groups = 8 }", 4, 17,
         "'shared_prefix' lacks 'tokens'; add tokens = 64, the length of the whole beginning");
  expect("[users]\n[prompts]\nshared_prefix = { groups = 8, tokens = 32 }", 4, 17,
         "'shared_prefix' leaves nothing of their own to prompts of at most 32 tokens, which count "
         "the prefix too; shorten it or raise 'tokens'");
  expect("[users]\n[prompts]\nfile = 'a'\nshared_prefix = { groups = 8, tokens = 3 }", 5, 1,
         "'shared_prefix' is made up, and so must be the prompts that it opens; remove it, or "
         "'file'");
}

BOOST_AUTO_TEST_CASE(categories_have_names_weights_prompts_and_answers) {
  const Scenario scenario = scenario_of(R"([users]
[[categories]]
name = "question"
weight = 3.5
[categories.prompts]
file = "a.txt"
[categories.answers]
tokens = 7
[[categories]]
name = "summary"
prompts = { tokens = 500, shared_prefix = { groups = 2, tokens = 100 } }
)");
  BOOST_REQUIRE(scenario.categories.size() == 2u);
  const Category& question = scenario.categories[0];
  BOOST_TEST(question.name == "question");
  BOOST_TEST(question.weight == 3.5);
  BOOST_TEST(std::get<PromptsFromFile>(question.prompts).file == "a.txt");
  BOOST_TEST((question.answer_tokens == Distribution::constant(7)));
  const Category& summary = scenario.categories[1];
  BOOST_TEST(summary.weight == 1.0);
  BOOST_TEST((std::get<SyntheticPrompts>(summary.prompts).tokens == Distribution::constant(500)));
  BOOST_TEST(summary.prefixes.groups == 2u);
  BOOST_TEST((summary.answer_tokens == Distribution::constant(32)));
}

BOOST_AUTO_TEST_CASE(mistakes_of_categories_say_the_remedy) {
  const std::string one = "[users]\n[[categories]]\nname = 'a'\n";
  expect("[users]\n[[categories]]", 3, 1,
         "[[categories]] lacks 'name'; add name = \"…\", by which figures tell it apart");
  expect(one + "[[categories]]\nname = 'a'", 6, 8,
         "there is another category 'a'; each needs a name of its own");
  expect(one + "weight = 0", 5, 10, "'weight' must be above 0 and at most 1000000; got 0");
  expect(one + "wieght = 1", 5, 1,
         "unknown key 'wieght' in [[categories]]; did you mean 'weight'?");
  expect(one + "[answers]\ntokens = 3", 5, 2,
         "every one of the [[categories]] has its own prompts and answers; move [answers] into "
         "them as [categories.answers]");
  expect("[users]\n[categories]\nname = 'a'", 3, 1,
         "'categories': expected a list, each opened by the line [[categories]], found a table");
}

BOOST_AUTO_TEST_CASE(the_accuracy_check_is_read_and_needed_by_its_threshold) {
  const Scenario scenario = scenario_of("accuracy = { sample = 0.02, time_limit = '5s' }\n[users]");
  BOOST_TEST(scenario.accuracy.sample == 0.02);
  BOOST_TEST((scenario.accuracy.time_limit == 5s));
  BOOST_TEST(scenario_of("[users]\n[accuracy]\nsample = 1").accuracy.sample == 1.0);
  BOOST_TEST(scenario_of("[users]").accuracy.sample == 0.0);
  expect("accuracy = { sample = 0 }\n[users]", 2, 23,
         "'sample' must be above 0 and at most 1; got 0");
  expect("accuracy = 0.02\n[users]", 2, 1,
         "'accuracy': expected a table, opened by the line [accuracy], found a number with a "
         "fraction");
  expect("thresholds = ['accuracy > 90%']\n[users]", 2, 15,
         "nothing measures 'accuracy' here; add accuracy = { sample = 0.02 } above");
  expect("thresholds = ['cache_hit p95 < 1ms']\n[users]", 2, 15,
         "nothing measures 'cache_hit' here; add [target.cache] with time_to_live = \"1m\"");
}
