#include "coordinator/compare/commands/judgement_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/compare/commands/baseline_command.hpp"
#include "coordinator/compare/commands/compare_command.hpp"
#include "coordinator/compare/rank_statistics.hpp"
#include "coordinator/compare/repeat/repeat_command.hpp"
#include "coordinator/compare/run_selection.hpp"
#include "coordinator/compare/trend/trend_command.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* repeating = "Repeating and comparing";

constexpr const char* meaning_of_verdicts = R"(
What the verdicts mean, of each gated figure and of all together
  pass          certainly (95 %) not worse by its margin
  regression    worse by its margin or more, and not by chance
  inconclusive  the runs cannot tell: their spread is as large as the margin. It is no pass. More
                runs narrow the interval (the table says about how many), so do longer runs and a
                quieter machine; or set a wider margin: --gate ttft_p99=20%
  incomparable  another scenario, seed, model or machine: compare equal things, or say with
                --differing what differs on purpose

A change as large as its margin is a matter of chance: one look passes it in at most 2.5 % of all
cases; 6 to 20 pairs, looked at after each, found 75 % of such and passed 10 %. To find 10 % nearly
always set a margin of 5 %. At least five runs a side, run alternately, are needed for any
verdict; one run a side "finds" a change of 5 % in p99 in a quarter of all cases without one.

Exit codes: 0 pass, 2 usage error, 11 regression, 12 inconclusive, 14 incomparable.)";

