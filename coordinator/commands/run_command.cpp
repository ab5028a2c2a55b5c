#include "coordinator/commands/run_command.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <unistd.h>

#include "actors/tool_version.hpp"
#include "coordinator/commands/report_file.hpp"
#include "coordinator/commands/run_conduct.hpp"
#include "coordinator/commands/run_dashboard.hpp"
#include "coordinator/commands/run_in_store.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/processes/local_agents.hpp"
#include "coordinator/report/json_report.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/report/text_summary.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/run_folder.hpp"
#include "coordinator/thresholds/threshold_inputs.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_setting.hpp"

namespace squall::coordinator {

using namespace actors;

namespace {

std::string wall_clock(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), format, &utc);
  return text.data();
}

/// The scenario's text with what --set changes. The file as it is must be valid too: its mistakes
/// are told by their places there.
std::string text_of(const RunOptions& options) {
  const std::string text = read_scenario(options.scenario);
  if (options.settings.empty()) return text;
  scenarios::parse_scenario(text, options.scenario);
  try {
    std::string changed = scenarios::with_settings(text, options.settings);
    scenarios::parse_scenario(changed, options.scenario + " with --set");
    return changed;
  } catch (const scenarios::SettingError& error) {
    throw UsageError(std::string("--set: ") + error.what());
  }
}

RunRecord new_record(const std::string& file, std::string text) {
  RunRecord record;
  record.scenario = scenarios::parse_scenario(text, file);
  record.scenario_hash = hash_of_scenario(text);
  record.scenario_text = std::move(text);
  record.scenario_file = std::filesystem::absolute(file).string();
  record.tool_version = tool_version;
  record.started_at = wall_clock("%Y-%m-%dT%H:%M:%SZ");
  record.id = wall_clock("%Y%m%d-%H%M%S-") + std::to_string(getpid());
  return record;
}

int tell_why_not(const Ended& ended) {
  const RunRecord& record = ended.record;
  const char* otherwise = record.interrupted ? "interrupted" : "the run did not begin";
  std::fprintf(stderr, "squall: %s\n", record.broken.value_or(otherwise).c_str());
  if (record.interrupted) return 130;
  return ended.broken_by_user ? 2 : 1;
}

bool write_in_folder(const RunFolder& folder, const std::string& everything) {
  try {
    return ReportFile(folder.report().string()).write(everything);
  } catch (const UsageError& error) {  // it cannot even be opened
    std::fprintf(stderr, "squall: %s\n", error.what());
    return false;
  }
}

/// Everything for people on standard output, and for programs in the run's folder and in `json`.
int report(const RunRecord& record, const RunFolder& folder, ReportFile& json, RunInStore& in_store,
           RunDashboard& dashboard) {
  const RunReport made = make_run_report(record);
  dashboard.end(record, made);
  const std::string text =
      text_summary(made, {.colour = colour_wanted(stdout), .width = summary_width(stdout)});
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // the program may stay a while: for metrics, or for agents elsewhere
  const std::string everything = json_report(made, record);
  bool written = write_in_folder(folder, everything);
  written = in_store.finish(everything) && written;
  if (json.wanted()) written = json.write(everything) && written;
  // What went wrong was told; to a script the verdict says more, unless it says that all is well.
  return written || made.verdict.exit_code != 0 ? made.verdict.exit_code : 1;
}

