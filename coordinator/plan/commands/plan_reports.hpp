#pragma once
// Writes capacity reports where they were wanted, and `squall plan report`: reports of plans that
// were made before, of one or of a fleet of several kinds of machines.

#include <memory>
#include <optional>
#include <string>

#include "coordinator/plan/commands/plan_options.hpp"
#include "coordinator/plan/output/plan_document.hpp"

namespace squall::coordinator {

/// Opened before minutes are spent.
class PlanReports {
 public:
  /// Throws UsageError for a path that cannot be written.
  explicit PlanReports(const PlanFiles& files);
  ~PlanReports();
  PlanReports(const PlanReports&) = delete;
  PlanReports& operator=(const PlanReports&) = delete;

  /// On standard output too. False when a file would not take it.
  bool show(const PlanDocument& document, const std::string& json);

 private:
  struct Files;
  std::unique_ptr<Files> files_;
};

/// With a simulation where the options name a law. Throws LawError, FleetError.
std::optional<SimulatedPlan> simulation_of(const CapacityPlan& plan, const PlanQuestions& questions,
                                           const std::string& law_file);

/// Throws UsageError, PlanUnreadable, ScenarioError, LawError, FleetError. Of one plan the exit
/// code is the plan's.
int plan_report_command(const PlanReportOptions& options);

}  // namespace squall::coordinator
