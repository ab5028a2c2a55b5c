// squall-agent: joins a coordinator, drives its share of the load, streams metrics, ends.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <signal.h>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "actors/bridge/bridge_actor.hpp"
#include "actors/bridge/zmq_link.hpp"
#include "actors/tool_version.hpp"
#include "agents/agent_actor.hpp"
#include "agents/agent_journals.hpp"
#include "agents/hardware/agent_hardware.hpp"
#include "agents/load/calibration_actor.hpp"
#include "agents/load/pacer_actor.hpp"
#include "agents/load/recorder_actor.hpp"
#include "agents/models/progress_display.hpp"
#include "agents/open_files.hpp"
#include "agents/resources/resource_actor.hpp"
#include "agents/run/caps_check.hpp"
#include "agents/run/left_part.hpp"
#include "agents/targets/target_actor.hpp"
#include "agents/thread_priority.hpp"
#include "scenarios/schema/agent_label.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace {

using namespace squall;
using namespace squall::actors;
using namespace std::chrono_literals;

struct AgentOptions {
  std::string endpoint, name;
  std::vector<std::string> labels;
  std::size_t agents_here = 1;
  std::string keys, coordinator_key;
  bool insecure = false;
  AgentCaps caps;
  FabricTimes times;
  bool stay = false;
  bool quiet = false;
  std::string state;
  std::string hand_over;  // a journal
  std::string hardware_class;
  bool no_measure = false;
};

struct Left {
  int exit_code = 0;
  std::string why;
};

constexpr nanoseconds for_ever = std::chrono::hours(24 * 365 * 50);

/// Drawn anew at each start, so that a coordinator tells a restarted agent from its predecessor.
std::uint64_t fresh_epoch() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return scenarios::Random(static_cast<std::uint64_t>(since_1970.count()),
                           static_cast<std::uint64_t>(getpid()))
      .next();
}

Hello greeting(const AgentOptions& options) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return {.name = options.name.empty() ? std::string(host) + "-" + std::to_string(getpid())
                                       : options.name,
          .tool_version = std::string(tool_version),
          .host = host,
          .process_id = static_cast<std::uint64_t>(getpid()),
          .labels = options.labels,
          .caps = options.caps,
          .batches = 0};
}

void say(const AgentOptions& options, const std::string& what) {
  if (!options.quiet) std::fprintf(stderr, "squall-agent: %s\n", what.c_str());
}

/// Of a file, or the 40 characters themselves.
std::string coordinator_key(const std::string& given) {
  constexpr std::size_t z85_length = 40;
  if (given.size() == z85_length && !std::filesystem::exists(given)) return given;
  return read_public_key(given);
}

DealerSecurity security_of(const AgentOptions& options) {
  DealerSecurity security;
  security.allow_plain_anywhere = options.insecure;
  if (options.keys.empty()) return security;
  security.own = read_key_pair(options.keys);
  security.coordinator_public = coordinator_key(options.coordinator_key);
  return security;
}

std::string hand_over_command(const AgentOptions& options, const std::filesystem::path& journal) {
  return agents::hand_over_command(
      {options.endpoint, options.keys, options.coordinator_key, options.insecure}, journal);
}

/// What agents on this machine measured and no coordinator has: told once, at the start.
void tell_of_journals_left_behind(const AgentOptions& options) {
  if (options.quiet) return;
  constexpr std::size_t told = 3;
  try {
    const auto files = agents::journals_left_behind(agents::agent_journal_folder(options.state));
    if (files.empty()) return;
    say(options,
        "an agent ended here before all that it measured was acknowledged; while its run "
        "goes on or can be resumed:");
    for (std::size_t i = 0; i < std::min(told, files.size()); ++i)
      say(options, "  " + hand_over_command(options, files[i]));
    if (files.size() > told)
      say(options, "  and " + std::to_string(files.size() - told) + " more in " +
                       files.front().parent_path().string());
    say(options, "else such a file may be deleted");
  } catch (const JournalError&) {  // the run itself will say it
  }
}

void add_journal(const AgentOptions& options, agents::AgentParts& parts) {
  const auto file = std::make_shared<std::filesystem::path>();
  if (options.hand_over.empty()) {
    parts.make_journal = [file, state = options.state](const PartOpened& part) {
      const auto place = std::filesystem::absolute(
          agents::agent_journal_file(agents::agent_journal_folder(state), part));
      auto journal = create_journal(place);
      *file = place;  // it is this agent's own from here on
      return journal;
    };
  } else {
    *file = std::filesystem::absolute(options.hand_over);
    parts.hand_over = read_agent_journal(*file);
    agents::left_part(parts.hand_over);  // whatever is wrong with it is said here
    const auto open = std::make_shared<std::unique_ptr<Journal>>(continue_journal(*file));
    parts.make_journal = [open](const PartOpened&) { return std::move(*open); };
  }
  parts.on_journal_closed = [file, options](bool undelivered) {
    if (file->empty()) return;
    if (undelivered) {
      say(options,
          "what was not acknowledged is kept; to hand it over while the run goes on or "
          "can be resumed:\n  " +
              hand_over_command(options, *file));
      return;
    }
    std::error_code error;
    std::filesystem::remove(*file, error);
    file->clear();
  };
}