std::string compare_footer() {
  return std::string(R"(
  squall compare baseline:main last:5
  squall compare tag:before tag:after --html comparison.html
  squall compare tag:before tag:after --markdown comment.md --junit squall.xml
  squall compare --base old/*.json --run new/*.json --gate e2e_p99=15% --gate=-tpot_p50
  squall run chat.toml --repeat 6 --ab-set target.threads=2        runs both sides itself

)") + naming_of_runs +
         "\n" + meaning_of_verdicts;
}

std::string baseline_footer() {
  return std::string(R"(
  squall run chat.toml --repeat 5 && squall baseline set main last:5
  squall baseline check main last:5      is it as good as the baseline? Exit code 11 when worse
  squall baseline add main last          one more accepted run
  squall baseline list, show main, delete main

A baseline is what later runs are held against: at least five runs of one scenario and machine that
somebody accepted. It changes only by set and add, never by itself.

)") + naming_of_runs +
         "\n\nExit codes as of squall compare --help.";
}

constexpr const char* trend_footer = R"(
Runs of one scenario, model and machine, those of the newest run, in order of age. For each figure
  slope       the median change a run (Theil-Sen), with its 95 % interval
  volatility  how much runs scatter: median absolute deviation, as a share of the median
  change      a lasting change of level, and the run that it began with (E-divisive, p <= 0.01);
              marked ^ below the chart; it takes at least five runs before and after
  odd         a single run far from its stretch (robust z above 3.5)

  squall trend chat --html trend.html
  squall trend chat --figure e2e_p99 --json trend.json)";

void add_store(CLI::App& command, std::string& store, std::string& state) {
  command.add_option("--store", store, "the file with all runs")->option_text("FILE");
  command.add_option("--state", state, "or the folder in which it is")->option_text("FOLDER");
}

void add_judging(CLI::App& command, JudgingOptions& options) {
  command
      .add_option("--gate", options.gates,
                  "judge by this figure too, such as e2e_p99=10% or tokens_per_second=3%; "
                  "--gate=-ttft_p99 takes one out; may be repeated")
      ->allow_extra_args(false)
      ->option_text("FIGURE[=MARGIN]");
  command.add_flag("--only", options.only_these,
                   "judge by --gate alone; else also by tokens_per_second (5%), ttft_p50 (5%), "
                   "ttft_p99 (10%), tpot_p50 (5%) and error_rate (1 point)");
  command.add_option("--show", options.shown, "show this figure too, without judging it")
      ->allow_extra_args(false)
      ->option_text("FIGURE");
  command
      .add_option("--differing", options.differing,
                  "what differs on purpose: scenario, seed, agents, plan, target, model, "
                  "instruction_set, hardware")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("THING,…");
  command.add_option("--markdown", options.markdown, "also write the table for a pull request")
      ->option_text("FILE");
  command.add_option("--junit", options.junit, "also write JUnit XML for a CI service")
      ->option_text("FILE");
  command.add_option("--html", options.html, "also write a page with charts, of one file")
      ->option_text("FILE");
}

/// What else `squall run` was given, for each of its runs.
std::vector<std::string> given_to(const CLI::App& run) {
  std::vector<std::string> arguments;
  for (const CLI::Option* option : run.get_options()) {
    if (option->count() == 0 || option->get_positional() || option->get_group() == repeating)
      continue;
    const std::string name = "--" + option->get_lnames().front();
    if (name == "--json") continue;
    if (option->get_items_expected_max() == 0) {  // a flag
      arguments.push_back(name);
      continue;
    }
    for (const auto& value : option->results()) arguments.push_back(name + "=" + value);
  }
  return arguments;
}

}  // namespace

struct JudgementLine::Orders {
  CompareOptions compare;
  BaselineOptions baseline;
  RepeatOptions repeat;
  TrendOptions trend;
  std::vector<std::pair<CLI::App*, std::function<std::optional<int>()>>> commands;

  void add_compare(CLI::App& app) {
    CLI::App* command =
        app.add_subcommand("compare", "Did it get worse? Judges one set of runs by another.");
    command->add_option("BASE RUN", compare.names, "two names, each of one run or several");
    command->add_option("--base", compare.base, "or: the runs before")->option_text("RUN…");
    command->add_option("--run", compare.run, "and the runs after")->option_text("RUN…");
    command->add_flag("--paired", compare.paired,
                      "the runs were made in pairs, alternately, and are named in that order");
    add_judging(*command, compare.judging);
    command->add_option("--json", compare.judging.json, "also write everything to this file")
        ->option_text("FILE");
    add_store(*command, compare.store, compare.state);
    command->footer(compare_footer());
    commands.emplace_back(command, [this] { return compare_command(compare); });
  }

  void add_repeating(CLI::App& run) {
    const auto ours = [](CLI::Option* option) { option->group(repeating); };
    ours(run.add_option("--repeat", repeat.repeat,
                        "run it so many times; with --ab so many pairs (default: 5, pairs: 6)")
             ->check(CLI::Range(1, static_cast<int>(most_ranked_values))));
    ours(run.add_option("--against", repeat.against,
                        "judge the runs by those: a baseline, tag:NAME, …; see squall compare")
             ->option_text("RUNS"));
    ours(run.add_option("--ab", repeat.other,
                        "judge this other scenario by SCENARIO: both run alternately, A B B A")
             ->option_text("OTHER.toml"));
    ours(run.add_option("--ab-set", repeat.changes,
                        "or the same with a setting changed, such as target.threads=2; may be "
                        "repeated")
             ->allow_extra_args(false)
             ->option_text("KEY=VALUE"));
    ours(run.add_option("--at-most,--pairs-at-most", repeat.at_most,
                        "while it is inconclusive go on up to so many (default: 20)")
             ->check(CLI::Range(1, static_cast<int>(most_ranked_values))));
    ours(run.add_option("--budget", repeat.budget, "and begin nothing that would end later")
             ->option_text("30m"));
    const auto before = run.get_options();
    add_judging(run, repeat.judging);
    for (CLI::Option* option : run.get_options())
      if (std::find(before.begin(), before.end(), option) == before.end()) ours(option);
    commands.emplace_back(&run, [this, &run] { return repeat_runs(run); });
  }

  std::optional<int> repeat_runs(const CLI::App& run) {
    if (!repeat.wanted()) {
      for (const CLI::Option* option : run.get_options())
        if (option->count() > 0 && option->get_group() == repeating)
          throw UsageError(option->get_name() +
                           " is for repeated runs; add --repeat, --against, --ab or --ab-set");
      return std::nullopt;  // a run as any other
    }
    const auto text = [&](const char* name) {
      const CLI::Option* option = run.get_option(name);
      return option->count() > 0 ? option->as<std::string>() : std::string();
    };
    repeat.scenario = text("SCENARIO");
    repeat.judging.json = text("--json");
    repeat.store = text("--store");
    repeat.state = text("--state");
    if (const auto* set = run.get_option("--set"); set->count() > 0)
      repeat.settings = set->results();
    repeat.passed_on = given_to(run);
    return repeat_command(repeat);
  }

  void add_trend(CLI::App& app) {
    CLI::App* command = app.add_subcommand("trend", "What figures did from run to run.");
    command->add_option("SCENARIO", trend.scenario, "its name, as squall list shows it");
    command->add_option("--tag", trend.tag, "only runs with this tag")->option_text("NAME");
    command->add_option("--figure", trend.figures, "of this figure, such as e2e_p99")
        ->allow_extra_args(false)
        ->option_text("FIGURE");
    command->add_option("--newest", trend.newest, "only so many runs")->option_text("N");
    command->add_option("--hardware", trend.hardware,
                        "fingerprint of another machine than the "
                        "newest run's");
    command->add_option("--model", trend.model, "fingerprint of another model");
    command->add_option("--seed", trend.seed, "of the permutations")->capture_default_str();
    command->add_option("--json", trend.json, "also write everything to this file")
        ->option_text("FILE");
    command->add_option("--html", trend.html, "also write a page with charts, of one file")
        ->option_text("FILE");
    add_store(*command, trend.store, trend.state);
    command->footer(trend_footer);
    commands.emplace_back(command, [this] { return trend_command(trend); });
  }

  CLI::App* add_baseline_action(CLI::App& app, const char* name, const char* meaning,
                                BaselineOptions::Action action) {
    CLI::App* command = app.add_subcommand(name, meaning);
    add_store(*command, baseline.store, baseline.state);
    commands.emplace_back(command, [this, action] {
      baseline.action = action;
      return baseline_command(baseline);
    });
    return command;
  }

  void add_baseline(CLI::App& app) {
    using Action = BaselineOptions::Action;
    CLI::App* all = app.add_subcommand("baseline", "Keeps runs that later ones are held against.");
    all->require_subcommand(1);
    all->footer(baseline_footer());
    const auto named = [&](CLI::App* command, bool runs) {
      command->add_option("NAME", baseline.name, "the baseline")->required();
      if (runs)
        command->add_option("RUN", baseline.runs, "runs; see squall baseline --help")->required();
      return command;
    };
    for (CLI::App* command :
         {add_baseline_action(*all, "set", "Makes or replaces a baseline.", Action::set),
          add_baseline_action(*all, "add", "Adds runs to a baseline.", Action::add)})
      named(command, true)
          ->add_flag("--accept-failed", baseline.accept_failed,
                     "also runs that missed their thresholds");
    add_baseline_action(*all, "list", "Lists all baselines.", Action::list)
        ->add_flag("--json", baseline.print_json, "print JSON");
    named(add_baseline_action(*all, "show", "Shows a baseline's runs.", Action::show), false)
        ->add_flag("--json", baseline.print_json, "print JSON");
    CLI::App* check = named(
        add_baseline_action(*all, "check", "Judges runs by a baseline.", Action::check), true);
    add_judging(*check, baseline.judging);
    check->add_option("--json", baseline.judging.json, "also write everything to this file")
        ->option_text("FILE");
    check->footer(meaning_of_verdicts);
    named(add_baseline_action(*all, "delete", "Forgets a baseline; its runs stay.", Action::remove),
          false);
  }
};

JudgementLine::JudgementLine(CLI::App& app) : orders_(new Orders) {
  orders_->add_compare(app);
  orders_->add_baseline(app);
  orders_->add_trend(app);
  orders_->add_repeating(*app.get_subcommand("run"));
}

JudgementLine::~JudgementLine() = default;

std::optional<int> JudgementLine::perform() {
  for (const auto& [command, perform_it] : orders_->commands) {
    if (command->parsed()) return perform_it();
  }
  return std::nullopt;
}

}  // namespace squall::coordinator
