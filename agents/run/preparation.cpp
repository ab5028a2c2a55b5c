#include "agents/run/preparation.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/trace_reader.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::agents {

using namespace actors;

namespace {

void refuse_if(const std::optional<std::string>& exceeded) {
  if (exceeded) throw ShareRefused(*exceeded);
}

bool limits_the_share(const AgentCaps& caps) { return caps.users > 0 || caps.rate > 0; }

}  // namespace

PreparedShare prepare_share(const Prepare& order, const AgentCaps& caps) {
  const auto folder = std::filesystem::path(order.scenario_file).parent_path();
  PreparedShare share;
  share.folder = folder.string();
  try {
    share.scenario = std::make_shared<const scenarios::Scenario>(
        scenarios::parse_scenario(order.scenario_text, order.scenario_file));
    const scenarios::Scenario& scenario = *share.scenario;
    refuse_if(cap_exceeded(caps, scenario));
    std::shared_ptr<const scenarios::Trace> trace;
    if (const auto* replay = std::get_if<scenarios::TraceReplay>(&scenario.load))
      trace = scenarios::load_trace(folder / replay->file, *replay);
    share.plan = std::make_shared<const scenarios::LoadPlan>(
        scenarios::make_load_plan(scenario, order.share, std::move(trace)));
    share.plan_fingerprint = scenarios::fingerprint(scenario, *share.plan);
  } catch (const scenarios::ScenarioError& error) {
    throw ShareRefused(error.what());
  } catch (const scenarios::DatasetError& error) {
    throw ShareRefused(error.what());
  }
  if (limits_the_share(caps)) {
    share.asked = asked_load(*share.scenario, *share.plan);
    refuse_if(cap_exceeded(caps, share.asked));
  }
  return share;
}

std::shared_ptr<const scenarios::LoadPlan> plan_piece(const TakeOver& order, const AgentCaps& caps,
                                                      PreparedShare& share) {
  auto plan = std::make_shared<const scenarios::LoadPlan>(scenarios::make_late_plan(
      *share.scenario, *share.plan, order.share, {order.from, order.ramp}));
  if (limits_the_share(caps)) {
    AskedLoad both = share.asked;
    both += asked_load(*share.scenario, *plan);
    refuse_if(cap_exceeded(caps, both));
    share.asked = both;
  }
  return plan;
}

std::uint32_t users_started(const scenarios::LoadPlan& plan, nanoseconds since_start) {
  const auto started = std::upper_bound(
      plan.users.begin(), plan.users.end(), since_start,
      [](nanoseconds to, const scenarios::PlannedUser& user) { return to < user.start; });
  return static_cast<std::uint32_t>(started - plan.users.begin());
}

Ready ready_message(const PreparedShare& share, const PreparedTarget& target,
                    const Calibration& calibration, nanoseconds clock_error_bound) {
  return {
      .plan_fingerprint = share.plan_fingerprint,
      .planned_requests = share.plan->arrivals,
      .planned_users = share.plan->users.size(),
      .model_name = target.model_name,
      .model_fingerprint = target.model_fingerprint,
      .model_is_synthetic = target.model_is_synthetic,
      .model_choice = target.model_choice,
      .model_origin = target.model_origin,
      .instruction_set = target.instruction_set,
      .engine_threads = target.threads,
      .load_time = target.load_time,
      .clock_error_bound = clock_error_bound,
      .warnings = target.warnings,
      .target_kind = target.kind,
      .target_is_simulated = target.simulated,
      .target_origin = target.origin,
      .token_counts = target.token_counts,
      .calibration = calibration,
      .hardware = {},
      .model_facts = target.model_facts,
  };
}

}  // namespace squall::agents
