#include "coordinator/thresholds/thresholds_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "coordinator/commands/run_command.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/processes/child_process.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/run/thresholds/run_ceiling.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/thresholds/change_requests.hpp"
#include "coordinator/thresholds/threshold_inputs.hpp"
#include "coordinator/thresholds/thresholds_json.hpp"
#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Command = ThresholdOrders::Command;

namespace {

constexpr auto patience = 10s;  // of a wish for its answer

constexpr const char* thresholds_footer = R"(
A scenario asks for limits that fit the machine with thresholds = ["adaptive"]; docs/thresholds.md
tells the rules. Limits come from a table, in this order: base, class of hardware, size of model,
environment, then the scenario's [adaptive], environment variables (SQUALL_MAX_TTFT_P95=300ms,
SQUALL_MIN_TOKENS_PER_SECOND='*0.8'), and squall thresholds set while a run goes on.

  squall thresholds explain my.toml --environment ci     each limit and the chain of rules behind it
  squall thresholds explain --hardware cpu-low-end --model medium
  squall thresholds explain my.toml --report run.json    on the machine of that run
  squall thresholds list                                 limits, their variables, all names
  squall thresholds check team.toml                      a table of your own (TOML or JSON)
  squall thresholds set "ttft p95 < 400ms"               in the newest run, which goes on
  squall thresholds unset "ttft p95 < 400ms" --run 20261121-190000-4711

Exit codes: 0 done, 2 a mistake to mend (the message says how).)";

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string all_output_of(const std::string& command) {
  std::string output;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return output;
  std::array<char, 4096> part{};
  while (const auto count = std::fread(part.data(), 1, part.size(), pipe.get()))
    output.append(part.data(), count);
  return output;
}

/// As squall hardware sees it; nothing where that program is not.
std::vector<MachineAndModel> this_machine() {
  const auto program = sibling_program("squall-hardware");
  std::error_code ignored;
  if (!std::filesystem::exists(program, ignored) ||
      program.string().find('\'') != std::string::npos)
    return std::vector<MachineAndModel>(1);
  try {
    return machines_of_json(
        all_output_of("'" + program.string() + "' --json --no-measure 2>/dev/null"));
  } catch (const MachineUnreadable&) {
    return std::vector<MachineAndModel>(1);
  }
}

std::vector<MachineAndModel> machines_of_report(const std::string& path) {
  try {
    return machines_of_json(
        read_text_file(path, "cannot read the report", "squall run --json FILE writes one"));
  } catch (const MachineUnreadable& error) {
    throw UsageError(path + ": " + error.what());
  }
}

template <class Find, class All>
auto named(const std::string& text, Find find, const All& all, const char* option,
           const char* plural) {
  if (const auto found = find(text)) return *found;
  std::vector<std::string_view> names;
  for (const auto each : all) names.push_back(name_of(each));
  throw UsageError(std::string(option) + ": unknown " + scenarios::quoted(text) +
                   scenarios::nearest_or_all(text, names, plural));
}

/// A size's name, or a model file, whose size and format tell.
scenarios::ModelSize model_size_of(const std::string& text) {
  if (const auto found = scenarios::find_model_size(text)) return *found;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(text, error);
  if (error)
    return named(text, scenarios::find_model_size, scenarios::all_model_sizes,
                 "--model takes a size or a model's file", "sizes");
  scenarios::ModelFacts facts;
  facts.file_bytes = bytes;
  std::string stem = std::filesystem::path(text).stem().string();
  std::ranges::transform(stem, stem.begin(), [](unsigned char c) { return std::tolower(c); });
  facts.format = stem.substr(stem.find_last_of("-.") + 1);  // "stories15m-q8_0" is q8_0
  return scenarios::size_of(facts);
}

/// The machines in question as the agents of a run.
RunRecord imagined_run(const ThresholdOrders& orders,
                       const std::vector<MachineAndModel>& machines) {
  RunRecord record;
  if (orders.scenario.empty()) {
    record.scenario.adaptive.wanted = true;
  } else {
    const std::string text = read_scenario(orders.scenario);
    record.scenario = scenarios::parse_scenario(text, orders.scenario);
    record.scenario_file = orders.scenario;
    record.scenario_hash = hash_of_scenario(text);
  }
  for (const MachineAndModel& machine : machines) {
    AgentRecord& agent = record.agents.emplace_back();
    agent.hello.name = machine.agent.empty() ? "here" : machine.agent;
    agent.hello.host = machine.host;
    agent.ready.emplace();
    agent.ready->hardware = machine.hardware;
    agent.ready->model_facts = machine.model;
    agent.ready->model_fingerprint = machine.model_fingerprint;
    agent.ready->engine_threads = machine.engine_threads;
  }
  return record;
}

std::string ceiling_in_words(const RunRecord& record) {
  const auto* users = std::get_if<scenarios::ClosedUsers>(&record.scenario.load);
  const double in_flight =
      users == nullptr ? 1 : users->count.highest(record.scenario.phases.measure);
  const RunCeiling ceiling = ceiling_of(record, in_flight);
  if (!ceiling.missing.empty()) return {};
  return readable_rate(ceiling.tokens_per_second) + " tokens/s with " +
         readable_rate(ceiling.concurrency) + " requests in flight, bound by " +
         (ceiling.memory_bound ? "memory bandwidth" : "arithmetic");
}

/// The table alone, whatever a scenario could measure.
ThresholdResolution whole_table(const scenarios::Situation& situation,
                                const ThresholdInputs& inputs) {
  return {scenarios::resolve_adaptive(scenarios::default_thresholds(), situation, inputs.overrides),
          {}};
}

