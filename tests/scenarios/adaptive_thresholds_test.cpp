#include "scenarios/thresholds/adaptive_thresholds.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "scenarios/thresholds/limit_value.hpp"

using namespace squall::scenarios;

namespace {

Situation situation(HardwareClass hardware, ModelSize model,
                    Environment environment = Environment::production) {
  Situation made;
  made.hardware.hardware = hardware;
  made.model = model;
  made.environment = environment;
  return made;
}

std::vector<ResolvedThreshold> defaults_for(const Situation& where) {
  return resolve_adaptive(default_thresholds(), where, {});
}

const ResolvedThreshold* find(const std::vector<ResolvedThreshold>& all, const std::string& limit) {
  const LimitName name = parse_limit_name(limit);
  const auto found = std::find_if(all.begin(), all.end(), [&](const ResolvedThreshold& each) {
    return limit_name_of(each.threshold) == name;
  });
  return found == all.end() ? nullptr : &*found;
}

double limit_of(const std::vector<ResolvedThreshold>& all, const std::string& limit) {
  const auto* found = find(all, limit);
  BOOST_REQUIRE_MESSAGE(found != nullptr, limit << " is not among the thresholds");
  return found->threshold.limit;
}

/// Whether `one` asks at least as much as `other` by every limit, and more by some.
bool is_stricter(const std::vector<ResolvedThreshold>& one,
                 const std::vector<ResolvedThreshold>& other) {
  bool more = false;
  for (const ResolvedThreshold& each : one) {
    const auto name = limit_name_of(each.threshold);
    const double mine = each.threshold.limit, theirs = limit_of(other, name_of(*name));
    const bool looser = name->is_minimum() ? mine < theirs : mine > theirs;
    if (looser) {
      BOOST_TEST_MESSAGE(name_of(*name) << ": " << mine << " against " << theirs);
      return false;
    }
    more |= mine != theirs;
  }
  return more;
}

LimitRule rule(const std::string& limit, const std::string& change, const std::string& source) {
  LimitRule made;
  made.limit = parse_limit_name(limit);
  made.change = parse_limit_change(change, made.limit);
  made.source = source;
  return made;
}

constexpr const char* small_table = R"([base]
max_ttft_p95 = "1s"
min_tokens_per_second = 100
max_error_rate = "1%"
min_accuracy = "80%"
[hardware.cpu-low-end]
max_ttft_p95 = "*3"
min_tokens_per_second = "*0.5"
[hardware.unknown]
max_ttft_p95 = "*10"
[model.tiny]
max_ttft_p95 = "*0.5"
[environment.ci]
max_ttft_p95 = "700ms"
max_error_rate = "*2"
[environment.staging]
max_error_rate = "off"
min_accuracy = "*2"
)";

ThresholdTable table() { return parse_threshold_table(small_table, "small.toml"); }

}  // namespace

BOOST_AUTO_TEST_CASE(every_profile_size_and_environment_resolves_to_sound_limits) {
  std::size_t combinations = 0;
  for (const auto hardware : all_hardware_classes)
    for (const auto model : all_model_sizes)
      for (const auto environment : all_environments) {
        ++combinations;
        const auto all = defaults_for(situation(hardware, model, environment));
        for (const char* limit :
             {"min_tokens_per_second", "max_ttft_p95", "max_tpot_p95", "max_e2e_p95", "max_memory",
              "max_gpu_memory", "min_accuracy", "max_load_time", "max_error_rate"})
          BOOST_REQUIRE_MESSAGE(find(all, limit) != nullptr, limit << " for " << name_of(hardware)
                                                                   << ", " << name_of(model) << ", "
                                                                   << name_of(environment));
        for (const ResolvedThreshold& each : all) {
          const std::string name = name_of(*limit_name_of(each.threshold));
          BOOST_REQUIRE(each.missing.empty());
          BOOST_REQUIRE(!each.steps.empty());
          BOOST_REQUIRE(each.steps.back().value == each.threshold.limit);
          BOOST_REQUIRE_MESSAGE(each.threshold.limit > 0 || name == "max_error_rate", name);
          // The text says the same limit, so that a journal and a person read the same.
          const Threshold again = parse_threshold(each.threshold.text);
          BOOST_REQUIRE(same_figure(again, each.threshold));
          BOOST_REQUIRE_CLOSE(again.limit + 1, each.threshold.limit + 1, 1e-3);
        }
      }
  BOOST_TEST(combinations == 8u * 6u * 5u);
}