/// GPUs are measured on the target's thread, which takes no signals.
std::shared_ptr<agents::AgentMachine> machine_of(scenarios::HardwareFacts facts,
                                                 const AgentOptions& options,
                                                 const std::stop_source& left_already) {
  agents::HardwareWishes wishes;
  wishes.measuring = options.no_measure ? agents::Measuring::never : agents::Measuring::once;
  wishes.wait = [left_already] {
    std::this_thread::sleep_for(50ms);
    return !left_already.stop_requested();
  };
  wishes.on_measuring_gpus = [options] {
    say(options, "measures this machine's GPUs, half a second each, once until it starts anew");
  };
  return std::make_shared<agents::AgentMachine>(std::move(wishes), std::move(facts));
}

agents::AgentParts production_parts(caf::actor_system& system, std::shared_ptr<Link> link,
                                    const AgentOptions& options,
                                    std::optional<scenarios::HardwareFacts> hardware,
                                    std::promise<Left>& left) {
  const bool quiet = options.quiet;
  agents::AgentParts parts;
  parts.times = options.times;
  add_journal(options, parts);
  parts.make_bridge = [&system, link](AgentActor agent) {
    return system.spawn(bridge_actor, link, caf::actor_cast<BridgeListener>(agent),
                        Sender::coordinator);
  };
  parts.make_pacer = [&system](AgentActor agent) {
    return system.spawn(agents::pacer_actor, agent);
  };
  parts.make_recorder = [&system](AgentActor agent) {
    return system.spawn(agents::sampling_recorder_actor, agent, [&system](RecorderActor recorder) {
      return system.spawn<caf::detached>(agents::resource_actor, recorder);
    });
  };
  std::stop_source left_already;  // a download would go on when the agent leaves
  auto display = std::make_shared<agents::ProgressDisplay>(stderr, "squall-agent: ");
  const auto on_download = [quiet, display,
                            left_already](const agents::DownloadProgress& progress) {
    if (!quiet) display->show(progress, std::chrono::steady_clock::now());
    return !left_already.stop_requested();
  };
  agents::DownloadContext downloads;
  downloads.on_progress = on_download;
  downloads.may_ask = [caps = options.caps](const std::string& host) {
    return agents::may_talk_to(caps, host);
  };
  std::function<kernels::GpuSearch()> find_gpus;
  if (hardware) {
    const auto machine = machine_of(*std::move(hardware), options, left_already);
    parts.hardware = [machine] { return machine->facts(); };
    find_gpus = [machine] { return machine->find_gpus(); };
  }
  parts.make_target = [&system, agents_here = options.agents_here, downloads, find_gpus](
                          AgentActor agent, RecorderActor recorder) {
    return system.spawn(agents::target_actor, agent, recorder, agents_here, downloads, find_gpus);
  };
  parts.calibrate = [&system](AgentActor agent, scenarios::TargetKind target) {
    system.spawn(agents::calibration_actor, agent, target);
  };
  parts.on_warning = [options](const std::string& what) { say(options, "warning: " + what); };
  parts.on_news = [options](const std::string& what) { say(options, what); };
  parts.on_left = [&left, left_already](int exit_code, const std::string& why) mutable {
    left_already.request_stop();
    left.set_value({exit_code, why});
  };
  return parts;
}

/// Signals are taken by the main thread alone; threads spawned from here on inherit the mask.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// True when one came within `patience`.
bool signal_comes(const sigset_t& signals, nanoseconds patience) {
  const timespec limit{patience / 1s, (patience % 1s).count()};
  return sigtimedwait(&signals, nullptr, &limit) > 0;
}

/// Until the agent has left; tells of new troubles of its connection meanwhile, and returns the
/// last one.
std::string watch(const AgentOptions& options, const std::weak_ptr<ZmqLink>& link,
                  const AgentActor& agent, const sigset_t& signals,
                  const std::future<Left>& outcome) {
  std::string trouble;
  while (outcome.wait_for(0ms) != std::future_status::ready) {
    if (signal_comes(signals, 50ms)) caf::anon_send(agent, Interrupt{});
    const auto still_there = link.lock();
    const std::string now = still_there ? still_there->last_trouble() : trouble;
    if (now != trouble && !now.empty()) say(options, now);
    trouble = now;
  }
  return trouble;
}

