#include "tests/benchmarks/fabric/fabric_benchmark.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cstdio>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "actors/bridge/bridge_actor.hpp"
#include "actors/bridge/zmq_link.hpp"
#include "actors/journal/journal.hpp"
#include "actors/tool_version.hpp"
#include "coordinator/live/live_moment.hpp"
#include "coordinator/live/live_status.hpp"
#include "coordinator/run/run_actor.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "tests/benchmarks/fabric/process_figures.hpp"
#include "tests/fixtures/process.hpp"

namespace squall::benchmarks {

namespace {

using namespace actors;
using namespace coordinator;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto patience = 60s;         // at either end of the load
constexpr auto live_interval = 200ms;  // as squall run looks

std::string scenario_text(std::chrono::seconds length) {
  return "name = \"fabric\"\nseed = 1\nthresholds = [\"error_rate < 1%\"]\n"
         "[target]\nkind = \"simulated\"\nfirst_token = \"10ms\"\ntoken_gap = \"1ms\"\n"
         "[arrivals]\nrate = 20000.0\n[answers]\ntokens = 8\n"
         "[phases]\nwarm_up = \"0s\"\nmeasure = \"" +
         std::to_string(length.count()) + "s\"\ndrain = \"5s\"\n";
}

RunRecord new_record(std::chrono::seconds length) {
  RunRecord record;
  record.id = "benchmark";
  record.tool_version = tool_version;
  record.scenario_text = scenario_text(length);
  record.scenario_file = "fabric.toml";
  record.scenario = scenarios::parse_scenario(record.scenario_text, record.scenario_file);
  return record;
}

/// A pair of keys for each agent: trusted by the coordinator, and in a file for the agents.
std::vector<KnownKey> deal_keys(std::size_t agents, const std::filesystem::path& file) {
  std::vector<KnownKey> trusted;
  std::ofstream pairs(file);
  for (std::size_t i = 0; i < agents; ++i) {
    const KeyPair pair = make_key_pair();
    pairs << pair.public_key << ' ' << pair.secret_key << '\n';
    trusted.push_back({"light-" + std::to_string(i), pair.public_key});
  }
  return trusted;
}

/// What the run looks like from its own thread, at each tick.
struct Moment {
  bool loading = false;
  nanoseconds elapsed{0};
  std::uint64_t issued = 0, batches = 0;
  nanoseconds live_at{0};  // the second that a live view would show
  std::size_t alive = 0;
  std::size_t looks = 0;  // that a live view took …
  double look_cpu = 0;    // … and the CPU seconds that they cost
};

class Coordinator {
 public:
  Coordinator(const FabricOptions& options, const std::filesystem::path& folder) {
    RouterSecurity security;
    if (options.keys) {
      make_coordinator_key(folder / "keys");
      security = {folder / "keys", false, deal_keys(options.agents, folder / "pairs")};
    }
    link_ = bind_router("tcp://127.0.0.1:*", security);
    config_.set("scheduler.policy", caf::atom("sharing"));
    config_.set("scheduler.max-threads", std::size_t{1});
    config_.set("scheduler.max-throughput", std::size_t{300});
    system_ = std::make_unique<caf::actor_system>(config_);
    run_ = system_->spawn(run_actor, parts(options, folder));
  }
  ~Coordinator() {
    caf::anon_send(run_, EndActors{});
    run_ = RunActor{};
    system_.reset();
  }
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  const std::string& endpoint() const { return link_->endpoint(); }
  LinkCounters counters() const { return link_->counters(); }
  std::future<RunRecord> outcome() { return finished_.get_future(); }
  Moment moment() const {
    const std::lock_guard lock(mutex_);
    return moment_;
  }

 private:
  RunActorParts parts(const FabricOptions& options, const std::filesystem::path& folder) {
    RunActorParts parts;
    parts.make_phases = [&options](Instant now) {
      return RunPhases(new_record(options.length), Gathering{.agents = options.agents}, {}, now);
    };
    parts.make_journal = [folder] { return create_journal(folder / "journal"); };
    parts.make_bridge = [this](RunActor run) {
      return system_->spawn(bridge_actor, std::shared_ptr<Link>(link_),
                            caf::actor_cast<BridgeListener>(run), Sender::agent);
    };
    parts.on_progress = [this](const RunPhases& phases, Instant now) { look(phases, now); };
    parts.on_finished = [this](RunRecord record, bool) { finished_.set_value(std::move(record)); };
    return parts;
  }

