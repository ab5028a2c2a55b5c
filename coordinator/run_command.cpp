#include "coordinator/run_command.hpp"

#include <algorithm>
#include <array>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <optional>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "actors/bridge/bridge_actor.hpp"
#include "actors/bridge/zmq_link.hpp"
#include "actors/tool_version.hpp"
#include "coordinator/live/live_view.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/local_agents.hpp"
#include "coordinator/report/json_report.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/report/run_warnings.hpp"
#include "coordinator/report/text_summary.hpp"
#include "coordinator/run/run_actor.hpp"
#include "scenarios/load/random.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

/// FNV-1a (Fowler, Noll, Vo), 64 bits: names a text in reports; not a signature.
std::string hash_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 1099511628211ULL;
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

std::string wall_clock(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), format, &utc);
  return text.data();
}

RunRecord new_record(const std::string& file, std::string text) {
  RunRecord record;
  record.scenario = scenarios::parse_scenario(text, file);
  record.scenario_hash = hash_of(text);
  record.scenario_text = std::move(text);
  record.scenario_file = std::filesystem::absolute(file).string();
  record.tool_version = tool_version;
  record.started_at = wall_clock("%Y-%m-%dT%H:%M:%SZ");
  record.id = wall_clock("%Y%m%d-%H%M%S-") + std::to_string(getpid());
  return record;
}

/// A file that appears only when it is whole: written beside its place, moved there at the end.
/// Opened before the run, so that an hour of measuring is not lost to a mistyped path.
class JsonFile {
 public:
  explicit JsonFile(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    // A device or a pipe, such as /dev/stdout, is written to as it is.
    std::error_code ignored;
    const bool ordinary = !std::filesystem::exists(path_, ignored) ||
                          std::filesystem::is_regular_file(path_, ignored);
    partial_ = ordinary ? path_ + ".partial" : path_;
    file_.open(partial_, std::ios::binary);
    if (!file_)
      throw UsageError("cannot write " + path_ + ": " + std::strerror(errno) +
                       "; --json needs a path in a folder that exists and may be written to");
  }
  ~JsonFile() {
    std::error_code ignored;
    if (partial_ != path_) std::filesystem::remove(partial_, ignored);
  }
  JsonFile(const JsonFile&) = delete;
  JsonFile& operator=(const JsonFile&) = delete;

  bool wanted() const { return !path_.empty(); }
  /// False, with a message, when the disk would not take it.
  bool write(const std::string& text) {
    file_ << text << '\n';
    file_.close();
    std::error_code error;
    if (file_ && partial_ != path_) std::filesystem::rename(partial_, path_, error);
    if (file_ && !error) return true;
    std::fprintf(stderr, "squall: %s was not written: %s; make room or name another place\n",
                 path_.c_str(), error ? error.message().c_str() : std::strerror(errno));
    return false;
  }

 private:
  std::string path_, partial_;
  std::ofstream file_;
};

sigset_t blocked_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

struct Ended {
  RunRecord record;
  bool broken_by_user = false;
};