int explain(const ThresholdOrders& orders) {
  const std::vector<MachineAndModel> nobody_knows(1);
  const RunRecord record =
      imagined_run(orders, !orders.report.empty()    ? machines_of_report(orders.report)
                           : orders.hardware.empty() ? this_machine()
                                                     : nobody_knows);
  ThresholdInputs inputs = threshold_inputs(record.scenario, record.scenario_file,
                                            {orders.environment, orders.store, orders.state});
  if (!orders.hardware.empty())
    inputs.hardware = {named(orders.hardware, scenarios::find_hardware_class,
                             scenarios::all_hardware_classes, "--hardware", "classes"),
                       "as asked"};
  if (!orders.model.empty()) inputs.model_size = model_size_of(orders.model);
  ThresholdExplanation explanation;
  explanation.scenario = record.scenario.name;
  explanation.situation = situation_of(record, inputs);
  auto resolution = orders.scenario.empty() ? whole_table(explanation.situation, inputs)
                                            : resolve_thresholds(record, inputs);
  explanation.thresholds = std::move(resolution.thresholds);
  explanation.notes = std::move(resolution.notes);
  if (!record.scenario.adaptive.wanted)
    explanation.notes.push_back(
        "the scenario asks for no adaptive thresholds; thresholds = [\"adaptive\"] does");
  explanation.ceiling = ceiling_in_words(record);
  const std::size_t width = std::clamp<std::size_t>(terminal_width(stdout), 80, 140);
  print(orders.json ? explanation_json(explanation)
                    : explanation_text(explanation, width, colour_wanted(stdout)));
  return 0;
}

int check(const ThresholdOrders& orders) {
  const auto table = scenarios::parse_threshold_table(
      read_text_file(orders.file, "cannot read thresholds",
                     "squall thresholds list names what a table may limit"),
      orders.file);
  std::size_t rules = table.base.size();
  for (const auto& [key, part] : table.hardware) rules += part.size();
  for (const auto& [key, part] : table.model) rules += part.size();
  for (const auto& [key, part] : table.environment) rules += part.size();
  std::printf("%s: %s, all valid\n", orders.file.c_str(), plural(rules, "rule").c_str());
  return 0;
}

int change(const ThresholdOrders& orders) {
  const RunFolder folder = find_run_folder(state_folder(orders.state), orders.run);
  const ChangeAnswer answer =
      ask_for_change(folder, orders.threshold, orders.command == Command::unset, patience);
  if (!answer.accepted) throw UsageError(answer.text);
  std::printf("run %s: %s\n", folder.run().c_str(), answer.text.c_str());
  return 0;
}

void add_change(CLI::App& app, ThresholdOrders& orders, const char* name, const char* what,
                Command command) {
  CLI::App* change = app.add_subcommand(name, what);
  change->add_option("THRESHOLD", orders.threshold, "as scenarios write it: \"ttft p95 < 400ms\"")
      ->required();
  change->add_option("--run", orders.run, "which run, which must go on; 'last': the newest")
      ->capture_default_str();
  change->add_option("--state", orders.state, "folder of journals and reports")
      ->option_text("FOLDER");
  change->callback([&orders, command] { orders.command = command; });
}

}  // namespace

CLI::App* add_thresholds(CLI::App& app, ThresholdOrders& orders) {
  CLI::App* thresholds = app.add_subcommand(
      "thresholds", "Explains, checks and lists limits; changes those of a run that goes on.");
  thresholds->require_subcommand(1);
  thresholds->footer(thresholds_footer);
  CLI::App* explain = thresholds->add_subcommand("explain", "Prints each limit, rule by rule.");
  explain->add_option("SCENARIO", orders.scenario, "scenario file; without one, the table alone");
  explain->add_option("--environment", orders.environment,
                      "development, ci, staging, production or benchmarking");
  explain->add_option("--model", orders.model, "size of model, or a model's file")
      ->option_text("SIZE|FILE");
  explain->add_option("--hardware", orders.hardware, "class; without it, this machine's")
      ->option_text("CLASS");
  explain->add_option("--report", orders.report, "machine and model of this run's report")
      ->option_text("FILE");
  explain->add_option("--store", orders.store, "where earlier runs are, to learn from")
      ->option_text("FILE");
  explain->add_option("--state", orders.state, "folder of journals and reports")
      ->option_text("FOLDER");
  explain->add_flag("--json", orders.json, "print JSON");
  explain->callback([&orders] { orders.command = Command::explain; });
  CLI::App* check = thresholds->add_subcommand("check", "Checks a table of limits.");
  check->add_option("FILE", orders.file, "TOML, or JSON where the name ends in .json")->required();
  check->callback([&orders] { orders.command = Command::check; });
  CLI::App* list = thresholds->add_subcommand("list", "Lists limits, variables and names.");
  list->add_flag("--json", orders.json, "print JSON");
  list->callback([&orders] { orders.command = Command::list; });
  add_change(*thresholds, orders, "set", "Changes a threshold of a run that goes on.",
             Command::set);
  add_change(*thresholds, orders, "unset", "Lets a threshold of a run count no more.",
             Command::unset);
  return thresholds;
}

int thresholds_command(const ThresholdOrders& orders) {
  switch (orders.command) {
    case Command::explain:
      return explain(orders);
    case Command::check:
      return check(orders);
    case Command::list: {
      const std::size_t width = std::clamp<std::size_t>(terminal_width(stdout), 100, 140);
      print(orders.json ? list_json() : list_text(width, colour_wanted(stdout)));
      return 0;
    }
    default:
      return change(orders);
  }
}

}  // namespace squall::coordinator
