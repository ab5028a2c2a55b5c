#include "coordinator/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

#include "actors/bridge/curve_keys.hpp"
#include "actors/bridge/zmq_link.hpp"
#include "actors/journal/journal.hpp"
#include "actors/tool_version.hpp"
#include "coordinator/campaign/commands/campaign_line.hpp"
#include "coordinator/campaign/course/json_campaign_file.hpp"
#include "coordinator/commands/agents_command.hpp"
#include "coordinator/commands/run_command.hpp"
#include "coordinator/compare/commands/judgement_options.hpp"
#include "coordinator/compare/gate.hpp"
#include "coordinator/compare/run_selection.hpp"
#include "coordinator/fleet/fleet_command.hpp"
#include "coordinator/keys_command.hpp"
#include "coordinator/plan/commands/plan_command_line.hpp"
#include "coordinator/preview/preview_command.hpp"
#include "coordinator/processes/child_process.hpp"
#include "coordinator/processes/local_agents.hpp"
#include "coordinator/report_command/report_command.hpp"
#include "coordinator/run_folder.hpp"
#include "coordinator/selftest/selftest_command.hpp"
#include "coordinator/store/store_error.hpp"
#include "coordinator/store_commands/store_command_line.hpp"
#include "coordinator/thresholds/thresholds_command.hpp"
#include "coordinator/verify_command.hpp"
#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

namespace {

std::vector<std::string_view> own_commands() {
  std::vector<std::string_view> names{"run",        "agents",   "keys",    "verify",   "preview",
                                      "selftest",   "validate", "compare", "baseline", "trend",
                                      "thresholds", "campaign", "fleet",   "plan",     "report"};
  names.insert(names.end(), std::begin(store_command_names), std::end(store_command_names));
  return names;
}

constexpr const char* description = R"(Squall: load and stress tests of quantized LLM inference.

  squall run scenarios/smoke.toml      runs a load test on this machine and judges it
  squall agents --connect tcp://…      lists the agents that are there
  squall keys make --coordinator web1  makes keys, by which machines know each other
  squall list                          lists the runs that were stored
  squall report last --open            makes a page of a run's report, or Markdown, CSV, JUnit, …
  squall show last                     shows the report of one; see also tag, delete, export, import
  squall verify last                   computes a report again from the run's journal
  squall compare baseline:main last:5  did it get worse? Judges runs by others
  squall baseline set main last:5      keeps runs that later ones are held against
  squall trend chat                    slopes, steps and outliers over stored runs
  squall campaign my_campaign.toml     many runs: matrices, repeats, suites; goes on after a crash
  squall plan chat.toml                how many users, how many machines, at what cost?
  squall validate my.toml              checks a scenario, runs nothing
  squall thresholds explain my.toml    each limit and the rules that it comes from
  squall preview my.toml               draws its load, runs nothing
  squall fleet my.toml --law steps.json --machines 1000   simulates machines that are not here
  squall selftest --quick              checks Squall's own numbers against known truth
  squall model inspect m.gguf          looks at models, makes and measures them
  squall hardware                      tells what this machine is and how fast it can be
  squall serve m.gguf                  serves a model as OpenAI's API does
  squall NAME …                        runs the sibling program squall-NAME)";

constexpr const char* run_footer = R"(
  squall run my.toml --agents 4                                      four agents on this machine
  squall run my.toml --ssh web1,web2                                 one on each host, through ssh
  squall run my.toml --listen tcp://0.0.0.0:5555 --keys keys --agents 3   three from elsewhere
  squall run --resume last                                           the coordinator was killed
  squall run my.toml --dashboard                                     watch it in a browser

A run's journal and report are kept in STATE/runs/RUN. STATE is --state, else $SQUALL_STATE, else
$XDG_STATE_HOME/squall, else ~/.local/state/squall. $SQUALL_SSH names another program than ssh.
Finished runs are kept in a store, too (squall list, squall show): --store FILE, else $SQUALL_STORE,
else STATE/runs.db; --no-store leaves the run out of it.