/// A run that never began leaves nothing behind.
class NewFolder {
 public:
  explicit NewFolder(const ConductPlan& plan) {
    if (plan.resumed.empty()) path_ = plan.folder.path;
  }
  ~NewFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  void keep() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

int conduct_and_report(ConductPlan plan, RunRecord record, ReportFile& json,
                       const RunOptions& options) {
  NewFolder folder(plan);
  RunInStore in_store(options, record, plan.folder);
  RunDashboard dashboard(options);
  plan.on_look = dashboard.watcher();
  plan.on_began = [&in_store] { return in_store.begin(); };
  // A run that goes on was resolved before: its journal has the thresholds.
  if (plan.resumed.empty())
    plan.thresholds = threshold_inputs(record.scenario, record.scenario_file,
                                       {options.environment, options.store, options.state});
  Ended ended = conduct_run(plan, std::move(record));
  ended.record.exact = exact_durations(ended.record.journal, ended_requests(ended.record));
  std::error_code ignored;
  std::filesystem::remove_all(plan.folder.keys(), ignored);  // secrets of agents that are no more
  if (!ended.record.began) {
    const int exit_code = tell_why_not(ended);
    dashboard.end_without_report(ended.record, exit_code);
    return exit_code;
  }
  folder.keep();
  const int exit_code = report(ended.record, plan.folder, json, in_store, dashboard);
  dashboard.linger();
  return exit_code;
}

/// The journal of a run that can go on, or why it cannot.
ContinuedRun continue_run(const RunFolder& folder) {
  auto run = continue_run_journal(folder.journal());
  if (std::holds_alternative<RunFinished>(run.entries.back()))
    throw UsageError("run " + folder.run() + " is over, there is nothing to resume; its report: " +
                     folder.report().string());
  return run;
}

int resume_run(const RunOptions& options) {
  if (!options.scenario.empty() || !options.listen.empty() || options.agents || options.local ||
      !options.wait.empty() || !options.agents_file.empty() || !options.ssh.empty())
    throw UsageError(
        "--resume goes on with a run as it was: it takes no scenario and no agents, only --keys, "
        "--insecure, --state, --store, --no-store, --json, --dashboard and --metrics");
  const RunFolder folder = find_run_folder(state_folder(options.state), options.resume);
  ContinuedRun run = continue_run(folder);
  ConductPlan plan{.folder = folder,
                   .resumed = std::move(run.entries),
                   .journal = std::make_shared<std::unique_ptr<Journal>>(std::move(run.journal))};
  RunReplay replay;
  for (const auto& entry : plan.resumed) replay.take(entry);
  RunRecord record = replay.record();
  plan.listen = record.endpoint;
  const bool had_keys = record.security == "curve";
  const bool default_keys = had_keys && options.keys.empty();
  plan.security =
      security_of(record.endpoint, default_keys ? default_key_folder().string() : options.keys,
                  options.insecure || record.insecure);
  if (had_keys != plan.security.has_keys())
    throw UsageError("run " + folder.run() + " began " + (had_keys ? "with" : "without") +
                     " keys and cannot go on " + (had_keys ? "without" : "with") + " them");
  trust_local_agents_again(plan.security, folder.keys());
  ReportFile json(options.json);
  return conduct_and_report(std::move(plan), std::move(record), json, options);
}

}  // namespace

std::string read_scenario(const std::string& path) {
  return read_text_file(path, "cannot read scenario", "scenarios/ has ready-made ones");
}

int run_command(const RunOptions& given) {
  const RunOptions options = with_scenario_settled(given);
  if (!options.resume.empty()) return resume_run(options);
  if (options.scenario.empty())
    throw UsageError("which scenario? scenarios/ has ready-made ones; --resume goes on with a run");
  const Participants who = participants_of(options);
  RunRecord record = new_record(options.scenario, text_of(options));
  check_labels(options, who, record.scenario.agents);
  ReportFile json(options.json);
  const std::string listen = options.listen.empty() ? "tcp://127.0.0.1:*" : options.listen;
  RunSecurity security = security_of(listen, options.keys, options.insecure);
  const RunFolder folder = make_run_folder(state_folder(options.state), record.id);
  trust_local_agents(security, who.local, folder.keys());
  ConductPlan plan{.who = who,
                   .listen = listen,
                   .security = std::move(security),
                   .folder = folder,
                   .state = options.state,
                   .labels = options.local_labels,
                   .ssh_program = options.ssh_program,
                   .resumed = {}};
  return conduct_and_report(std::move(plan), std::move(record), json, options);
}

int validate_command(const std::string& scenario) {
  const auto parsed = scenarios::parse_scenario(read_scenario(scenario), scenario);
  std::printf("%s: scenario '%s' is valid\n", scenario.c_str(), parsed.name.c_str());
  return 0;
}

}  // namespace squall::coordinator