/// Before anything else is measured here. None when a signal came meanwhile.
std::optional<scenarios::HardwareFacts> look_at_machine(const AgentOptions& options,
                                                        const sigset_t& signals) {
  bool interrupted = false;
  agents::HardwareWishes wishes;
  wishes.measuring = options.no_measure ? agents::Measuring::never : agents::Measuring::once;
  wishes.declared_class = options.hardware_class;
  wishes.wait = [&] { return !(interrupted = signal_comes(signals, 50ms)); };
  wishes.on_measuring = [&] {
    say(options, "measures this machine for two seconds, once until it starts anew");
  };
  auto facts = agents::hardware_here(wishes);
  if (interrupted) return std::nullopt;
  return facts;
}

/// One run, from the greeting to the end.
Left run_agent(const AgentOptions& options, const sigset_t& signals) {
  std::shared_ptr<ZmqLink> link =
      connect_dealer(options.endpoint, security_of(options));  // throws before anything has begun
  const std::weak_ptr<ZmqLink> watched = link;
  std::optional<scenarios::HardwareFacts> hardware;
  if (options.hand_over.empty()) {
    hardware = look_at_machine(options, signals);
    if (!hardware) return {130, "interrupted"};
  }
  // The actors' threads and the pacer's inherit this; the engine takes it back for its own.
  if (!agents::prefer_prompt_wakeups() && agents::wants_real_time())
    say(options,
        "no real-time priority for SQUALL_REALTIME=1; it takes root, CAP_SYS_NICE or an "
        "RTPRIO limit above 0");
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));  // no CPU when idle, quicker to wake
  // One worker: users, target and recorder hand work on without waking another thread.
  config.set("scheduler.max-threads", std::size_t{1});
  config.set("scheduler.max-throughput", std::size_t{300});
  caf::actor_system system{config};
  std::promise<Left> left;
  auto outcome = left.get_future();
  auto parts = production_parts(system, std::move(link), options, std::move(hardware), left);
  const auto agent =
      system.spawn(agents::agent_actor, greeting(options), fresh_epoch(), std::move(parts));
  const std::string trouble = watch(options, watched, agent, signals, outcome);
  Left result = outcome.get();
  if (result.exit_code == 1 && !trouble.empty()) result.why += "; " + trouble;
  return result;
}

/// Run after run, if it is to stay; else one.
int run_agents(const AgentOptions& options) {
  constexpr auto pause_after_failure = 5s;
  const sigset_t signals = block_signals();
  for (;;) {
    const Left left = run_agent(options, signals);
    if (!left.why.empty()) say(options, left.why);
    if (!options.stay || left.exit_code == 130) return left.exit_code;
    if (left.exit_code != 0 && signal_comes(signals, pause_after_failure)) return 130;
    say(options, "waits for the next run");
  }
}

// ---- the command line

nanoseconds duration_of(const std::string& text) {
  if (text == "forever") return for_ever;
  try {
    const double seconds = scenarios::parse_duration(text);
    if (seconds > 0) return nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  } catch (const scenarios::ThresholdError&) {
  }
  throw CLI::ValidationError("'" + text + "' is no duration such as 90s, 10m or 1h");
}

template <class Assign>
std::function<void(const std::string&)> duration_into(Assign assign) {
  return [assign](const std::string& text) { assign(duration_of(text)); };
}

void add_identity(CLI::App& app, AgentOptions& options) {
  app.add_option("--connect", options.endpoint,
                 "where the coordinator listens: tcp://HOST:PORT, as squall run --listen says it")
      ->required();
  app.add_option("--name", options.name, "how reports call this agent (default: host and process)");
  app.add_option("--label", options.labels,
                 "what scenarios may ask for, such as gpu or rack=a; may be repeated")
      ->check([](const std::string& label) {
        return scenarios::is_agent_label(label)
                   ? std::string()
                   : "a label has " + std::string(scenarios::agent_label_wanted);
      });
  app.add_option("--agents-here", options.agents_here, "how many agents share this machine's cores")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}

void add_security(CLI::App& app, AgentOptions& options) {
  auto* keys = app.add_option("--keys", options.keys,
                              "this agent's own pair, NAME.key of squall keys make NAME");
  auto* coordinator = app.add_option("--coordinator-key", options.coordinator_key,
                                     "the coordinator's public key: its coordinator.pub, or the 40 "
                                     "characters in it");
  keys->needs(coordinator);
  coordinator->needs(keys);
  app.add_flag("--insecure", options.insecure,
               "connect to another machine without keys: anybody between can read and change all; "
               "every report says so")
      ->excludes(keys);
}

