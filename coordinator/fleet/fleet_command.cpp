#include "coordinator/fleet/fleet_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "coordinator/commands/report_file.hpp"
#include "coordinator/commands/run_command.hpp"
#include "coordinator/compare/run_figures.hpp"
#include "coordinator/fleet/output/fleet_page.hpp"
#include "coordinator/fleet/output/fleet_text.hpp"
#include "coordinator/fleet/output/json_fleet.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/report/load_in_words.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/trace_reader.hpp"
#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_setting.hpp"

namespace squall::coordinator {

namespace {

constexpr int not_enough = 10;

constexpr const char* fleet_footer = R"(
A fleet that is not here: the scenario's own requests go to simulated machines, each an engine with
continuous batching whose steps take as long as they were measured to take. Nothing is run, no
server is asked; every output says "simulated". docs/fleet.md tells what the model leaves out.

  squall model bench m.gguf --steps steps.json        measures the law: how long steps take
  squall fleet chat.toml --law steps.json --machines 1000 --users 20000
  squall fleet chat.toml --law steps.json --users 5000 --enough
                                                      how many machines meet the thresholds?
  squall fleet chat.toml --law gpu.json --machines 4 --law cpu.json --machines 10
  squall run chat.toml --json run.json && squall fleet chat.toml --law steps.json --measured run.json
                                                      the prediction beside the measurement

Routing: least-loaded (fewest open requests), round-robin, random (by --seed), by-user (each user
has its machine, as with Squall's agents). Where the scenario's target is the engine, its max_batch,
prefill_chunk, kv_memory and reuse_prefixes count, not those that the law was measured with.

Exit codes: 0 simulated, 2 a mistake to mend, 10 --enough found no number of machines.)";

Routing routing_named(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Routing routing : all_routings) {
    if (name_of(routing) == name) return routing;
    names.push_back(name_of(routing));
  }
  throw UsageError("--routing: unknown " + scenarios::quoted(name) +
                   scenarios::nearest_or_all(name, names, "ways"));
}

std::string text_of_scenario(const FleetOrders& orders) {
  try {
    return scenarios::with_settings(read_scenario(orders.scenario), orders.settings);
  } catch (const scenarios::SettingError& error) {
    throw UsageError(std::string("--set: ") + error.what());
  }
}

scenarios::Scenario with_load(scenarios::Scenario scenario, const FleetOrders& orders) {
  if (orders.users && orders.rate)
    throw UsageError("--users and --rate are two kinds of load; give one of them");
  if (orders.users) return with_users(std::move(scenario), *orders.users);
  if (orders.rate) return with_rate(std::move(scenario), *orders.rate);
  return scenario;
}

std::vector<LawFile> laws_of(const FleetOrders& orders, const scenarios::Scenario& scenario) {
  std::vector<LawFile> laws;
  for (const std::string& path : orders.laws) {
    laws.push_back(read_law(path));
    laws.back().law = law_for(scenario, std::move(laws.back().law));
  }
  return laws;
}

FleetOptions options_of(const FleetOrders& orders, const std::vector<LawFile>& laws) {
  if (!orders.machines.empty() && orders.machines.size() != laws.size())
    throw UsageError("each --law takes one --machines: " + plural(laws.size(), "law") + ", " +
                     plural(orders.machines.size(), "number") + " of machines");
  FleetOptions options;
  options.routing = routing_named(orders.routing);
  options.seed = orders.seed;
  options.assumed_prompt_tokens = orders.prompt_tokens;
  for (std::size_t i = 0; i < laws.size(); ++i)
    options.machines.push_back({std::filesystem::path(orders.laws[i]).stem().string(), laws[i].law,
                                orders.machines.empty() ? 1 : orders.machines[i]});
  return options;
}

std::optional<MeasuredRun> measured_run(const std::string& path, const std::string& scenario_hash) {
  if (path.empty()) return std::nullopt;
  try {
    const RunFigures figures = figures_of_report(
        read_text_file(path, "cannot read the report", "squall run --json FILE writes one"));
    return MeasuredRun{figures.run, figures.scenario_hash == scenario_hash, figures.figures};
  } catch (const ReportUnreadable& error) {
    throw UsageError(path + ": " + error.what());
  }
}

void find_enough(FleetPrediction& told, const FleetOrders& orders,
                 const scenarios::Scenario& scenario,
                 const std::shared_ptr<const scenarios::Trace>& trace) {
  if (scenario.thresholds.empty())
    throw UsageError(
        "--enough needs thresholds to meet: give the scenario some, such as thresholds = "
        "[\"ttft p95 < 300ms\"]");
  told.most = orders.most;
  told.search = machines_for(
      scenario, told.options, orders.most,
      [&](const FleetResult& result) { return meets(judge_fleet(result, scenario.thresholds)); },
      [](const FleetProbe& probe) {
        std::fprintf(stderr, "simulated %s: %s\n", plural(probe.machines, "machine").c_str(),
                     probe.enough ? "enough" : "too few");
      },
      trace);
  const std::uint32_t shown = told.search->machines.value_or(orders.most);
  told.options.machines.front().count = shown;
  told.result = std::ranges::find(told.search->probes, shown, &FleetProbe::machines)->result;
}

int predict(const FleetOrders& orders) {
  ReportFile json(orders.json == "-" ? "" : orders.json), html(orders.html), law(orders.save_law);
  const std::string text = text_of_scenario(orders);
  const auto scenario = with_load(scenarios::parse_scenario(text, orders.scenario), orders);
  const auto trace =
      scenarios::trace_of(scenario, std::filesystem::path(orders.scenario).parent_path());
  FleetPrediction told;
  told.scenario = scenario.name;
  told.load = load_in_words(scenario.load);
  told.load_seed = scenario.seed;
  told.laws = laws_of(orders, scenario);
  told.options = options_of(orders, told.laws);
  told.measured = measured_run(orders.measured, hash_of_scenario(text));
  told.assumptions = assumptions_of(scenario, told.options);
  if (orders.enough) {
    find_enough(told, orders, scenario, trace);
  } else {
    told.result = simulate_fleet(scenario, told.options, trace);
  }
  told.goals = judge_fleet(told.result, scenario.thresholds);
  if (orders.json == "-") {
    const std::string out = fleet_json(told);
    std::fwrite(out.data(), 1, out.size(), stdout);
  } else {
    const std::string out = fleet_text(told, summary_width(stdout), colour_wanted(stdout));
    std::fwrite(out.data(), 1, out.size(), stdout);
  }
  if (json.wanted() && !json.write(fleet_json(told))) return 1;
  if (html.wanted() && !html.write(fleet_page(told))) return 1;
  if (law.wanted() && !law.write(law_json(told.laws.front().law))) return 1;
  return told.search && !told.search->machines ? not_enough : 0;
}

}  // namespace