BOOST_AUTO_TEST_CASE(production_is_stricter_than_staging_ci_and_development) {
  const Environment by_strictness[] = {Environment::benchmarking, Environment::production,
                                       Environment::staging, Environment::ci,
                                       Environment::development};
  for (const auto hardware : all_hardware_classes)
    for (const auto model : all_model_sizes)
      for (int i = 0; i < 4; ++i)
        BOOST_TEST(is_stricter(defaults_for(situation(hardware, model, by_strictness[i])),
                               defaults_for(situation(hardware, model, by_strictness[i + 1]))),
                   name_of(by_strictness[i])
                       << " is not stricter than " << name_of(by_strictness[i + 1]) << " on "
                       << name_of(hardware) << " with a model " << name_of(model));
}

BOOST_AUTO_TEST_CASE(a_stronger_machine_has_stricter_limits) {
  const std::vector<std::vector<HardwareClass>> orders{
      {HardwareClass::gpu_high_end, HardwareClass::gpu_mid_range, HardwareClass::gpu_integrated,
       HardwareClass::cpu_low_end, HardwareClass::mobile, HardwareClass::unknown},
      {HardwareClass::gpu_high_end, HardwareClass::cpu_high_end, HardwareClass::cpu_mid_range,
       HardwareClass::cpu_low_end, HardwareClass::mobile, HardwareClass::unknown}};
  for (const auto& order : orders)
    for (const auto model : all_model_sizes)
      for (const auto environment : all_environments)
        for (std::size_t i = 0; i + 1 < order.size(); ++i)
          BOOST_TEST(is_stricter(defaults_for(situation(order[i], model, environment)),
                                 defaults_for(situation(order[i + 1], model, environment))),
                     name_of(order[i]) << " is not stricter than " << name_of(order[i + 1]));
}

BOOST_AUTO_TEST_CASE(a_smaller_model_has_stricter_limits) {
  for (const auto hardware : all_hardware_classes)
    for (std::size_t i = 0; i + 2 < all_model_sizes.size(); ++i)
      BOOST_TEST(is_stricter(defaults_for(situation(hardware, all_model_sizes[i])),
                             defaults_for(situation(hardware, all_model_sizes[i + 1]))));
}

BOOST_AUTO_TEST_CASE(rules_apply_in_their_order_and_each_is_remembered) {
  const auto all = resolve_adaptive(
      table(), situation(HardwareClass::cpu_low_end, ModelSize::tiny, Environment::development),
      {});
  const auto* ttft = find(all, "max_ttft_p95");
  BOOST_REQUIRE(ttft != nullptr);
  BOOST_TEST(ttft->threshold.text == "ttft p95 <= 1.5s");
  const std::vector<ThresholdStep> wanted{{"base: 1s", "small.toml:2", 1.0},
                                          {"hardware cpu-low-end: *3", "small.toml:7", 3.0},
                                          {"model tiny: *0.5", "small.toml:12", 1.5}};
  BOOST_TEST((ttft->steps == wanted));
  BOOST_TEST(limit_of(all, "min_tokens_per_second") == 50.0);
  BOOST_TEST(find(all, "min_tokens_per_second")->threshold.text == "tokens_per_second >= 50");
}

