#include "coordinator/plan/commands/plan_reports.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <stdexcept>

#include "coordinator/commands/report_file.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/plan/commands/plan_folder.hpp"
#include "coordinator/plan/output/json_mix.hpp"
#include "coordinator/plan/output/json_plan.hpp"
#include "coordinator/run_folder.hpp"

namespace squall::coordinator {

struct PlanReports::Files {
  ReportFile json, markdown, html;
};

PlanReports::PlanReports(const PlanFiles& files)
    : files_(
          new Files{ReportFile(files.json), ReportFile(files.markdown), ReportFile(files.html)}) {}

PlanReports::~PlanReports() = default;

bool PlanReports::show(const PlanDocument& document, const std::string& json) {
  const std::string text =
      document_text(document, {.colour = colour_wanted(stdout), .width = summary_width(stdout)});
  std::fwrite(text.data(), 1, text.size(), stdout);
  bool good = true;
  if (files_->json.wanted()) good = files_->json.write(json + "\n") && good;
  if (files_->markdown.wanted()) good = files_->markdown.write(document_markdown(document)) && good;
  if (files_->html.wanted()) good = files_->html.write(document_page(document)) && good;
  return good;
}

std::optional<SimulatedPlan> simulation_of(const CapacityPlan& plan, const PlanQuestions& questions,
                                           const std::string& law_file) {
  if (law_file.empty()) return std::nullopt;
  return simulate_plan(plan, find_capacity(plan), questions, read_law(law_file), law_file,
                       [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
}

namespace {

CapacityPlan read_plan(const std::string& name, const std::filesystem::path& state) {
  const bool file = name.ends_with(".json");
  if (!file) return PlanFolder::find(state, name).read();
  try {
    return plan_of_json(
        read_text_file(name, "cannot read plan", "`squall plan SCENARIO --json FILE` writes one"));
  } catch (const PlanUnreadable& error) {
    throw PlanUnreadable(name + " " + error.what());
  }
}

void check_mix(const MixedFleet& mix) {
  std::set<std::string> kinds;
  for (const auto& plan : mix.plans) {
    if (!kinds.insert(plan.machine_kind).second)
      throw UsageError("two plans are of machines of kind '" + plan.machine_kind +
                       "'; plan each with a --kind of its own");
    if (plan.kind != mix.plans.front().kind)
      throw UsageError(
          "one plan is of users, another of requests per second: these are separate questions and "
          "do not add up");
    if (find_capacity(plan).planning_load <= 0)
      throw UsageError("the plan of '" + plan.machine_kind + "' found no load within the limits");
  }
  for (const auto& [kind, count] : mix.fleet)
    if (!kinds.contains(kind)) {
      std::string known;
      for (const auto& each : kinds) known += (known.empty() ? "" : ", ") + each;
      throw UsageError("no plan is of machines of kind '" + kind + "'; there are: " + known);
    }
}

int report_mix(std::vector<CapacityPlan> plans, const PlanReportOptions& options) {
  if (!options.questions.law.empty())
    throw UsageError("--law is of one kind of machine; squall fleet simulates several");
  MixedFleet mix{std::move(plans), {}};
  try {
    if (!options.fleet.empty()) mix.fleet = parse_fleet(options.fleet);
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string("--fleet: ") + error.what());
  }
  if (mix.fleet.empty())
    for (const auto& plan : mix.plans) mix.fleet.emplace_back(plan.machine_kind, 1);
  check_mix(mix);
  const PlanQuestions questions = questions_of(options.questions, mix.plans.front().kind);
  PlanReports reports(options.files);
  const bool good = reports.show(mix_document(mix, questions), json_mix(mix, questions));
  return good ? 0 : 1;
}

}  // namespace

int plan_report_command(const PlanReportOptions& options) {
  const bool only_files = std::ranges::all_of(
      options.plans, [](const std::string& name) { return name.ends_with(".json"); });
  const std::filesystem::path state =
      only_files && !options.plans.empty() ? "." : state_folder(options.state);
  std::vector<CapacityPlan> plans;
  for (const auto& name : options.plans) plans.push_back(read_plan(name, state));
  if (plans.empty()) plans.push_back(read_plan("last", state));
  if (plans.size() > 1 || !options.fleet.empty()) return report_mix(std::move(plans), options);
  CapacityPlan& plan = plans.front();
  if (!options.kind.empty()) plan.machine_kind = options.kind;
  const PlanQuestions questions = questions_of(options.questions, plan.kind);
  PlanReports reports(options.files);
  const auto simulated = simulation_of(plan, questions, options.questions.law);
  const bool good = reports.show(plan_document(plan, questions, simulated),
                                 json_plan(plan, questions, simulated));
  const int code = verdict_of(plan, find_capacity(plan)).exit_code;
  return good || code != 0 ? code : 1;
}

}  // namespace squall::coordinator