Exit codes: 0 pass, 1 internal error, 2 usage or scenario error, 10 threshold failed,
12 inconclusive, 13 run invalid (the tool, not the target, was the limit), 130 interrupted.
Ctrl-C drains briefly and prints partial figures; a second one ends at once.

Environment: SQUALL_ENVIRONMENT (as --environment), SQUALL_MAX_TTFT_P95 and the like (limits, see
squall thresholds list), SQUALL_MODEL_CHOICE (real, prefer-real, synthetic: overrules the scenario),
SQUALL_MODEL (path or name of a model), SQUALL_MODELS (folder of models), XDG_CACHE_HOME
(downloads), SQUALL_INSTRUCTION_SET (force kernels: avx512_vnni, avx2, reference), SQUALL_REALTIME=1
(agents pace by real-time priority, where they may), NO_COLOR.)";

constexpr const char* agents_footer = R"(
  squall agents --connect tcp://127.0.0.1:5555               who takes part in the run there
  squall agents --listen tcp://0.0.0.0:5555 --keys keys      who waits for one

Exit codes: 0 listed, 1 nobody answered or greeted, 2 usage error.)";

constexpr const char* preview_footer = R"(
Draws what a run would ask, and when, from the same plan that the agents follow: arrivals per
second or users at work over time, lengths of prompts and answers, categories, each agent's
share. Nothing is started, no server is asked, no model is loaded. Try

  squall preview scenarios/steady_chat.toml
  squall preview my.toml --agents 4 --json plan.json

Blocks are drawn where the terminal shows UTF-8, plain characters elsewhere. Exit code 2: the
scenario or its trace needs mending.)";

constexpr const char* selftest_footer = R"(
Simulated targets answer by laws whose true percentiles are known. Everything between them and the
printed figures is what any run goes through: agents as processes, pacing, recording, merging.
Takes about half a minute with --quick, else about three.

Exit codes: 0 all is as it must be, 1 something is not, 130 interrupted.)";

/// Like git: `squall agent …` is the program squall-agent. Returns only when there is none.
void run_sibling(int argc, char** argv) {
  const std::string name = argv[1];
  const auto program = sibling_program("squall-" + name);
  std::error_code ignored;
  if (!std::filesystem::exists(program, ignored)) return;
  std::vector<char*> arguments(argv + 1, argv + argc);
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
}

int complain(const std::exception& error, int exit_code) {
  std::fprintf(stderr, "squall: %s\n", error.what());
  return exit_code;
}

int unknown_command(const std::string& name) {
  std::string message = "squall: unknown command '" + name + "'";
  if (const auto near = scenarios::nearest(name, own_commands()); !near.empty())
    message += "; did you mean '" + std::string(near) + "'?";
  std::fprintf(stderr, "%s\nsquall --help lists the commands.\n", message.c_str());
  return 2;
}

/// What the command line asks for; one of them.
struct Orders {
  RunOptions run;
  std::string to_validate;
  AgentsOptions agents;
  KeysOptions keys;
  VerifyOptions verify;
  PreviewCommand preview;
  SelftestOptions selftest;
  ThresholdOrders thresholds;
  StoreOrders store;
  FleetOrders fleet;
  ReportOrders report;
};

