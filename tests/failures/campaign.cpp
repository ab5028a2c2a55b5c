#include "tests/failures/campaign.hpp"

#include <stdexcept>
#include <thread>

namespace squall::tests {

using namespace std::chrono_literals;

namespace {

const std::filesystem::path programs = SQUALL_PROGRAMS;
const std::string coordinator_address = "10.77.0.1";
const std::string coordinator_endpoint = "tcp://" + coordinator_address + ":7733";
const std::string target_address = "10.78.0.1";

std::string on_coordinators_side(std::size_t agent) {
  return "10.77.0." + std::to_string(11 + agent);
}

std::string seconds(unsigned count) { return "\"" + std::to_string(count) + "s\""; }

}  // namespace

std::string Campaign::address_of_agent(std::size_t agent) {
  return "10.78.0." + std::to_string(11 + agent);
}

Campaign::Campaign(std::size_t agents, const CampaignLoad& load, std::uint64_t seed)
    : load_(load), agents_(agents) {
  for (std::size_t i = 0; i < agents; ++i) {
    const auto number = std::to_string(i);
    networks_.push_back(std::make_unique<NetworkNamespace>());
    wires_.push_back(std::make_unique<LossyWire>(
        LossyWire::Place{coordinator_network_, "agent" + number, coordinator_address},
        LossyWire::Place{*networks_[i], "coordinator", on_coordinators_side(i)}, seed + i));
    target_wires_.push_back(std::make_unique<LossyWire>(
        LossyWire::Place{target_network_, "agent" + number, target_address},
        LossyWire::Place{*networks_[i], "target", address_of_agent(i)}, seed));
  }
  const NetworkNamespace::Inside inside(target_network_);
  target_ = std::make_unique<Process>(
      std::vector<std::string>{(programs / "mock-llm-server").string(), "--address", target_address,
                               "--port", "8000", "--log", (folder() / "asked").string()});
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (target_->out().find("listening") == std::string::npos) {
    if (target_->wait({}) >= 0 || std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the target did not come up: " + target_->err());
    std::this_thread::sleep_for(5ms);
  }
}

std::string Campaign::scenario() const {
  return "name = \"failures\"\nseed = 7\nthresholds = [\"error_rate < 50%\"]\n"
         "[target]\nkind = \"openai\"\nmodel = \"paced,first=20ms,gap=5ms\"\nurl = \"http://" +
         target_address +
         ":8000/v1\"\ntimeout = \"5s\"\n"
         "[agents]\nmay_lose = " +
         std::to_string(load_.may_lose) + (load_.may_lose > 0 ? "\ntake_over_ramp = \"1s\"" : "") +
         "\nmay_pause = " + seconds(load_.may_pause_seconds) +
         "\n[arrivals]\nprocess = \"constant\"\nrate = " + std::to_string(load_.rate) +
         "\n[prompts]\ntokens = 8\n[answers]\ntokens = 4\n[phases]\nwarm_up = " +
         seconds(load_.warm_up_seconds) + "\nmeasure = " + seconds(load_.measure_seconds) +
         "\ndrain = \"6s\"\n";
}

void Campaign::start_coordinator(const std::vector<std::string>& more,
                                 const std::vector<std::string>& environment) {
  std::vector<std::string> command{(programs / "squall").string(),
                                   "run",
                                   folder_.write("failures.toml", scenario()).string(),
                                   "--listen",
                                   coordinator_endpoint,
                                   "--insecure",
                                   "--agents",
                                   std::to_string(agents_.size()),
                                   "--json",
                                   (folder() / "run.json").string()};
  command.insert(command.end(), more.begin(), more.end());
  std::vector<std::string> variables = environment;  // first: the first of a name counts
  variables.push_back("SQUALL_STATE=" + coordinator_state().string());
  const NetworkNamespace::Inside inside(coordinator_network_);
  coordinator_ = std::make_unique<Process>(command, variables);
}

void Campaign::resume_coordinator() {
  const NetworkNamespace::Inside inside(coordinator_network_);
  coordinator_ = std::make_unique<Process>(
      std::vector<std::string>{(programs / "squall").string(), "run", "--resume", "last",
                               "--insecure", "--json", (folder() / "run.json").string()},
      std::vector<std::string>{"SQUALL_STATE=" + coordinator_state().string()});
}

void Campaign::start_agent(std::size_t agent, const std::vector<std::string>& environment) {
  std::vector<std::string> variables = environment;
  variables.insert(variables.end(),
                   {"SQUALL_STATE=" + agent_state(agent).string(), "OPENAI_API_KEY=none"});
  const NetworkNamespace::Inside inside(*networks_.at(agent));
  agents_.at(agent) = std::make_unique<Process>(
      std::vector<std::string>{(programs / "squall-agent").string(), "--connect",
                               coordinator_endpoint, "--name", "agent-" + std::to_string(agent),
                               "--insecure", "--agents-here", std::to_string(agents_.size())},
      variables);
}

void Campaign::start() {
  start_coordinator();
  for (std::size_t i = 0; i < agents_.size(); ++i) start_agent(i);
}

void Campaign::wait_for_load(std::chrono::seconds limit) const {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (asked().empty()) {
    if (std::chrono::steady_clock::now() > until || coordinator_->wait({}) >= 0)
      throw std::runtime_error("the load did not begin:\n" + output());
    std::this_thread::sleep_for(20ms);
  }
}

std::string Campaign::output() const {
  std::string text;
  if (coordinator_) text = coordinator_->out() + coordinator_->err();
  for (std::size_t i = 0; i < agents_.size(); ++i)
    if (agents_[i]) text += "\n--- agent-" + std::to_string(i) + ":\n" + agents_[i]->err();
  return text;
}

Campaign::Ended Campaign::wait(std::chrono::seconds limit) {
  Ended ended;
  ended.exit_code = coordinator_->wait(limit);
  ended.output = output();
  const auto file = folder() / "run.json";
  if (std::filesystem::exists(file)) ended.report = nlohmann::json::parse(read_file(file));
  return ended;
}

int Campaign::wait_for_agent(std::size_t agent, std::chrono::seconds limit) {
  return agents_.at(agent)->wait(limit);
}

}  // namespace squall::tests
