// scenarios/schema/scenario_parser: every mistake is named with its place and its remedy.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>

#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::scenarios;

namespace {

using Mistakes = std::vector<ScenarioMistake>;

// Parts of a file in its order; a case replaces the part that it is about. What comes first in each
// part is on a known line: top 2, target 3, load 5, rest 6 (when the parts before have one line).
struct File {
  std::string top = "";
  std::string target = "model = 'm'";
  std::string load = "[users]";
  std::string rest = "";

  std::string text() const {
    return "name = 'x'\n" + top + "\n[target]\n" + target + "\n" + load + "\n" + rest + "\n";
  }
};

Mistakes mistakes_of(const std::string& text) {
  try {
    parse_scenario(text, "test.toml");
  } catch (const ScenarioError& error) {
    return error.mistakes();
  }
  return {};
}

// The file has this one mistake and no other.
void expect(const std::string& text, unsigned line, unsigned column, const std::string& message) {
  BOOST_TEST_CONTEXT(text.substr(0, 500)) {
    const Mistakes mistakes = mistakes_of(text);
    BOOST_REQUIRE(mistakes.size() == 1);
    BOOST_TEST(mistakes[0].message == message);
    BOOST_TEST(mistakes[0].line == line);
    BOOST_TEST(mistakes[0].column == column);
  }
}

void expect_top(const std::string& top, unsigned column, const std::string& message) {
  expect(File{.top = top}.text(), 2, column, message);
}
void expect_target(const std::string& target, unsigned column, const std::string& message) {
  expect(File{.target = "model = 'm'\n" + target}.text(), 5, column, message);
}
void expect_users(const std::string& line, unsigned column, const std::string& message) {
  expect(File{.load = "[users]\n" + line}.text(), 6, column, message);
}
void expect_arrivals(const std::string& line, unsigned column, const std::string& message) {
  expect(File{.load = "[arrivals]\n" + line}.text(), 6, column, message);
}
void expect_rest(const std::string& table, const std::string& line, unsigned column,
                 const std::string& message) {
  expect(File{.rest = table + "\n" + line}.text(), 7, column, message);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_file_that_the_cases_vary_is_valid) {
  BOOST_TEST(mistakes_of(File{}.text()).empty());
}

BOOST_AUTO_TEST_CASE(unknown_keys_and_tables_are_named_with_the_nearest) {
  expect_top("sede = 1", 1, "unknown key 'sede' in the file; did you mean 'seed'?");
  expect_target("threds = 2", 1, "unknown key 'threds' in [target]; did you mean 'threads'?");
  expect_users("thinktime = '1s'", 1,
               "unknown key 'thinktime' in [users]; did you mean 'think_time'?");
  expect_rest("[phases]", "warmup = '1s'", 1,
              "unknown key 'warmup' in [phases]; did you mean 'warm_up'?");
  expect_users(
      "zebra = 1", 1,
      "unknown key 'zebra' in [users]; known keys: count, ramp, shape, stages, think_time, "
      "turns, pause, system_prompt");
  expect(File{.rest = "[phase]"}.text(), 6, 2,
         "unknown table 'phase' in the file; did you mean 'phases'?");
}

BOOST_AUTO_TEST_CASE(a_key_of_another_table_is_sent_home) {
  expect_users("timeout = '1s'", 1, "unknown key 'timeout' in [users]; it belongs in [target]");
  expect_rest("[phases]", "thresholds = []", 1,
              "unknown key 'thresholds' in [phases]; it belongs in the top of the file, above its "
              "first [table]");
  expect_top("tokens = 3", 1,
             "unknown key 'tokens' in the file; it belongs in [prompts] or [answers]");
}

BOOST_AUTO_TEST_CASE(required_parts_are_asked_for) {
  expect("[target]\nmodel = 'm'\n[users]\n", 1, 1,
         "the file lacks 'name'; add name = \"…\" as its first line");
  expect(File{.target = ""}.text(), 3, 1,
         "[target] lacks 'model'; add model = \"synthetic:llama-15m/q8_0\", or the path or name of "
         "a model");
  expect("name = 'x'\n[users]\n", 1, 1,
         "the file lacks 'target'; add [target] with model = \"synthetic:llama-15m/q8_0\"");
  expect(File{.load = ""}.text(), 1, 1,
         "the file says no load; add [users] (each waits for its answer), [arrivals] (requests at "
         "a rate) or [trace] (a recorded load)");
  expect(File{.load = "[arrivals]"}.text(), 5, 1,
         "[arrivals] lacks 'rate'; add rate = 5.0, in arrivals per second");
}

BOOST_AUTO_TEST_CASE(an_empty_file_lacks_everything) {
  const Mistakes mistakes = mistakes_of("");
  BOOST_TEST(mistakes.size() == 3);
  for (const auto& mistake : mistakes) {
    BOOST_TEST(mistake.line == 1u);
    BOOST_TEST(mistake.column == 1u);
  }
}

BOOST_AUTO_TEST_CASE(two_that_exclude_each_other_are_refused) {
  expect(File{.load = "[users]\n[arrivals]\nrate = 1"}.text(), 6, 2,
         "a scenario has [users] or [arrivals], not both; remove one of them");
  expect(File{.load = "[arrivals]\nrate = 1\n[users]"}.text(), 7, 2,
         "a scenario has [users] or [arrivals], not both; remove one of them");
  expect(File{.rest = "[prompts]\nfile = 'a.txt'\ntokens = 5"}.text(), 8, 1,
         "[prompts] takes 'file' or 'tokens', not both; remove one of them");
  expect(File{.rest = "[prompts]\ntokens = 5\nfile = 'a.txt'"}.text(), 8, 1,
         "[prompts] takes 'file' or 'tokens', not both; remove one of them");
}

BOOST_AUTO_TEST_CASE(wrong_types_say_what_was_found_and_what_to_write) {
  expect_rest("[phases]", "warm_up = 2", 11,
              "'warm_up': expected a duration such as \"300ms\", found an integer; write \"2s\" or "
              "\"2ms\"");
  expect_users("ramp = 0.5", 8,
               "'ramp': expected a duration such as \"300ms\", found a number with a fraction; "
               "write \"0.5s\" or \"0.5ms\"");
  expect_users("count = '8'", 9,
               "'count': expected a whole number, found a string; write 8 without quotes");
  expect_users("count = 8.0", 9,
               "'count': expected a whole number, found a number with a fraction");
  expect_users("count = [8]", 9, "'count': expected a whole number, found an array");
  expect_arrivals("rate = '5'", 8,
                  "'rate': expected a number, found a string; write 5 without quotes");
  expect_arrivals("rate = 2026-11-21", 8, "'rate': expected a number, found a date or time");
  expect_target("device = true", 10,
                "'device': expected a string, found a boolean; write \"true\"");
  expect_target("stop_at_end_token = 'true'", 21,
                "'stop_at_end_token': expected true or false, found a string; write true without "
                "quotes");
  expect_target("stop_at_end_token = 1", 21,
                "'stop_at_end_token': expected true or false, found an integer");
  expect_top("description = 5", 15,
             "'description': expected a string, found an integer; write \"5\"");
  expect_top("thresholds = 'ttft p95 < 1s'", 14,
             "'thresholds': expected an array of strings such as [\"ttft p95 < 300ms\"], found a "
             "string");
  expect_top("answers = 5", 1,
             "'answers': expected a table, opened by the line [answers], found an integer");
  expect(File{.rest = "[[phases]]"}.text(), 6, 3,
         "'phases': expected a table, opened by the line [phases], found an array");
  expect_users("think_time = true", 14,
               "'think_time': expected a duration such as \"300ms\" or a distribution table, found "
               "a boolean");
  expect_rest("[answers]", "tokens = '5'", 10,
              "'tokens': expected a number, found a string; write 5 without quotes");
}

BOOST_AUTO_TEST_CASE(sizes_have_a_number_and_a_unit) {
  expect_target(
      "kv_memory = 512", 13,
      "'kv_memory': expected a size such as \"512MiB\", found an integer; write \"512MiB\"");
  expect_target("kv_memory = '512'", 13,
                "'kv_memory': \"512\" lacks a unit of size: KiB, MiB, GiB or TiB");
  expect_target("kv_memory = '512MB'", 13,
                "'kv_memory': \"512MB\" lacks a unit of size: KiB, MiB, GiB or TiB");
  expect_target("kv_format = 'q8_1'", 13, "unknown kv_format 'q8_1'; did you mean 'q8_0'?");
  expect_target("kv_formats = 'f16'", 1,
                "unknown key 'kv_formats' in [target]; did you mean 'kv_format'?");
  expect_target("reuse_prefixes = 'no'", 18,
                "'reuse_prefixes': expected true or false, found a string");
}

BOOST_AUTO_TEST_CASE(impossible_values_say_the_limits) {
  expect_top("seed = -1", 8, "'seed' must be 0 to 9223372036854775807; got -1");
  expect_users("count = 0", 9, "'count' must be 1 to 1000000; got 0");
  expect_users("count = 1000001", 9, "'count' must be 1 to 1000000; got 1000001");
  expect_target("threads = -4", 11, "'threads' must be 0 to 1024; got -4");
  expect_target("max_batch = 4000000000", 13, "'max_batch' must be 1 to 1024; got 4000000000");
  expect_target("prefill_chunk = 0", 17, "'prefill_chunk' must be 1 to 4096; got 0");
  expect_target("kv_memory = '1KiB'", 13, "'kv_memory' must be 1MiB to 1024TiB; got \"1KiB\"");
  expect_target("kv_memory = '2000TiB'", 13,
                "'kv_memory' must be 1MiB to 1024TiB; got \"2000TiB\"");
  expect_target("top_k = -1", 9, "'top_k' must be 0 to 1000000; got -1");
  expect_target("top_p = 1.5", 9, "'top_p' must be 0 to 1; got 1.5");
  expect_target("min_p = -0.5", 9, "'min_p' must be 0 to 1; got -0.5");
  expect_target("repetition_penalty = 0", 22,
                "'repetition_penalty' must be above 0 and at most 10; got 0");
  expect_target("temperature = nan", 15, "'temperature' must be 0 to 5; got nan");
  expect_target("temperature = 5.5", 15, "'temperature' must be 0 to 5; got 5.5");
  expect_target("timeout = '0s'", 11, "'timeout' must be longer than 0s; got \"0s\"");
  expect_arrivals("rate = 0", 8, "'rate' must be above 0 and at most 1000000; got 0");
  expect_arrivals("rate = -5", 8, "'rate' must be above 0 and at most 1000000; got -5");
  expect_arrivals("rate = inf", 8, "'rate' must be above 0 and at most 1000000; got inf");
  expect_rest("[phases]", "measure = '0s'", 11, "'measure' must be longer than 0s; got \"0s\"");
  expect_rest("[phases]", "warm_up = '721h'", 11,
              "'warm_up' must be at most 30 days (720h); got \"721h\"");
  expect_rest("[phases]", "drain = '-1s'", 9,
              "'drain': '-1s' is negative; expected a duration such as \"300ms\"");
  expect_rest("[answers]", "tokens = 0", 10, "'tokens' must be 1 to 100000; got 0");
  expect_rest("[answers]", "tokens = 2.5", 10,
              "'tokens' counts tokens and must be a whole number; got 2.5");
  expect_rest("[prompts]", "file = ' '", 8, "'file' must not be empty");
  expect_rest("[prompts]", "file = \"a\\u0000b\"", 8,
              "'file' must be one line without control characters; got \"a\\x00b\"");
}

BOOST_AUTO_TEST_CASE(names_are_one_short_line) {
  const auto named = [](const std::string& name) {
    return "name = \"" + name + "\"\n[target]\nmodel = 'm'\n[users]\n";
  };
  expect(named(""), 1, 8, "'name' must not be empty");
  expect(named(std::string(101, 'n')), 1, 8, "'name' must be at most 100 bytes long; it has 101");
  expect(named("a\\nb"), 1, 8,
         "'name' must be one line without control characters; got \"a\\x0ab\"");
}

BOOST_AUTO_TEST_CASE(unknown_choices_are_named_with_the_nearest) {
  expect_target("device = 'npu'", 10, "unknown device 'npu'; did you mean 'cpu'?");
  expect_target("kind = 'opnai'", 8, "unknown kind 'opnai'; did you mean 'openai'?");
  expect_target("kind = 'cloud'", 8,
                "unknown kind 'cloud'; known kinds: engine, openai, simulated");
  expect_arrivals("process = 'posson'\nrate = 1", 11,
                  "unknown process 'posson'; did you mean 'poisson'?");
}

BOOST_AUTO_TEST_CASE(a_model_choice_that_contradicts_itself_is_refused) {
  expect_target("model_choice = 'prefer_real'", 16,
                "unknown model_choice 'prefer_real'; did you mean 'prefer-real'?");
  expect(File{.target = "model = 'synthetic:llama-15m/q8_0'\nmodel_choice = 'real'"}.text(), 5, 16,
         "'model' names a synthetic model, which is no real one; write that as 'fallback', and the "
         "path or name of the real one as 'model'");
  expect_target("fallback = 'small'", 12,
                "'fallback' must be a synthetic model such as \"synthetic:llama-15m/q8_0\"");
}

BOOST_AUTO_TEST_CASE(sources_of_a_model_must_be_addresses_that_can_be_trusted) {
  expect_target("sources = 'https://a/b.gguf'", 11,
                "'sources': expected an array of addresses such as [\"https://…/model.gguf\"], "
                "found a string");
  expect_target("sources = [3]", 12, "'sources': expected an address in quotes, found an integer");
  expect_target("sources = ['file:///etc/passwd']", 12,
                "'sources': 'file:///etc/passwd' is no address; each begins with https:// or "
                "http://");
  expect_target("sources = ['https://a/b', 'http://a/b']", 27,
                "'sources': what http:// brings may have been changed on its way; add sha256 = "
                "\"…\", or use https://");
  expect_target("sha256 = '12ab'", 10,
                "'sha256' must be 64 hexadecimal digits, as sha256sum prints them");
}

BOOST_AUTO_TEST_CASE(thresholds_are_judged_one_by_one_at_their_own_place) {
  expect_top("thresholds = ['ttft p95 < 1s', 'ttfb p95 < 300ms']", 32,
             "unknown metric 'ttfb'; did you mean 'ttft'?");
  expect_top("thresholds = [3]", 15,
             "'thresholds': expected a string such as \"ttft p95 < 300ms\", found an integer");
}

BOOST_AUTO_TEST_CASE(distributions_are_checked_for_their_shape) {
  const auto think = [](const std::string& table, unsigned column, const std::string& message) {
    expect_users("think_time = {" + table + "}", column, message);
  };
  think("mean = '1s'", 14,
        "'think_time' lacks 'distribution'; add one of: constant, uniform, normal, lognormal, "
        "exponential, bimodal, empirical");
  think("distribution = 'log-normal', mean = '1s'", 30,
        "unknown distribution 'log-normal'; did you mean 'lognormal'?");
  think("distribution = 'lognormal', mean = '1s'", 14,
        "'think_time' lacks 'deviation'; add deviation = …, which lognormal needs");
  think("distribution = 'uniform', min = '1s'", 14,
        "'think_time' lacks 'max'; add max = …, which uniform needs");
  think("distribution = 'constant'", 14,
        "'think_time' lacks 'value'; add value = …, which constant needs");
  think("distribution = 'uniform', min = '1s', max = '2s', mean = '1s'", 65,
        "unknown key 'mean' in 'think_time'; known keys: distribution, min, max");
  think("distribution = 'uniform', min = '3s', max = '2s'", 47,
        "'min' (\"3s\") is above 'max' (\"2s\")");
  think("distribution = 'normal', mean = '1s', deviation = '-1s'", 65,
        "'deviation': '-1s' is negative; expected a duration such as \"300ms\"");
  think("distribution = 'exponential', mean = '0s'", 52,
        "'mean' must be longer than 0s; got \"0s\"");
  think("distribution = 'exponential', mean = '2h'", 52,
        "'mean' (\"2h\") lies outside 'min' (default 0s) to 'max' (default 3600s)");
  think("distribution = 'exponential', mean = 2", 52,
        "'mean': expected a duration such as \"300ms\", found an integer; write \"2s\" or \"2ms\"");
}

BOOST_AUTO_TEST_CASE(token_distributions_count_whole_tokens) {
  const auto tokens = [](const std::string& table, unsigned column, const std::string& message) {
    expect_rest("[answers]", "tokens = {" + table + "}", column, message);
  };
  tokens("distribution = 'uniform', min = 1.5, max = 8", 43,
         "'min' counts tokens and must be a whole number; got 1.5");
  tokens("distribution = 'lognormal', mean = 8, deviation = -2", 61,
         "'deviation' must be 0 to 100000; got -2");
  tokens("distribution = 'lognormal', mean = 64, deviation = 2, max = 32", 46,
         "'mean' (64) lies outside 'min' (default 1) to 'max' (32)");
}

BOOST_AUTO_TEST_CASE(values_that_do_not_go_together_are_refused) {
  expect(File{.load = "[users]\nramp = '20s'", .rest = "[phases]\nmeasure = '10s'"}.text(), 6, 8,
         "'ramp' is longer than warm_up + measure (10s): the last users would never start; shorten "
         "it or lengthen the phases");
  expect(File{.load = "[arrivals]\nrate = 1000000", .rest = "[phases]\nmeasure = '60s'"}.text(), 6,
         8,
         "'rate' for warm_up + measure (60s) plans 60000000 arrivals, and a run has at most 50 "
         "million; lower the rate or shorten the phases");
  BOOST_TEST(
      mistakes_of(
          File{.load = "[arrivals]\nrate = 1000000", .rest = "[phases]\nmeasure = '50s'"}.text())
          .empty());
}

BOOST_AUTO_TEST_CASE(broken_toml_is_placed_and_explained) {
  const auto starts = [](const std::string& text, unsigned line, const std::string& start) {
    BOOST_TEST_CONTEXT(text) {
      const Mistakes mistakes = mistakes_of(text);
      BOOST_REQUIRE(mistakes.size() == 1);
      BOOST_TEST(mistakes[0].line == line);
      BOOST_TEST(mistakes[0].column >= 1u);
      BOOST_TEST(mistakes[0].message.starts_with(start), mistakes[0].message);
      BOOST_TEST(mistakes[0].message.ends_with("; nothing after this was read"));
    }
  };
  starts("name = 'x'\nname = 'y'\n", 2,
         "not TOML: Error while parsing key-value pair: cannot redefine");
  starts("name = 'x'\n[target\n", 2, "not TOML: ");
  starts("name = \"x\n", 1, "not TOML: ");
  starts("name = 'x'\nseed = 99999999999999999999\n", 2, "not TOML: ");
  starts("name = 'x'\nseed = 1 2\n", 2, "not TOML: ");
  starts("name = '\xFF\xFE'\n", 1, "not TOML: ");
  starts(std::string("name = 'x'\n\0\n", 13), 2, "not TOML: ");
}

BOOST_AUTO_TEST_CASE(files_that_make_the_library_give_up_are_placed_too) {
  const std::string message =
      "not TOML: this character cannot stand here; nothing after this was read";
  expect("name = 'x'\n[=\nb = 2\n", 2, 2, message);
  expect("name = 'x'\n[[.a]]\n", 2, 3, message);
  expect("name = 'ö' # ö\n[  'ö']\n'ö' = 'ö'  # ö\n[ \t=]\n", 4, 4, message);
}

BOOST_AUTO_TEST_CASE(letters_of_every_language_stand_in_text_and_nowhere_else) {
  for (const std::string letter :
       {"ö", "é", "Ω", "я", "ฟ", "漢", "👋", "\u1680", "\u2003", "\u3000"}) {
    BOOST_TEST_CONTEXT(letter) {
      const File text{.top = "description = \"\"\"\\\n" + letter + "\\\n" + letter + "\"\"\" # " +
                             letter};
      BOOST_TEST(mistakes_of(text.text()).empty());
      for (const std::string& line : {letter + " = 1", "seed = " + letter, "seed = 1" + letter,
                                      "[" + letter + "]", "seed " + letter + "= 1"}) {
        BOOST_TEST(mistakes_of(File{.top = line}.text()).size() == 1, line);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(all_mistakes_of_a_file_come_at_once_in_the_order_of_their_places) {
  const std::string text =
      "nmae = 'x'\nseed = -1\nthresholds = ['ttfb p95 < 1s', 'tpot < 1s']\n"
      "[phases]\nmeasure = 0\n[target]\nmodle = 'm'\ndevice = 'npu'\n[arrivals]\nrate = -5\n";
  try {
    parse_scenario(text, "bad.toml");
    BOOST_FAIL("it was accepted");
  } catch (const ScenarioError& error) {
    BOOST_TEST(error.mistakes().size() == 10);
    BOOST_TEST(std::string(error.what()) ==
               "bad.toml:1:1: unknown key 'nmae' in the file; did you mean 'name'?\n"
               "bad.toml:1:1: the file lacks 'name'; add name = \"…\" as its first line\n"
               "bad.toml:2:8: 'seed' must be 0 to 9223372036854775807; got -1\n"
               "bad.toml:3:15: unknown metric 'ttfb'; did you mean 'ttft'?\n"
               "bad.toml:3:32: metric 'tpot' needs a statistic: a percentile, 'mean' or 'max', as "
               "in 'tpot p95 < 300ms'\n"
               "bad.toml:5:11: 'measure': expected a duration such as \"300ms\", found an integer; "
               "write \"0s\" or \"0ms\"\n"
               "bad.toml:6:1: [target] lacks 'model'; add model = \"synthetic:llama-15m/q8_0\", or "
               "the path or name of a model\n"
               "bad.toml:7:1: unknown key 'modle' in [target]; did you mean 'model'?\n"
               "bad.toml:8:10: unknown device 'npu'; did you mean 'cpu'?\n"
               "bad.toml:10:8: 'rate' must be above 0 and at most 1000000; got -5");
  }
}

BOOST_AUTO_TEST_CASE(hostile_files_are_refused_without_harm) {
  const auto repeated = [](std::string_view piece, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += piece;
    return text;
  };
  constexpr std::size_t big = 70'000;
  const std::string too_deep = "keys are nested too deep; a scenario has at most three levels";
  expect("a" + repeated(".a", big) + " = 1\n", 1, 1, too_deep);
  expect("name = 'x'\n[a" + repeated(".a", big) + "]\n", 2, 1, too_deep);
  expect("d = \"\"\"\n.\n\"\"\"\n\"a.b\"" + repeated(". 'c'", big) + " = 1\n", 4, 1, too_deep);
  for (const std::string& bomb :
       {"a = " + repeated("[", big), "a = " + repeated("{a=", big),
        "a = " + repeated("{a.a.a=", big), repeated("[", big), "a = " + repeated("[1,", big)}) {
    BOOST_TEST(mistakes_of(bomb).size() == 1);
  }
  expect(std::string(524'289, '#'), 1, 1,
         "the file has 524289 bytes, and a scenario at most 524288 (512 KiB); is it the right "
         "file?");
  BOOST_TEST(mistakes_of("a = [" + repeated("1,", big) + "]\n").size() == 4);
}

BOOST_AUTO_TEST_CASE(dots_in_text_are_no_nesting) {
  const std::string dots(500, '.');
  BOOST_TEST(mistakes_of(File{.top = "description = '" + dots + "' # " + dots}.text()).empty());
  BOOST_TEST(
      mistakes_of(File{.top = "description = '''" + dots + "\n" + dots + "'''''"}.text()).empty());
  BOOST_TEST(mistakes_of(File{.top = "description = \"\\\"" + dots + "\""}.text()).empty());
}