  void look(const RunPhases& phases, Instant now) {
    Moment seen;
    seen.elapsed = phases.elapsed(now);
    seen.loading = phases.stage(now) > RunStage::starting && seen.elapsed > 0s;
    seen.issued = phases.record().timeline.total(Phase::measure).ledger.issued;
    if (const auto point = phases.record().timeline.newest_complete_point())
      seen.live_at = point->at + 1s;
    for (const auto& agent : phases.record().agents) {
      seen.alive += agent.lost ? 0 : 1;
      seen.batches += agent.batches;
    }
    if (now - looked_ >= live_interval) {
      looked_ = now;
      const double before = cpu_seconds(RUSAGE_THREAD);
      live_.look(phases.record(), live_moment(phases, now), now);
      look_cpu_ += cpu_seconds(RUSAGE_THREAD) - before;
      ++looks_;
    }
    seen.looks = looks_;
    seen.look_cpu = look_cpu_;
    const std::lock_guard lock(mutex_);
    moment_ = seen;
  }

  std::shared_ptr<ZmqLink> link_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::promise<RunRecord> finished_;
  LiveStatusSource live_;
  Instant looked_;
  std::size_t looks_ = 0;
  double look_cpu_ = 0;
  mutable std::mutex mutex_;  // guards moment_
  Moment moment_;
  RunActor run_;
};

struct Reported {
  std::uint64_t batches = 0, requests = 0, resent = 0, unfinished = 0;
};

class Children {
 public:
  Children(const FabricOptions& options, const Coordinator& coordinator,
           const std::filesystem::path& folder) {
    for (std::size_t i = 0; i < options.processes; ++i) {
      const std::size_t first = options.agents * i / options.processes;
      const std::size_t next = options.agents * (i + 1) / options.processes;
      std::vector<std::string> command{"/proc/self/exe",
                                       "--light-agents",
                                       std::to_string(next - first),
                                       "--first",
                                       std::to_string(first),
                                       "--agents",
                                       std::to_string(options.agents),
                                       "--reports",
                                       std::to_string(options.reports_per_second),
                                       "--seconds",
                                       std::to_string(options.length.count()),
                                       "--connect",
                                       coordinator.endpoint()};
      if (options.keys) {
        command.insert(command.end(), {"--pairs", (folder / "pairs").string(), "--coordinator-key",
                                       read_public_key(folder / "keys" / "coordinator.pub")});
      }
      processes_.push_back(std::make_unique<tests::Process>(std::move(command)));
    }
  }

  bool working() {
    return std::any_of(processes_.begin(), processes_.end(),
                       [](const auto& each) { return each->wait(0ms) == -1; });
  }

  Reported wait() {
    Reported sum;
    for (const auto& each : processes_) {
      each->wait(patience);
      std::istringstream told(each->out());
      std::string word;
      Reported one;
      if (told >> word >> one.batches >> one.requests >> one.resent >> one.unfinished &&
          word == "REPORTED") {
        sum.batches += one.batches;
        sum.requests += one.requests;
        sum.resent += one.resent;
        sum.unfinished += one.unfinished;
      } else {
        std::printf("agents failed: %s%s\n", each->out().c_str(), each->err().c_str());
      }
    }
    return sum;
  }

