// squall-agent: joins a coordinator, drives its share of the load, streams metrics, ends.

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <future>
#include <memory>
#include <signal.h>
#include <stop_token>
#include <string>
#include <unistd.h>

#include "actors/bridge/bridge_actor.hpp"
#include "actors/bridge/zmq_link.hpp"
#include "actors/tool_version.hpp"
#include "agents/agent_actor.hpp"
#include "agents/load/calibration_actor.hpp"
#include "agents/load/pacer_actor.hpp"
#include "agents/load/recorder_actor.hpp"
#include "agents/models/progress_display.hpp"
#include "agents/open_files.hpp"
#include "agents/targets/target_actor.hpp"
#include "agents/thread_priority.hpp"

namespace {

using namespace squall;
using namespace squall::actors;
using namespace std::chrono_literals;

struct Left {
  int exit_code = 0;
  std::string why;
};

/// Drawn anew at each start, so that a coordinator tells a restarted agent from its predecessor.
std::uint64_t fresh_epoch() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return scenarios::Random(static_cast<std::uint64_t>(since_1970.count()),
                           static_cast<std::uint64_t>(getpid()))
      .next();
}

Hello greeting(const std::string& name) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return {name.empty() ? std::string(host) + "-" + std::to_string(getpid()) : name,
          std::string(tool_version), host, static_cast<std::uint64_t>(getpid())};
}

agents::AgentParts production_parts(caf::actor_system& system, std::shared_ptr<Link> link,
                                    std::size_t agents_here, bool quiet, std::promise<Left>& left) {
  agents::AgentParts parts;
  parts.make_bridge = [&system, link](AgentActor agent) {
    return system.spawn(bridge_actor, link, caf::actor_cast<BridgeListener>(agent),
                        Sender::coordinator);
  };
  parts.make_pacer = [&system](AgentActor agent) {
    return system.spawn(agents::pacer_actor, agent);
  };
  parts.make_recorder = [&system](AgentActor agent) {
    return system.spawn(agents::recorder_actor, agent);
  };
  std::stop_source left_already;  // a download would go on when the agent leaves
  auto display = std::make_shared<agents::ProgressDisplay>(stderr, "squall-agent: ");
  const auto on_download = [quiet, display,
                            left_already](const agents::DownloadProgress& progress) {
    if (!quiet) display->show(progress, std::chrono::steady_clock::now());
    return !left_already.stop_requested();
  };
  parts.make_target = [&system, agents_here, on_download](AgentActor agent,
                                                          RecorderActor recorder) {
    return system.spawn(agents::target_actor, agent, recorder, agents_here, on_download);
  };
  parts.calibrate = [&system](AgentActor agent, scenarios::TargetKind target) {
    system.spawn(agents::calibration_actor, agent, target);
  };
  parts.on_warning = [quiet](const std::string& what) {
    if (!quiet) std::fprintf(stderr, "squall-agent: warning: %s\n", what.c_str());
  };
  parts.on_left = [&left, left_already](int exit_code, const std::string& why) mutable {
    left_already.request_stop();
    left.set_value({exit_code, why});
  };
  return parts;
}

Left run_agent(const std::string& endpoint, const std::string& name, std::size_t agents_here,
               bool quiet) {
  std::shared_ptr<Link> link = connect_dealer(endpoint);  // throws before anything has begun
  // Signals are taken by this thread alone; those spawned from here on inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  // The actors' threads and the pacer's inherit this; the engine takes it back for its own.
  if (!agents::prefer_prompt_wakeups() && agents::wants_real_time() && !quiet)
    std::fprintf(stderr,
                 "squall-agent: no real-time priority for SQUALL_REALTIME=1; it takes root, "
                 "CAP_SYS_NICE or an RTPRIO limit above 0\n");
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));  // no CPU when idle, quicker to wake
  // One worker: users, target and recorder hand work on without waking another thread.
  config.set("scheduler.max-threads", std::size_t{1});
  config.set("scheduler.max-throughput", std::size_t{300});
  caf::actor_system system{config};
  std::promise<Left> left;
  auto outcome = left.get_future();
  const auto agent =
      system.spawn(agents::agent_actor, greeting(name), fresh_epoch(),
                   production_parts(system, std::move(link), agents_here, quiet, left));
  while (outcome.wait_for(0ms) != std::future_status::ready) {
    const timespec patience{0, 50'000'000};
    if (sigtimedwait(&signals, nullptr, &patience) > 0) caf::anon_send(agent, Interrupt{});
  }
  return outcome.get();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Joins a Squall coordinator and drives its share of a load test.\n"
      "`squall run` starts local agents by itself, and for now takes no others."};
  app.set_version_flag("--version", std::string(tool_version));
  std::string endpoint;
  std::string name;
  std::size_t agents_here = 1;
  bool quiet = false;
  app.add_option("--connect", endpoint, "where the coordinator listens: tcp://127.0.0.1:PORT")
      ->required();
  app.add_option("--name", name, "how reports call this agent (default: host and process)");
  app.add_option("--agents-here", agents_here, "how many agents share this machine's cores")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_flag("--quiet", quiet, "print nothing: the coordinator speaks for this agent");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  agents::raise_open_files_limit();  // each request to a server may need a connection of its own
  try {
    const Left left = run_agent(endpoint, name, agents_here, quiet);
    if (!left.why.empty() && !quiet) std::fprintf(stderr, "squall-agent: %s\n", left.why.c_str());
    return left.exit_code;
  } catch (const LinkError& error) {
    std::fprintf(stderr, "squall-agent: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall-agent: internal error: %s\n", error.what());
    return 1;
  }
}