BOOST_AUTO_TEST_CASE(an_absolute_rule_replaces_and_off_leaves_out) {
  const auto ci = resolve_adaptive(
      table(), situation(HardwareClass::cpu_low_end, ModelSize::tiny, Environment::ci), {});
  BOOST_TEST(limit_of(ci, "max_ttft_p95") == 0.7, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(find(ci, "max_ttft_p95")->steps.size() == 4u);
  BOOST_TEST(limit_of(ci, "max_error_rate") == 0.02);
  const auto staging = resolve_adaptive(
      table(), situation(HardwareClass::cpu_low_end, ModelSize::tiny, Environment::staging), {});
  BOOST_TEST(find(staging, "max_error_rate") == nullptr);
  BOOST_TEST(limit_of(staging, "min_accuracy") == 1.0);  // a share is at most all of it
}

BOOST_AUTO_TEST_CASE(overrides_come_last_in_their_order) {
  const auto where = situation(HardwareClass::cpu_low_end, ModelSize::tiny, Environment::ci);
  const auto all = resolve_adaptive(
      table(), where,
      {rule("max_ttft_p95", "*2", "chat.toml:4"),
       rule("max_ttft_p95", "300ms", "$SQUALL_MAX_TTFT_P95"),
       rule("max_e2e_p99_9", "5s", "chat.toml:5"), rule("max_stall_p95", "*2", "chat.toml:6")});
  const auto* ttft = find(all, "max_ttft_p95");
  BOOST_TEST(ttft->threshold.limit == 0.3);
  BOOST_REQUIRE(ttft->steps.size() == 6u);
  BOOST_TEST(ttft->steps[4].value.value() == 1.4, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(ttft->steps[4].source == "chat.toml:4");
  BOOST_TEST(ttft->steps[5].rule == "override: 300ms");
  BOOST_TEST(ttft->steps[5].source == "$SQUALL_MAX_TTFT_P95");
  BOOST_TEST(find(all, "max_e2e_p99_9")->threshold.text == "e2e p99.9 <= 5s");
  BOOST_TEST(find(all, "max_stall_p95") == nullptr);  // there is nothing to double
}

BOOST_AUTO_TEST_CASE(what_rests_on_a_guess_says_so_until_somebody_says_the_number) {
  const auto unknown = situation(HardwareClass::unknown, ModelSize::tiny, Environment::development);
  const auto all = resolve_adaptive(table(), unknown, {});
  BOOST_TEST(!find(all, "max_ttft_p95")->guess.empty());
  BOOST_TEST(!find(all, "min_tokens_per_second")->guess.empty());  // other machines have a rule
  BOOST_TEST(find(all, "max_error_rate")->guess.empty());          // no machine has one
  const auto in_ci = resolve_adaptive(
      table(), situation(HardwareClass::unknown, ModelSize::tiny, Environment::ci), {});
  BOOST_TEST(find(in_ci, "max_ttft_p95")->guess.empty());  // an absolute rule after the hardware
  const auto doubled = resolve_adaptive(table(), unknown, {rule("max_ttft_p95", "*2", "x")});
  BOOST_TEST(!find(doubled, "max_ttft_p95")->guess.empty());
  const auto said = resolve_adaptive(table(), unknown, {rule("max_ttft_p95", "2s", "x")});
  BOOST_TEST(find(said, "max_ttft_p95")->guess.empty());
  const auto known =
      resolve_adaptive(table(), situation(HardwareClass::cpu_low_end, ModelSize::tiny), {});
  BOOST_TEST(find(known, "max_ttft_p95")->guess.empty());
}

BOOST_AUTO_TEST_CASE(a_table_of_ones_own_replaces_only_the_rules_that_it_names) {
  ThresholdTable both = table();
  both.replace_by(parse_threshold_table(R"({
  "base": { "max_e2e_p95": "9s" },
  "hardware": { "cpu-low-end": { "max_ttft_p95": "*2" } }
})",
                                        "team.json"));
  const auto all = resolve_adaptive(
      both, situation(HardwareClass::cpu_low_end, ModelSize::tiny, Environment::development), {});
  BOOST_TEST(limit_of(all, "max_ttft_p95") == 1.0);
  BOOST_TEST(find(all, "max_ttft_p95")->steps[1].source == "team.json:3");
  BOOST_TEST(limit_of(all, "max_e2e_p95") == 9.0);
  BOOST_TEST(limit_of(all, "min_tokens_per_second") == 50.0);
}

