#include "coordinator/processes/local_agents.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <thread>

#include "coordinator/processes/child_process.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

std::string local_agent_name(std::size_t number) { return "local-" + std::to_string(number); }

LocalAgents::~LocalAgents() { wait_or_end(0ms); }

void LocalAgents::start(const LocalAgentPlan& plan) {
  const auto program = sibling_program("squall-agent").string();
  for (std::size_t number = 1; number <= plan.count; ++number) {
    const std::string name = local_agent_name(number);
    std::vector<std::string> command{program,
                                     "--connect",
                                     plan.endpoint,
                                     "--name",
                                     name,
                                     "--agents-here",
                                     std::to_string(plan.count),
                                     "--quiet"};
    const auto add = [&](std::initializer_list<std::string> words) {
      command.insert(command.end(), words);
    };
    if (!plan.pairs.empty())
      add({"--keys", plan.pairs / (name + ".key"), "--coordinator-key", plan.coordinator_key});
    if (plan.insecure) add({"--insecure"});
    for (const auto& label : plan.labels) add({"--label", label});
    if (!plan.state.empty()) add({"--state", plan.state});
    try {
      running_.push_back(start_child(std::move(command)));
    } catch (const ProcessError& error) {
      throw LocalAgentError(std::string(error.what()) +
                            "; the agent program belongs beside squall, built by the same build");
    }
  }
}

std::vector<EndedProcess> LocalAgents::reap() {
  std::vector<EndedProcess> ended;
  std::erase_if(running_, [&](pid_t child) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) return false;
    ended.push_back({static_cast<std::uint64_t>(child), describe_end(status)});
    return true;
  });
  return ended;
}

void LocalAgents::wait_or_end(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  reap();
  while (!running_.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(10ms);
    reap();
  }
  for (const pid_t child : running_) kill(child, SIGKILL);
  for (const pid_t child : running_) waitpid(child, nullptr, 0);
  running_.clear();
}

}  // namespace squall::coordinator
