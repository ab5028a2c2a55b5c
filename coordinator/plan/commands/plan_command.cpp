#include "coordinator/plan/commands/plan_command.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <unistd.h>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/plan/commands/plan_folder.hpp"
#include "coordinator/plan/commands/plan_progress.hpp"
#include "coordinator/plan/commands/plan_reports.hpp"
#include "coordinator/plan/commands/planned_scenario.hpp"
#include "coordinator/plan/output/json_plan.hpp"
#include "coordinator/plan/plan_course.hpp"
#include "coordinator/processes/child_run.hpp"
#include "coordinator/processes/interruption.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/run_folder.hpp"
#include "coordinator/store/run_store.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto longest_run = std::chrono::hours(24 * 30);  // the scenario is the limit

std::string wall_clock(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), format, &utc);
  return text.data();
}

std::string read_scenario_text(const std::string& file) {
  return read_text_file(file, "cannot read scenario", "scenarios/ has ready-made ones");
}

std::string in_short(const LoadProbe& probe, LoadKind kind) {
  std::string text = readable_load(probe.load, kind);
  text += probe.judgement == ProbeJudgement::pass        ? " pass"
          : probe.judgement == ProbeJudgement::fail      ? " FAIL"
          : probe.judgement == ProbeJudgement::undecided ? " undecided"
                                                         : " INVALID";
  if (probe.requests_per_second)
    text += ", " + readable_rate(*probe.requests_per_second) + " answers/s";
  if (probe.ttft_p95)
    text += ", ttft p95 " + readable(nanoseconds(std::llround(*probe.ttft_p95 * 1e9)));
  if (probe.judgement != ProbeJudgement::pass) text += "; " + printable(probe.why, 160);
  return text;
}

class Planning {
 public:
  explicit Planning(const PlanOptions& options)
      : options_(options),
        folder_(options.resume.empty() ? begin(options) : resume(options)),
        questions_(questions_of(options.questions, plan_.kind)),
        reports_(options.files),
        law_(options.questions.law),
        budget_(seconds_of(options.budget, "--budget")) {}

  int perform() {
    begun_ = Clock::now();
    tell_beginning();
    plan_.ending.clear();
    plan_.finished = false;
    while (const auto probe = next_probe(plan_)) {
      if (!fits(*probe)) {
        plan_.ending = "the time budget of " + options_.budget + " does not hold another probe (" +
                       "squall plan --resume " + plan_.id + " goes on)";
        break;
      }
      if (!run(*probe)) break;
    }
    plan_.finished = plan_.ending.empty();
    return tell();
  }

 private:
  PlanFolder begin(const PlanOptions& options) {
    if (options.scenario.empty())
      throw UsageError(
          "which scenario? scenarios/ has ready-made ones; --resume goes on with a "
          "plan that was interrupted");
    plan_ = plan_for(options, read_scenario_text(options.scenario));
    plan_.started_at = wall_clock("%Y-%m-%dT%H:%M:%SZ");
    plan_.id = wall_clock("%Y%m%d-%H%M%S-") + std::to_string(getpid());
    // What may be wrong in the questions is found before anything is made.
    questions_of(options.questions, plan_.kind);
    if (!options.questions.law.empty()) read_law(options.questions.law);
    PlanFolder folder = PlanFolder::make(state_folder(options.state), plan_.id);
    if (options.open) {
      write_whole(folder.scenario(), plan_.scenario_text);
      plan_.scenario_file = folder.scenario().string();
    }
    return folder;
  }

  PlanFolder resume(const PlanOptions& options) {
    if (!options.scenario.empty() || options.open || !options.settings.empty() ||
        !options.limits.empty())
      throw UsageError(
          "--resume goes on with a plan as it was: it takes no scenario, --set, --slo or --open");
    PlanFolder folder = PlanFolder::find(state_folder(options.state), options.resume);
    plan_ = folder.read();
    if (plan_.finished)
      throw UsageError("plan " + plan_.id + " is finished; squall plan report " + plan_.id +
                       " shows it");
    if (hash_of_scenario(read_scenario_text(plan_.scenario_file)) != plan_.scenario_hash)
      throw UsageError(plan_.scenario_file + " was changed since plan " + plan_.id +
                       " began; begin a new one");
    return folder;
  }

  void tell_beginning() const {
    std::fprintf(stderr, "plan %s: %s, %s, begins at %s; each probe measures %s\n",
                 plan_.id.c_str(), printable(plan_.scenario, 60).c_str(),
                 plan_.kind == LoadKind::users ? "users" : "requests per second",
                 readable_load(plan_.rules.start, plan_.kind).c_str(),
                 readable(nanoseconds(std::llround(plan_.measure * 1e9))).c_str());
    if (!plan_.probes.empty())
      std::fprintf(stderr, "%s are known from before\n",
                   plural(plan_.probes.size(), "probe").c_str());
  }