/// Who takes part, and from where.
void add_agents_options(CLI::App& run, RunOptions& options) {
  run.add_option("--agents", options.agents,
                 "how many take part; without --listen all of them are local (default: 1)")
      ->check(CLI::Range(1, 10'000));
  run.add_option("--wait", options.wait, "or: whoever came within this time, such as 60s");
  run.add_option("--agents-file", options.agents_file, "or: whom this file names, one a line")
      ->option_text("FILE");
  run.add_option("--local", options.local, "of them, started on this machine (with --listen: 0)")
      ->check(CLI::Range(0, 64));
  run.add_option("--local-label", options.local_labels,
                 "a label of agents that are started here or over ssh; may be repeated")
      ->allow_extra_args(false)
      ->option_text("LABEL");
  run.add_option("--ssh", options.ssh, "and one started on each of these hosts, over OpenSSH")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("HOST,…");
  run.add_option("--ssh-program", options.ssh_program, "how squall is called on those hosts")
      ->capture_default_str();
  run.add_option("--listen", options.listen,
                 "where agents from elsewhere connect: tcp://ADDRESS:PORT; port '*': a free one")
      ->option_text("ADDRESS");
  run.add_option("--keys", options.keys, "folder of keys (squall keys): who may come, encrypted")
      ->option_text("FOLDER");
  run.add_flag("--insecure", options.insecure,
               "beyond this machine without keys; every report will say so");
}

/// Who may look on, and from where.
void add_watching_options(CLI::App& run, RunOptions& options) {
  run.add_option("--dashboard", options.dashboard,
                 "show the run in a browser, too; beyond this machine only with the token that is "
                 "printed (default: this machine, a free port)")
      ->expected(0, 1)
      ->option_text("[ADDRESS:PORT]");
  run.add_option("--metrics", options.metrics,
                 "or only /metrics, for Prometheus (the dashboard has it, too)")
      ->expected(0, 1)
      ->option_text("[ADDRESS:PORT]");
  run.add_option("--metrics-linger", options.metrics_linger,
                 "serve them for so much longer at the end, such as 15s, for a last scrape")
      ->option_text("TIME");
}

CLI::App* add_run(CLI::App& app, RunOptions& options) {
  CLI::App* run = app.add_subcommand("run", "Runs a scenario, shows its course, judges it.");
  run->add_option("SCENARIO", options.scenario, "scenario file (TOML)");
  run->add_option("--set", options.settings,
                  "change a setting of it, such as target.threads=2; may be repeated")
      ->allow_extra_args(false)
      ->option_text("KEY=VALUE");
  run->add_option_function<std::string>(
         "--device",
         [&options](const std::string& device) {
           options.settings.push_back("target.device=" + device);
         },
         "what computes: auto, cpu, gpu or hybrid; short for --set target.device=DEVICE")
      ->check(CLI::IsMember({"auto", "cpu", "gpu", "hybrid"}))
      ->option_text("DEVICE");
  add_agents_options(*run, options);
  run->add_option("--state", options.state, "folder of journals and reports, see below")
      ->option_text("FOLDER");
  run->add_option("--environment", options.environment,
                  "whose limits adaptive thresholds have: development, ci, staging, production, "
                  "benchmarking")
      ->option_text("NAME");
  run->add_option("--resume", options.resume,
                  "go on with a run whose coordinator was lost; 'last': the newest")
      ->option_text("RUN");
  run->add_option("--store", options.store, "where finished runs are kept for later, see below")
      ->option_text("FILE");
  run->add_flag("--no-store", options.no_store, "leave this run out of it");
  run->add_option("--json", options.json, "also write everything to this file, as JSON");
  add_watching_options(*run, options);
  run->footer(run_footer);
  return run;
}

CLI::App* add_agents(CLI::App& app, AgentsOptions& options) {
  CLI::App* agents = app.add_subcommand("agents", "Lists the agents that are there.");
  agents->add_option("--connect", options.connect, "ask the coordinator that listens here")
      ->option_text("ADDRESS");
  agents
      ->add_option("--listen", options.listen,
                   "or listen here in its place: agents greet, and go on waiting")
      ->option_text("ADDRESS");
  agents->add_option("--wait", options.wait, "how long for an answer, or for greetings")
      ->capture_default_str();
  agents->add_option("--keys", options.keys, "the coordinator's folder of keys")
      ->option_text("FOLDER");
  agents->add_flag("--insecure", options.insecure, "beyond this machine without keys");
  agents->add_flag("--json", options.json, "print JSON");
  agents->footer(agents_footer);
  return agents;
}

CLI::App* add_preview(CLI::App& app, PreviewCommand& command) {
  CLI::App* preview = app.add_subcommand("preview", "Draws the planned load and runs nothing.");
  preview->add_option("SCENARIO", command.scenario, "scenario file (TOML)")->required();
  preview->add_option("--agents", command.agents, "how many agents the load is shared among")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  preview->add_option("--json", command.json, "also write the figures to this file, as JSON");
  preview->footer(preview_footer);
  return preview;
}

CLI::App* add_selftest(CLI::App& app, SelftestOptions& options) {
  CLI::App* selftest = app.add_subcommand(
      "selftest", "Checks on this machine that Squall's numbers hold the truth; needs no server.");
  selftest->add_flag("--quick", options.quick, "leave out what takes long");
  selftest->add_option("--seed", options.seed, "of all that is drawn")->capture_default_str();
  selftest->add_option("--json", options.json, "also write the results to this file, as JSON");
  selftest->footer(selftest_footer);
  return selftest;
}

/// What the user has to mend is said on standard error; the rest is for main().
int with_mistakes_told(const std::function<int()>& perform) {
  try {
    return perform();
  } catch (const scenarios::ScenarioError& error) {
    std::fprintf(stderr, "%s\n", error.what());  // one file:line:column a line, for editors
    return 2;
  } catch (const UsageError& error) {
    return complain(error, 2);
  } catch (const actors::LinkError& error) {
    return complain(error, 2);
  } catch (const actors::KeyError& error) {
    return complain(error, 2);
  } catch (const actors::JournalError& error) {
    return complain(error, 2);
  } catch (const StoreError& error) {
    return complain(error, 2);
  } catch (const SelectionError& error) {
    return complain(error, 2);
  } catch (const ReportUnreadable& error) {
    return complain(error, 2);
  } catch (const GateMistake& error) {
    return complain(error, 2);
  } catch (const CampaignStateError& error) {
    return complain(error, 2);
  } catch (const RunFolderError& error) {
    return complain(error, 2);
  } catch (const LocalAgentError& error) {
    return complain(error, 1);
  } catch (const ProcessError& error) {
    return complain(error, 2);
  }
}

}  // namespace

int command_line(int argc, char** argv) {
  if (argc > 1 && argv[1][0] != '-') {
    const std::string_view name = argv[1];
    const auto own = own_commands();
    if (std::find(own.begin(), own.end(), name) == own.end()) {
      run_sibling(argc, argv);
      return unknown_command(argv[1]);
    }
  }
  CLI::App app{description, "squall"};
  app.set_version_flag("--version", "squall " + std::string(actors::tool_version));
  app.require_subcommand(1);

  Orders orders;
  CLI::App* run = add_run(app, orders.run);
  CLI::App* validate = app.add_subcommand("validate", "Checks a scenario and runs nothing.");
  validate->add_option("SCENARIO", orders.to_validate, "scenario file (TOML)")->required();
  CLI::App* agents = add_agents(app, orders.agents);
  CLI::App* keys = add_keys(app, orders.keys);
  CLI::App* verify = add_verify(app, orders.verify);
  CLI::App* preview = add_preview(app, orders.preview);
  CLI::App* selftest = add_selftest(app, orders.selftest);
  add_store_commands(app, orders.store);
  JudgementLine judgement(app);
  CampaignLine campaigns(app);
  PlanLine plan(app);
  CLI::App* thresholds = add_thresholds(app, orders.thresholds);
  CLI::App* fleet = add_fleet(app, orders.fleet);
  CLI::App* report = add_report(app, orders.report);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return with_mistakes_told([&]() -> int {
    if (const auto judged = judgement.perform()) return *judged;
    if (const auto campaigned = campaigns.perform()) return *campaigned;
    if (const auto planned = plan.perform()) return *planned;
    if (*run) return run_command(orders.run);
    if (*agents) return agents_command(orders.agents);
    if (*keys) return keys_command(orders.keys);
    if (*verify) return verify_command(orders.verify);
    if (*preview) return preview_command(orders.preview);
    if (*selftest) return selftest_command(orders.selftest);
    if (*report) return report_command(orders.report);
    if (*thresholds) return thresholds_command(orders.thresholds);
    if (*fleet) return fleet_command(orders.fleet);
    if (orders.store.command != StoreOrders::Command::none) return store_command(orders.store);
    return validate_command(orders.to_validate);
  });
}

}  // namespace squall::coordinator