BOOST_AUTO_TEST_CASE(names_of_limits_and_variables_read_back) {
  for (const LimitName& limit : usual_limits()) {
    BOOST_TEST((parse_limit_name(name_of(limit)) == limit));
    BOOST_TEST(variable_of(limit).starts_with("SQUALL_M"));
  }
  BOOST_TEST(variable_of(parse_limit_name("max_ttft_p99_9")) == "SQUALL_MAX_TTFT_P99_9");
  BOOST_TEST(words_of(parse_limit_name("max_ttft_p99_9")) == "ttft p99.9 <= ");
  const auto mistake = [](const char* name) {
    try {
      parse_limit_name(name);
    } catch (const ThresholdError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  BOOST_TEST(mistake("min_ttft_p95") ==
             "unknown limit 'min_ttft_p95'; did you mean 'max_ttft_p95'?");
  BOOST_TEST(mistake("max_tfft_p95") ==
             "unknown limit 'max_tfft_p95'; did you mean 'max_ttft_p95'?");
  BOOST_TEST(mistake("max_ttft").find("needs a statistic, as in 'max_ttft_p95'") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits_written_read_back_as_the_same_value) {
  for (const auto metric : {Metric::ttft, Metric::tokens_per_second, Metric::error_rate,
                            Metric::memory, Metric::load_time, Metric::speedup})
    for (const double value : {0.0, 0.00025, 0.015, 0.75, 1.0}) {
      const double scaled = metric == Metric::memory ? value * 1e10 : value;
      BOOST_TEST(read_limit(written_limit(scaled, metric), metric) == scaled,
                 boost::test_tools::tolerance(1e-5));
    }
  BOOST_TEST(written_limit(0.0425, Metric::ttft) == "42.5ms");
  BOOST_TEST(written_limit(2147483648.0, Metric::memory) == "2GiB");
}

BOOST_AUTO_TEST_CASE(an_overridden_line_keeps_its_consequence_and_reads_back) {
  auto resolved = as_written(parse_threshold("ttft p95 < 300ms, else abort after 30s"), "chat:1");
  BOOST_TEST(apply_override(resolved, rule("max_ttft_p95", "*2", "$X")));
  BOOST_TEST(resolved.threshold.text == "ttft p95 <= 600ms, else abort after 30s");
  const Threshold again = parse_threshold(resolved.threshold.text);
  BOOST_TEST(again.abort);
  BOOST_TEST((again.abort_after == resolved.threshold.abort_after));
  BOOST_TEST(again.limit == 0.6, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(factors_beyond_all_bounds_still_leave_a_limit_that_reads_back) {
  for (const char* limit : {"max_ttft_p95", "min_tokens_per_second", "max_memory"})
    for (const char* factor : {"*1000000", "*0.000001"}) {
      const LimitName name = parse_limit_name(limit);
      const std::string start = name.metric == Metric::ttft     ? "ttft p95 < 1s"
                                : name.metric == Metric::memory ? "memory < 1GiB"
                                                                : "tokens_per_second > 100";
      auto resolved = as_written(parse_threshold(start), "chat:1");
      for (int i = 0; i < 3; ++i) apply_override(resolved, rule(limit, factor, "$X"));
      BOOST_TEST_CONTEXT(resolved.threshold.text)
      BOOST_CHECK_NO_THROW(parse_threshold(resolved.threshold.text));
    }
}

BOOST_AUTO_TEST_CASE(a_baseline_of_several_words_is_refused) {
  BOOST_CHECK_THROW(parse_limit_change("1.2 over my main", parse_limit_name("min_speedup")),
                    ThresholdError);
}