CLI::App* add_fleet(CLI::App& app, FleetOrders& orders) {
  CLI::App* fleet =
      app.add_subcommand("fleet", "Simulates a fleet of machines under a scenario; runs nothing.");
  fleet->add_option("SCENARIO", orders.scenario, "scenario file (TOML)")->required();
  fleet
      ->add_option("--law", orders.laws,
                   "how long steps take: measured (squall model bench --steps), or written down; "
                   "one for each kind of machine")
      ->required()
      ->allow_extra_args(false)
      ->option_text("FILE");
  fleet->add_option("--machines", orders.machines, "how many of each kind (default: 1)")
      ->allow_extra_args(false)
      ->check(CLI::Range(1U, most_machines));
  fleet->add_flag("--enough", orders.enough,
                  "find the smallest number of the first kind that meets the thresholds");
  fleet->add_option("--most", orders.most, "with --enough: look no further")
      ->check(CLI::Range(1U, most_machines))
      ->capture_default_str();
  fleet->add_option("--users", orders.users, "so many users instead of the scenario's")
      ->check(CLI::Range(1.0, 1e7));
  fleet->add_option("--rate", orders.rate, "so many arrivals a second instead of the scenario's")
      ->check(CLI::Range(1e-6, 1e6));
  fleet->add_option("--set", orders.settings, "change a setting of the scenario; may be repeated")
      ->allow_extra_args(false)
      ->option_text("KEY=VALUE");
  fleet->add_option("--routing", orders.routing, "which machine a request goes to, see below")
      ->capture_default_str();
  fleet->add_option("--seed", orders.seed, "of random routing")->capture_default_str();
  fleet->add_option("--prompt-tokens", orders.prompt_tokens,
                    "how long to assume that prompts from files are");
  fleet->add_option("--measured", orders.measured, "show this run's report (JSON) beside it")
      ->option_text("FILE");
  fleet->add_option("--json", orders.json, "also write everything as JSON; -: print only that")
      ->option_text("FILE");
  fleet->add_option("--html", orders.html, "also write a page")->option_text("FILE");
  fleet->add_option("--save-law", orders.save_law, "also write the (first) law that was fitted")
      ->option_text("FILE");
  fleet->footer(fleet_footer);
  return fleet;
}

int fleet_command(const FleetOrders& orders) {
  try {
    return predict(orders);
  } catch (const FleetError& error) {
    throw UsageError(error.what());
  } catch (const LawError& error) {
    throw UsageError(error.what());
  } catch (const scenarios::DatasetError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace squall::coordinator