void add_caps(CLI::App& app, AgentOptions& options) {
  constexpr const char* group = "What a scenario may ask of this agent";
  app.add_option("--max-users", options.caps.users, "users of its share, at most")
      ->check(CLI::PositiveNumber)
      ->group(group);
  app.add_option("--max-rate", options.caps.rate, "arrivals per second of its share, at most")
      ->check(CLI::PositiveNumber)
      ->group(group);
  app.add_option_function<std::string>(
         "--max-duration",
         duration_into([&options](nanoseconds duration) { options.caps.duration = duration; }),
         "warm-up and measure, at most, such as 10m")
      ->group(group);
  app.add_option("--allow-host", options.caps.hosts,
                 "the only hosts that it may talk to; may be repeated (default: any)")
      ->group(group);
}

void add_machine(CLI::App& app, AgentOptions& options) {
  constexpr const char* group = "What it tells of this machine (see squall hardware)";
  app.add_option("--hardware-class", options.hardware_class,
                 "declare the class, whatever the rules say, such as cpu-mid-range (default: "
                 "$SQUALL_HARDWARE_CLASS)")
      ->option_text("CLASS")
      ->group(group);
  app.add_flag("--no-measure", options.no_measure,
               "leave out the ceilings, which take two seconds once a start of the machine")
      ->group(group);
}

void add_patience(CLI::App& app, AgentOptions& options) {
  constexpr const char* group = "How long it waits, and what it leaves";
  app.add_option_function<std::string>(
         "--wait-for-run", duration_into([&options](nanoseconds duration) {
           options.times.greeting_patience = duration;
         }),
         "for a coordinator that takes it: 10m, forever (default: 15s)")
      ->group(group);
  app.add_option_function<std::string>(
         "--patience", duration_into([&options](nanoseconds duration) {
           options.times.agent_patience = duration;
         }),
         "for a coordinator that falls silent in the midst of a run; the load pauses after 3 s of "
         "it (default: 10m)")
      ->group(group);
  auto* stay =
      app.add_flag("--stay", options.stay, "wait for the next run after each, and for ever");
  stay->group(group);
  app.add_option("--state", options.state,
                 "folder for journals of what is not acknowledged yet (default: $SQUALL_STATE, "
                 "else ~/.local/state/squall)")
      ->group(group);
  app.add_option("--hand-over", options.hand_over,
                 "deliver the journal that an agent left behind, in its name, and end")
      ->check(CLI::ExistingFile)
      ->excludes(stay)
      ->group(group);
  app.add_flag("--quiet", options.quiet, "print nothing: the coordinator speaks for this agent")
      ->group(group);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Joins a Squall coordinator and drives its share of a load test.\n"
      "\n"
      "squall run starts agents of its own on this machine. For others:\n"
      "  squall run chat.toml --listen tcp://0.0.0.0:5555 --agents 3 --keys keys   here\n"
      "  squall agent --connect tcp://HERE:5555 --keys web1.key \\\n"
      "    --coordinator-key coordinator.pub                                       on each "
      "machine"};
  app.footer(
      "Exit codes: 0 the run is over and the coordinator has everything; 1 it failed, or fell\n"
      "silent for too long; 2 a mistake to be mended: an option, a key, a scenario beyond the\n"
      "limits; 130 interrupted (in the midst of a run, what is in flight has two seconds, and\n"
      "the rest is handed over; a second signal ends it at once). With --stay only a signal and\n"
      "a mistake in the options end it.");
  app.set_version_flag("--version", std::string(tool_version));
  AgentOptions options;
  add_identity(app, options);
  add_security(app, options);
  add_caps(app, options);
  add_machine(app, options);
  add_patience(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.stay) options.times.greeting_patience = for_ever;
  agents::raise_open_files_limit();  // each request to a server may need a connection of its own
  try {
    agents::declared_hardware_class(options.hardware_class);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "squall-agent: %s\n", error.what());
    return 2;
  }
  try {
    if (options.hand_over.empty()) tell_of_journals_left_behind(options);
    say(options, "connects to " + options.endpoint);
    return run_agents(options);
  } catch (const LinkError& error) {
    std::fprintf(stderr, "squall-agent: %s\n", error.what());
    return 2;
  } catch (const KeyError& error) {
    std::fprintf(stderr, "squall-agent: %s\n", error.what());
    return 2;
  } catch (const JournalError& error) {
    std::fprintf(stderr, "squall-agent: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall-agent: internal error: %s\n", error.what());
    return 1;
  }
}
