// squall-simulate: runs seeds of the fabric's simulation, and tells the course of one.

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "tests/simulation/simulation.hpp"

using namespace squall::tests;

namespace {

struct Options {
  std::uint64_t seeds = 1000, from = 1;
  std::uint64_t seed = 0;  // only this one
  std::size_t agents = 0;
  bool trace = false;
  std::string plant = "none";
  unsigned jobs = 1;
};

thread_local std::uint64_t seed_of_this_thread = 0;

/// An assertion of the production code failed: which seed it was is all that is needed.
void tell_seed_and_die(int) {
  std::array<char, 96> text{};
  const int length = std::snprintf(text.data(), text.size(), "seed %llu: an assertion failed\n",
                                   static_cast<unsigned long long>(seed_of_this_thread));
  [[maybe_unused]] const auto written =
      write(STDERR_FILENO, text.data(), static_cast<std::size_t>(length));
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

Plant plant_named(const std::string& name) {
  static const std::map<std::string, Plant> plants{
      {"none", Plant::none},
      {"ack-before-journal", Plant::ack_before_journal},
      {"early-reassign", Plant::early_reassign},
      {"reset-before-send", Plant::reset_before_send}};
  return plants.at(name);
}

double in_seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void print_line(std::chrono::nanoseconds at, const std::string& who, const std::string& what) {
  std::printf("%11.6f  %-24s %s\n", in_seconds(at), who.c_str(), what.c_str());
}

void print_wrong(std::uint64_t seed, const SimulationResult& result) {
  std::printf("seed %llu, at %.6f s: broken invariant '%s': %s\n",
              static_cast<unsigned long long>(seed), in_seconds(result.wrong->at),
              result.wrong->invariant.c_str(), result.wrong->what.c_str());
}

WorldOptions world_options(const Options& options, std::uint64_t seed) {
  return {.seed = seed, .agents = options.agents, .plant = plant_named(options.plant)};
}

int run_one(const Options& options) {
  const World world = make_world(world_options(options, options.seed));
  seed_of_this_thread = options.seed;
  if (options.trace) std::printf("%s", world.scenario_text.c_str());
  const auto begun = std::chrono::steady_clock::now();
  const SimulationResult result = simulate(world, options.trace ? Course(print_line) : Course());
  if (result.wrong) print_wrong(options.seed, result);
  std::printf(
      "seed %llu: %s%s%s\n%.1f s simulated in %.2f s: %llu events, %llu frames, %llu requests, "
      "%llu checks; fingerprint %016llx\n",
      static_cast<unsigned long long>(options.seed),
      result.finished ? result.outcome.c_str() : "the coordinator never came to an end",
      result.sentence.empty() ? "" : ": ", result.sentence.c_str(), in_seconds(result.length),
      in_seconds(std::chrono::steady_clock::now() - begun),
      static_cast<unsigned long long>(result.events),
      static_cast<unsigned long long>(result.frames),
      static_cast<unsigned long long>(result.starts),
      static_cast<unsigned long long>(result.checks),
      static_cast<unsigned long long>(result.fingerprint));
  return result.wrong ? 1 : 0;
}

/// What many seeds came to, together.
struct Tally {
  std::mutex mutex;
  std::uint64_t done = 0, wrong = 0, events = 0, frames = 0, starts = 0, checks = 0;
  std::chrono::nanoseconds simulated{0};
  std::map<std::string, std::uint64_t> outcomes;

  void add(std::uint64_t seed, const SimulationResult& result, std::uint64_t of) {
    const std::lock_guard lock(mutex);
    ++done;
    events += result.events;
    frames += result.frames;
    starts += result.starts;
    checks += result.checks;
    simulated += result.length;
    ++outcomes[result.finished ? result.outcome : "no coordinator"];
    if (result.wrong) {
      ++wrong;
      if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
      print_wrong(seed, result);
      std::fflush(stdout);
    }
    if (isatty(STDERR_FILENO) != 0 && (done % 20 == 0 || done == of))
      std::fprintf(stderr, "\r%llu of %llu seeds, %llu broken%s",
                   static_cast<unsigned long long>(done), static_cast<unsigned long long>(of),
                   static_cast<unsigned long long>(wrong), done == of ? "\n" : "");
  }
};

int run_many(const Options& options) {
  Tally tally;
  std::atomic<std::uint64_t> next{options.from};
  const std::uint64_t end = options.from + options.seeds;
  const auto begun = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed < end; seed = next++) {
      seed_of_this_thread = seed;
      tally.add(seed, simulate(make_world(world_options(options, seed))), options.seeds);
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < options.jobs; ++i) workers.emplace_back(work);
  work();
  for (auto& worker : workers) worker.join();
  std::string outcomes;
  for (const auto& [name, count] : tally.outcomes)
    outcomes += (outcomes.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  std::printf(
      "%llu seeds in %.1f s, %llu broken: %s\n%.1f hours simulated: %llu events, %llu frames, "
      "%llu requests, %llu checks\n",
      static_cast<unsigned long long>(tally.done),
      in_seconds(std::chrono::steady_clock::now() - begun),
      static_cast<unsigned long long>(tally.wrong), outcomes.c_str(),
      in_seconds(tally.simulated) / 3600, static_cast<unsigned long long>(tally.events),
      static_cast<unsigned long long>(tally.frames), static_cast<unsigned long long>(tally.starts),
      static_cast<unsigned long long>(tally.checks));
  return tally.wrong > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.jobs = std::max(1u, std::thread::hardware_concurrency());
  CLI::App app{
      "Simulates coordinator, agents and targets in one process on virtual time, with faults drawn "
      "from a seed, and checks what must hold at every step. Ends with 1 if something did not."};
  app.add_option("--seeds", options.seeds, "How many seeds")->capture_default_str();
  app.add_option("--from", options.from, "The first of them")->capture_default_str();
  app.add_option("--seed", options.seed, "Only this seed");
  app.add_flag("--trace", options.trace, "With --seed: prints its whole course");
  app.add_option("--agents", options.agents, "So many agents, whatever the seed says");
  app.add_option("--jobs", options.jobs, "Seeds at the same time")->capture_default_str();
  app.add_option("--plant", options.plant, "A mistake that must be noticed")
      ->check(CLI::IsMember({"none", "ack-before-journal", "early-reassign", "reset-before-send"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, tell_seed_and_die);
  return options.seed > 0 ? run_one(options) : run_many(options);
}
