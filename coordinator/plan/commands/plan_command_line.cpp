#include "coordinator/plan/commands/plan_command_line.hpp"

#include <CLI/CLI.hpp>

#include "coordinator/commands/output_options.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/fleet/fleet_simulation.hpp"
#include "coordinator/fleet/law_file.hpp"
#include "coordinator/plan/commands/plan_command.hpp"
#include "coordinator/plan/commands/plan_options.hpp"
#include "coordinator/plan/commands/plan_reports.hpp"
#include "coordinator/plan/output/json_plan.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* plan_footer = R"(
  squall plan chat.toml                                how many users, within its thresholds?
  squall plan chat.toml --slo "ttft p95 < 300ms" --budget 20m
  squall plan chat.toml --open                         how many requests/s, from people who do not wait?
  squall plan chat.toml --users 5000 --growth 8% --months 12 --prices prices.toml --html plan.html
  squall plan --resume last                            it was interrupted: go on
  squall plan report last --peak 300                   another question to the same measurement
  squall plan report a.json b.json --fleet gpu-box=4,cpu-box=10

Each probe is a run of the scenario with another load (squall list --tag plan-PLAN). The load is
doubled until a limit is missed, then narrowed down by what all probes together say, and the answer
is confirmed by a longer soak at 95 % of it. Users (who wait for their answers and think) and
requests per second (which wait for nobody) are separate questions with separate answers.

Prices are a TOML file:  currency = "EUR"
                         [machines.gpu-box]
                         per_hour = 2.40

Exit codes: 0 found and confirmed, 2 usage or scenario error, 10 not even the lowest load is within
the limits, 12 less precise than asked, not confirmed, or the budget was used up, 13 the tool and
not the target was the limit, 130 interrupted (what is known is told; --resume goes on).
What it rests on: docs/capacity.md.)";

struct PassedOn {
  const char* name;
  const char* value;  // null: a flag
  const char* help;
};

/// Of each run, as in squall run --help.
constexpr PassedOn passed_on[] = {
    {"--agents", "N", "how many agents take part (default: 1, on this machine)"},
    {"--local", "N", "of them, started on this machine"},
    {"--local-label", "LABEL", "a label of agents that are started here"},
    {"--agents-file", "FILE", "or: whom this file names"},
    {"--wait", "60s", "or: whoever came within this time"},
    {"--ssh", "HOST,…", "one started on each of these hosts"},
    {"--ssh-program", "PATH", "how squall is called on those hosts"},
    {"--listen", "ADDRESS", "where agents from elsewhere connect; with agents that --stay"},
    {"--keys", "FOLDER", "folder of keys"},
    {"--insecure", nullptr, "beyond this machine without keys"},
    {"--environment", "NAME", "whose limits adaptive thresholds have"},
    {"--no-store", nullptr, "leave the runs out of the store"},
};

void add_questions(CLI::App& command, QuestionOptions& questions, PlanFiles& files) {
  const auto ours = [](CLI::Option* option) { return option->group("Questions"); };
  ours(command.add_option("--users", questions.users, "machines for so many users"));
  ours(command.add_option("--requests", questions.requests, "or for so many requests/s"));
  ours(command.add_option("--peak", questions.peak, "today's peak: how much headroom is there?"));
  ours(command.add_option("--growth", questions.growth, "growth a month, such as 8%"));
  ours(command.add_option("--months", questions.months, "for so many months"))
      ->check(CLI::Range(0, 240));
  ours(command.add_option("--spare", questions.spare, "machines that may be out (N+1: 1)"))
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  ours(command.add_option("--machines", questions.machines,
                          "machines of today's fleet (default: those that were measured)"))
      ->check(CLI::Range(1, 10'000'000));
  ours(command.add_option("--prices", questions.prices, "what machines cost, see below"))
      ->option_text("FILE");
  ours(command.add_option("--law", questions.law,
                          "simulate these machines, too, by step times of squall model bench "
                          "--steps (docs/fleet.md)"))
      ->option_text("FILE");
  ours(command.add_flag("--extrapolate", questions.extrapolate,
                        "draw the scaling law beyond 1.5 times the largest load measured"));
  add_output_options(command, files.html, files.markdown, files.json);
}

