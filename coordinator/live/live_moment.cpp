#include "coordinator/live/live_moment.hpp"

#include <algorithm>

#include "coordinator/report/run_report.hpp"
#include "coordinator/report/run_warnings.hpp"

namespace squall::coordinator {

namespace {

LiveAgentState state_of(const RosterEntry& agent, const AgentRecord& known,
                        const actors::FabricTimes& times, actors::Instant now) {
  if (agent.lost) return LiveAgentState::lost;
  if (agent.sealed) return LiveAgentState::done;
  if (now - agent.last_heard >= times.suspect_after) return LiveAgentState::silent;
  if (known.started)
    return now - agent.last_renewed >= times.lease ? LiveAgentState::paused
                                                   : LiveAgentState::running;
  return agent.ready ? LiveAgentState::ready : LiveAgentState::preparing;
}

}  // namespace

LiveMoment live_moment(const RunPhases& phases, actors::Instant now) {
  LiveMoment moment;
  moment.stage = phases.stage(now);
  moment.elapsed = phases.elapsed(now);
  moment.insecure = phases.record().insecure;
  std::vector<const AgentRecord*> agents;
  const actors::FabricTimes times;
  for (const RosterEntry& entry : phases.roster().entries()) {
    const AgentRecord& agent = phases.record().agents[entry.number];
    agents.push_back(&agent);
    moment.states.push_back(state_of(entry, agent, times, now));
    if (!agent.lost) ++moment.agents_alive;
    moment.synthetic_model |= agent.ready && agent.ready->model_is_synthetic;
  }
  moment.agents_wanted = agents.size();
  if (moment.stage == RunStage::gathering) {
    moment.agents_alive = phases.gathering().present();
    moment.agents_wanted = std::max(phases.gathering().wanted(), moment.agents_alive);
  }
  moment.simulated_target = is_simulated(phases.record().scenario, agents);
  if (moment.stage > RunStage::preparing) moment.warnings = run_warnings(agents);
  return moment;
}

}  // namespace squall::coordinator