 private:
  std::vector<std::unique_ptr<tests::Process>> processes_;
};

struct Course {
  double seconds = 0, cpu = 0;              // between the first and the last sample
  std::vector<std::size_t> memory;          // each second
  std::map<std::string, double> threads;    // CPU seconds, likewise
  nanoseconds furthest_behind{0};           // the live view
  std::size_t looks = 0;                    // of the live view …
  double look_cpu = 0;                      // … and the CPU seconds that making it cost
  std::uint64_t requests = 0, batches = 0;  // that the coordinator came to know of …
  nanoseconds between{1};                   // … in this time, on its clock
};

/// Looks once a second from two seconds after the start until one second before the plan's end.
Course observe(const Coordinator& coordinator, const FabricOptions& options, Children& children) {
  Course course;
  while (coordinator.moment().elapsed < 2s && children.working()) std::this_thread::sleep_for(50ms);
  const auto begun = Clock::now();
  const double cpu = cpu_seconds();
  const auto threads = cpu_by_thread();
  const Moment first = coordinator.moment();
  while (coordinator.moment().elapsed < options.length - 1s && children.working()) {
    std::this_thread::sleep_for(1s);
    const Moment moment = coordinator.moment();
    course.memory.push_back(resident_bytes());
    course.furthest_behind = std::max(course.furthest_behind, moment.elapsed - moment.live_at);
  }
  const Moment last = coordinator.moment();
  course.requests = last.issued - first.issued;
  course.batches = last.batches - first.batches;
  course.looks = last.looks - first.looks;
  course.look_cpu = last.look_cpu - first.look_cpu;
  course.between = last.elapsed - first.elapsed;
  course.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  course.cpu = cpu_seconds() - cpu;
  for (const auto& [thread, seconds] : cpu_by_thread()) {
    const auto before = threads.find(thread);
    course.threads[thread] = seconds - (before == threads.end() ? 0 : before->second);
  }
  return course;
}

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / 1048576; }

void print(const Course& course) {
  const double seconds = std::chrono::duration<double>(course.between).count();
  std::printf("  coordinator: %.2f cores, %.1f us a report (%.0f reports/s)\n",
              course.cpu / course.seconds, course.cpu / static_cast<double>(course.batches) * 1e6,
              static_cast<double>(course.batches) / seconds);
  for (const auto& [thread, cpu] : course.threads)
    if (cpu / course.seconds > 0.005)
      std::printf("    %-24s %.2f cores\n", thread.c_str(), cpu / course.seconds);
  if (!course.memory.empty())
    std::printf(
        "  memory: %.0f MiB first, %.0f MiB in the middle, %.0f MiB last, %.0f MiB at most\n",
        mebibytes(course.memory.front()), mebibytes(course.memory[course.memory.size() / 2]),
        mebibytes(course.memory.back()),
        mebibytes(*std::max_element(course.memory.begin(), course.memory.end())));
  std::printf(
      "  live view: %.1f s behind at most, %.2f %% of a core (%.2f ms a look); %.0f "
      "requests/s\n",
      std::chrono::duration<double>(course.furthest_behind).count(),
      100 * course.look_cpu / seconds,
      1e3 * course.look_cpu / static_cast<double>(std::max<std::size_t>(course.looks, 1)),
      static_cast<double>(course.requests) / seconds);
}

}  // namespace

bool bench_fabric(const FabricOptions& options) {
  tests::TemporaryFolder temporary;
  const std::filesystem::path folder =
      options.folder.empty() ? temporary.path() : std::filesystem::path(options.folder);
  std::printf("%zu agents in %zu processes, %.0f reports/s each, %lld s, %s\n", options.agents,
              options.processes, options.reports_per_second,
              static_cast<long long>(options.length.count()), options.keys ? "CURVE" : "plain");
  std::fflush(stdout);
  Coordinator coordinator(options, folder);
  auto outcome = coordinator.outcome();
  Children children(options, coordinator, folder);
  const Course course = observe(coordinator, options, children);
  const Reported reported = children.wait();
  if (outcome.wait_for(patience) != std::future_status::ready) {
    std::printf("  the run did not end\n");
    return false;
  }
  const RunRecord record = outcome.get();
  print(course);
  std::uint64_t batches = 0, lost = 0, sealed = 0;
  for (const auto& agent : record.agents) {
    batches += agent.batches;
    lost += agent.lost ? 1 : 0;
    sealed += agent.sealed ? 1 : 0;
  }
  const std::uint64_t issued = record.timeline.total(Phase::measure).ledger.issued;
  const LinkCounters counters = coordinator.counters();
  std::error_code ignored;
  std::printf("  reported: %llu batches of %llu requests (%llu resent); counted: %llu of %llu\n",
              static_cast<unsigned long long>(reported.batches),
              static_cast<unsigned long long>(reported.requests),
              static_cast<unsigned long long>(reported.resent),
              static_cast<unsigned long long>(batches), static_cast<unsigned long long>(issued));
  std::printf(
      "  agents: %zu, lost %llu, sealed %llu; journal %.0f MiB; undeliverable %llu, flooded "
      "%llu, protocol errors %llu%s%s\n",
      record.agents.size(), static_cast<unsigned long long>(lost),
      static_cast<unsigned long long>(sealed),
      mebibytes(std::filesystem::file_size(folder / "journal", ignored)),
      static_cast<unsigned long long>(counters.undeliverable),
      static_cast<unsigned long long>(counters.flooded),
      static_cast<unsigned long long>(record.protocol_errors), record.broken ? "; broken: " : "",
      record.broken.value_or("").c_str());
  const bool exact = batches == reported.batches && issued == reported.requests && lost == 0 &&
                     sealed == options.agents && !record.broken;
  std::printf("  %s\n\n", exact ? "exact: all that was reported was counted, once" : "NOT EXACT");
  std::fflush(stdout);
  return exact;
}

}  // namespace squall::benchmarks