void add_search(CLI::App& plan, PlanOptions& options) {
  const auto ours = [](CLI::Option* option) { return option->group("Search"); };
  ours(plan.add_option("--slo", options.limits,
                       "a limit to keep, such as \"ttft p95 < 300ms\", in place of the scenario's "
                       "thresholds; may be repeated"))
      ->allow_extra_args(false)
      ->option_text("LIMIT");
  ours(plan.add_flag("--open", options.open,
                     "Poisson arrivals in place of the scenario's users: how many requests/s?"));
  ours(plan.add_option("--start", options.start, "the first load (default: the scenario's)"));
  ours(plan.add_option("--most", options.most, "never ask for more than this load"));
  ours(plan.add_option("--probes", options.probes, "at most so many (default: 12)"))
      ->check(CLI::Range(2, 100));
  ours(plan.add_option("--precision", options.precision,
                       "half the width of the answer's interval (default: 3%)"))
      ->option_text("SHARE");
  ours(plan.add_option("--probe", options.probe,
                       "measure so long in each (default: the scenario's measure)"))
      ->option_text("30s");
  ours(plan.add_option("--soak", options.soak, "and in the soak (default: as long as it takes)"))
      ->option_text("10m");
  ours(plan.add_option("--budget", options.budget, "begin nothing that would end later"))
      ->option_text("20m");
  ours(plan.add_flag("--no-levels", options.no_levels, "run no further loads for the scaling law"));
}

}  // namespace

struct PlanLine::Orders {
  CLI::App* plan = nullptr;
  CLI::App* report = nullptr;
  PlanOptions options;
  PlanReportOptions report_options;

  void add_plan(CLI::App& app) {
    plan = app.add_subcommand("plan",
                              "How much load within the limits, how many machines, at "
                              "what cost?");
    plan->add_option("SCENARIO", options.scenario, "scenario file (TOML)");
    plan->add_option("--set", options.settings,
                     "change a setting of it, such as target.threads=2; may be repeated")
        ->allow_extra_args(false)
        ->option_text("KEY=VALUE");
    plan->add_option("--resume", options.resume, "go on with a plan; 'last': the newest")
        ->option_text("PLAN");
    plan->add_option("--kind", options.kind, "what machines of this kind are called in prices")
        ->option_text("NAME");
    plan->add_option("--answering", options.answering,
                     "how many machines answer together in these runs (default: 1; of the engine "
                     "inside agents: their hosts)")
        ->check(CLI::Range(1, 1'000'000));
    add_search(*plan, options);
    add_questions(*plan, options.questions, options.files);
    for (const auto& each : passed_on) add_passed_on(each);
    plan->add_option("--state", options.state, "folder of journals, reports and plans")
        ->option_text("FOLDER");
    plan->add_option("--store", options.store, "where the runs are kept")->option_text("FILE");
    plan->footer(plan_footer);
    plan->require_subcommand(0, 1);
  }

  void add_passed_on(const PassedOn& option) {
    if (option.value == nullptr)
      plan->add_flag(option.name, option.help)->group("Agents of each run");
    else
      plan->add_option(option.name, option.help)
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->option_text(option.value)
          ->group("Agents of each run");
  }

  std::vector<std::string> given_to_runs() const {
    std::vector<std::string> given;
    for (const auto& each : passed_on) {
      const CLI::Option* const option = plan->get_option(each.name);
      if (option->count() == 0) continue;
      if (each.value == nullptr)
        given.emplace_back(each.name);
      else
        for (const auto& value : option->results())
          given.push_back(std::string(each.name) + "=" + value);
    }
    if (!options.state.empty()) given.push_back("--state=" + options.state);
    if (!options.store.empty()) given.push_back("--store=" + options.store);
    return given;
  }

  void add_report() {
    report = plan->add_subcommand("report", "Shows plans again, and answers other questions.");
    report
        ->add_option("PLAN", report_options.plans,
                     "plans by id, 'last' (the default), or files of squall plan --json; "
                     "several: a fleet of several kinds")
        ->option_text("PLAN…");
    report->add_option("--fleet", report_options.fleet, "how many of each kind there are")
        ->option_text("KIND=N,…");
    report->add_option("--kind", report_options.kind, "another name for the plan's machines")
        ->option_text("NAME");
    report->add_option("--state", report_options.state, "folder of plans")->option_text("FOLDER");
    add_questions(*report, report_options.questions, report_options.files);
    report->footer(R"(
  squall plan report last --users 5000 --growth 8% --months 12 --spare 1
  squall plan report a.json b.json --fleet gpu-box=4,cpu-box=10 --prices prices.toml

Nothing is run. Exit codes as of squall plan --help; of a fleet 0.)");
  }
};

PlanLine::PlanLine(CLI::App& app) : orders_(std::make_unique<Orders>()) {
  orders_->add_plan(app);
  orders_->add_report();
}

PlanLine::~PlanLine() = default;

std::optional<int> PlanLine::perform() {
  try {
    if (*orders_->report) return plan_report_command(orders_->report_options);
    if (!*orders_->plan) return std::nullopt;
    orders_->options.passed_on = orders_->given_to_runs();
    return plan_command(orders_->options);
  } catch (const PlanUnreadable& error) {
    throw UsageError(error.what());
  } catch (const LawError& error) {
    throw UsageError(error.what());
  } catch (const FleetError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace squall::coordinator