/// The run as the main thread sees it: it watches signals and child processes, and shows progress.
class Conduct {
 public:
  Conduct(const RunOptions& options, RunRecord record)
      : options_(options), scenario_(record.scenario), signals_(blocked_signals()) {
    auto link = bind_router(options.listen);
    endpoint_ = link->endpoint();
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{1});
    config_.set("scheduler.max-throughput", std::size_t{300});
    system_ = std::make_unique<caf::actor_system>(config_);
    spawn_run(std::shared_ptr<Link>(std::move(link)), std::move(record));
  }

  ~Conduct() {
    caf::anon_send(run_, EndActors{});
    run_ = RunActor{};
    system_.reset();  // waits for the actors, which use what is declared after it
  }
  Conduct(const Conduct&) = delete;
  Conduct& operator=(const Conduct&) = delete;

  Ended wait() {
    auto outcome = finished_.get_future();
    local_agents_.start(options_.agents, endpoint_);
    Terminal terminal(stderr);
    while (outcome.wait_for(0ms) != std::future_status::ready) {
      watch_signals(terminal);
      for (const auto& ended : local_agents_.reap())
        caf::anon_send(run_, ProcessEnded{ended.process_id, ended.how});
      if (const auto status = newest_status()) terminal.show(*status);
    }
    terminal.finish();
    local_agents_.wait_or_end(3s);
    return outcome.get();
  }

 private:
  void spawn_run(const std::shared_ptr<Link>& link, RunRecord record) {
    RunActorParts parts;
    // By reference: actors begin on their own threads, perhaps when system_ is being let go
    // already.
    parts.make_bridge = [&system = *system_, link](RunActor run) {
      return system.spawn(bridge_actor, link, caf::actor_cast<BridgeListener>(run), Sender::agent);
    };
    parts.on_progress = [this](const RunPhases& phases, Instant now) {
      auto status = live_status(phases, now);
      const std::lock_guard lock(mutex_);
      status_ = std::move(status);
    };
    parts.on_finished = [this](RunRecord done, bool broken_by_user) {
      finished_.set_value({std::move(done), broken_by_user});
    };
    run_ = system_->spawn(run_actor, std::move(record), options_.agents, std::move(parts));
  }

  void watch_signals(Terminal& terminal) {
    const timespec patience{0, 50'000'000};
    if (sigtimedwait(&signals_, nullptr, &patience) <= 0) return;
    if (interrupted_) {  // asked twice: end at once
      local_agents_.wait_or_end(0ms);
      terminal.finish();
      _exit(130);
    }
    interrupted_ = true;
    std::fprintf(stderr, "\ninterrupted: draining briefly (again to end at once)\n");
    caf::anon_send(run_, Interrupt{});
  }

  std::optional<LiveStatus> newest_status() {
    const std::lock_guard lock(mutex_);
    return std::exchange(status_, std::nullopt);
  }

  LiveStatus live_status(const RunPhases& phases, Instant now) const {
    LiveMoment moment;
    moment.stage = phases.stage(now);
    moment.elapsed = phases.elapsed(now);
    moment.agents_wanted = phases.roster().wanted();
    std::vector<const AgentRecord*> agents;
    for (const auto& agent : phases.roster().entries()) {
      agents.push_back(&agent.record);
      moment.agent_names.push_back(agent.record.hello.name);
      moment.agents_alive += agent.alive() ? 1 : 0;
      moment.synthetic_model |= agent.record.ready && agent.record.ready->model_is_synthetic;
    }
    moment.simulated_target = is_simulated(scenario_, agents);
    if (moment.stage > RunStage::preparing) moment.warnings = run_warnings(agents);
    return make_live_status(scenario_, phases.record().timeline, moment);
  }

  const RunOptions& options_;
  scenarios::Scenario scenario_;
  sigset_t signals_;
  std::string endpoint_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  LocalAgents local_agents_;
  std::promise<Ended> finished_;
  RunActor run_;
  bool interrupted_ = false;
  std::mutex mutex_;  // guards status_, which crosses from the actor's thread
  std::optional<LiveStatus> status_;
};

/// Of a terminal, within what tables need and what is easy to read; of a file or a pipe, 100.
std::size_t summary_width(std::FILE* stream) {
  if (isatty(fileno(stream)) != 1) return 100;
  return std::clamp<std::size_t>(terminal_width(stream), 60, 120);
}

int report(const Ended& ended, JsonFile& json) {
  const RunRecord& record = ended.record;
  if (!record.began) {
    if (record.interrupted) {
      std::fprintf(stderr, "squall: %s\n", record.broken.value_or("interrupted").c_str());
      return 130;
    }
    std::fprintf(stderr, "squall: %s\n", record.broken.value_or("the run did not begin").c_str());
    return ended.broken_by_user ? 2 : 1;
  }
  const RunReport made = make_run_report(record);
  const std::string text =
      text_summary(made, {.colour = colour_wanted(stdout), .width = summary_width(stdout)});
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (json.wanted() && !json.write(json_report(made, record))) return 1;
  return made.verdict.exit_code;
}

}  // namespace

std::string read_scenario(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw UsageError(path + " is a directory; name a scenario file");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw UsageError("cannot read scenario " + path + ": " + std::strerror(errno) +
                     "; scenarios/ has ready-made ones");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int run_command(const RunOptions& options) {
  RunRecord record = new_record(options.scenario, read_scenario(options.scenario));
  JsonFile json(options.json);
  const Ended ended = Conduct(options, std::move(record)).wait();
  return report(ended, json);
}

int validate_command(const std::string& scenario) {
  const auto parsed = scenarios::parse_scenario(read_scenario(scenario), scenario);
  std::printf("%s: scenario '%s' is valid\n", scenario.c_str(), parsed.name.c_str());
  return 0;
}

}  // namespace squall::coordinator