  double elapsed() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

  /// Whether it could end within the budget, with what runs took beside their phases.
  bool fits(const PlannedProbe& probe) const {
    if (budget_ <= 0) return true;
    double beside = 3;
    for (const auto& each : plan_.probes) beside = std::max(beside, each.took - each.window);
    return elapsed() + probe.measure + beside <= budget_;
  }

  /// False: it cannot go on.
  bool run(const PlannedProbe& probe) {
    std::vector<std::string> arguments{plan_.scenario_file};
    arguments.insert(arguments.end(), plan_.passed_on.begin(), plan_.passed_on.end());
    for (const auto& setting : probe_settings(plan_, probe.load, probe.measure))
      arguments.push_back("--set=" + setting);
    progress_.begin(probe.what + ", " + readable_load(probe.load, plan_.kind));
    try {
      return take(probe, run_in_child(arguments, longest_run, [this] {
                    progress_.tick();
                    return !interruption_.heard();
                  }));
    } catch (const ProbeUnreadable& error) {
      return break_off(std::string("its report ") + error.what(), 2);
    } catch (const ChildRunError& error) {
      return break_off(error.what(), 1);
    }
  }

  bool take(const PlannedProbe& planned, const ChildRunResult& child) {
    if (interruption_.heard()) {
      progress_.end("interrupted");
      plan_.ending = "interrupted (squall plan --resume " + plan_.id + " goes on)";
      broken_ = 130;
      return false;
    }
    if (child.json.empty()) {
      std::fputs(child.errors.c_str(), stderr);
      return break_off("it ended without a report", child.exit_code == 2 ? 2 : 1);
    }
    ProbeReport report = probe_of_report(child.json, plan_.kind);
    LoadProbe probe = std::move(report.probe);
    probe.role = planned.role;
    probe.load = planned.load;
    probe.usual_window = plan_.measure;
    probe.took = std::chrono::duration<double>(progress_.length()).count();
    if (plan_.probes.empty()) {
      plan_.system = std::move(report.system);
      plan_.limits = std::move(report.limits);
      plan_.left_out = std::move(report.left_out);
      const bool engine = plan_.system.target_kind == "engine";
      if (engine && !options_.answering && options_.resume.empty())
        plan_.machines = static_cast<std::uint32_t>(std::max<std::size_t>(plan_.system.hosts, 1));
    }
    progress_.end(in_short(probe, plan_.kind));
    tag(probe.run);
    plan_.probes.push_back(std::move(probe));
    folder_.write(json_plan(plan_, questions_));
    return true;
  }

  /// The runs of a plan are found by squall list --tag plan-ID. Without a store there is nothing to
  /// tag; the plan has all of it in any case.
  void tag(const std::string& run) {
    if (std::ranges::find(plan_.passed_on, "--no-store") != plan_.passed_on.end()) return;
    try {
      RunStore(store_file(options_.store, options_.state)).tag(run, "plan-" + plan_.id);
    } catch (const StoreError& error) {
      if (!told_untagged_)
        std::fprintf(stderr, "squall: the runs are not tagged: %s\n", error.what());
      told_untagged_ = true;
    }
  }

  /// Always false.
  bool break_off(const std::string& why, int code) {
    progress_.end(printable(why, 500));
    plan_.ending = "broken off: " + why;
    broken_ = code;
    return false;
  }

  int tell() {
    folder_.write(json_plan(plan_, questions_));
    bool written = true;
    if (!plan_.probes.empty()) {
      // An interrupted plan is told at once.
      const auto simulated = simulation_of(plan_, questions_, broken_ == 0 ? law_ : std::string());
      written = reports_.show(plan_document(plan_, questions_, simulated),
                              json_plan(plan_, questions_, simulated));
      std::printf("squall plan report %s shows this again, and answers other questions.\n",
                  plan_.id.c_str());
    }
    if (broken_ != 0) return broken_;
    const int code = verdict_of(plan_, find_capacity(plan_)).exit_code;
    return written || code != 0 ? code : 1;
  }

  PlanOptions options_;
  CapacityPlan plan_;  // made by what makes folder_
  PlanFolder folder_;
  PlanQuestions questions_;
  PlanReports reports_;
  std::string law_;  // file; empty: nothing is simulated
  double budget_;
  Interruption interruption_;
  PlanProgress progress_;
  Clock::time_point begun_{};
  int broken_ = 0;
  bool told_untagged_ = false;
};

}  // namespace

int plan_command(const PlanOptions& options) { return Planning(options).perform(); }

}  // namespace squall::coordinator
